"""Results as a table in a file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np

from foldgate._checks import path
from foldgate.callbacks.callback import Callback


class CSVLogger(Callback):
    """Writes the results of every epoch as a row of a file.

    Args:
      filename: of the file.
      separator: between columns. Defaults to ",".
      append: whether rows are added to a file that is there.

    Example:
      >>> import tempfile
      >>> from pathlib import Path
      >>> from foldgate import callbacks
      >>> with tempfile.TemporaryDirectory() as folder:
      ...   log = callbacks.CSVLogger(Path(folder) / "log.csv")
      ...   log.on_train_begin()
      ...   log.on_epoch_end(0, {"loss": 2.0})
      ...   log.on_train_end()
      ...   print((Path(folder) / "log.csv").read_text().split())
      ['epoch,loss,val_loss', '0,2.0,NA']
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"CSVLogger: separator is {separator!r}; expected one character")
        self.filename, self.separator, self.append = path(self, filename=filename), separator, append
        self._keys: list[str] | None = None
        self._file: Any = None
        self._header = True

    def on_train_begin(self, logs: Any = None) -> None:
        path = Path(self.filename)
        self._header = not (self.append and path.exists() and path.stat().st_size)
        self._keys = None
        self._file = path.open("a" if self.append else "w", newline="")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        if self._keys is None:
            self._keys = sorted(logs)
            if not any(name.startswith("val_") for name in self._keys):  # epochs to come may be evaluated
                self._keys += [f"val_{name}" for name in self._keys if name != "learning_rate"]
            if self._header:
                self._write(["epoch", *self._keys])
        self._write([epoch, *(_cell(logs.get(name, "NA")) for name in self._keys)])

    def _write(self, row: list[Any]) -> None:
        csv.writer(self._file, delimiter=self.separator, lineterminator="\n").writerow(row)
        self._file.flush()

    def on_train_end(self, logs: Any = None) -> None:
        self._file.close()
        self._file = None


def _cell(value: Any) -> Any:
    return value if isinstance(value, str) or np.ndim(value) == 0 else f'"[{", ".join(map(str, value))}]"'
