"""Saving a model while it is trained."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from foldgate._checks import path
from foldgate.callbacks._monitor import MonitorCallback


class ModelCheckpoint(MonitorCallback):
    """Saves the model or its weights after epochs, or after batches.

    Args:
      filepath: ends in `.keras`, or in `.weights.h5` with `save_weights_only`; `{epoch:02d}` and the names of
        results, such as `{val_loss:.2f}`, are filled in.
      monitor: the name of the result that says which is best. Defaults to "val_loss".
      verbose: whether to say what is saved.
      save_best_only: whether only a model that is better than all before is saved.
      save_weights_only: whether only the weights are saved.
      mode: `"min"`, `"max"` or `"auto"`.
      save_freq: `"epoch"`, or the number of batches from one to the next.
      initial_value_threshold: None, or what the result must be better than.

    Raises:
      ValueError: an argument is none of these.

    Example:
      >>> from foldgate import callbacks
      >>> callbacks.ModelCheckpoint("best.keras", save_best_only=True).monitor
      'val_loss'
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = path(self, filepath=filepath)
        endings = (".weights.h5", ".safetensors") if save_weights_only else (".keras",)
        if not self.filepath.endswith(endings):
            raise ValueError(f"ModelCheckpoint: filepath is {self.filepath!r}; expected an ending {endings}")
        if save_freq != "epoch" and (type(save_freq) is not int or save_freq < 1):
            raise ValueError(f"ModelCheckpoint: save_freq is {save_freq!r}; expected 'epoch' or an int")
        self.verbose, self.save_freq = verbose, save_freq
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self._batches = self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if isinstance(self.save_freq, int):
            self._batches += 1
            if self._batches % self.save_freq == 0:
                self._save(self._epoch, logs, batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, logs)

    def _save(self, epoch: int, logs: Any, batch: int = 0) -> None:
        if self.save_best_only:
            value = self._value(logs)
            if value is not None:
                if not self._is_better(value, self.best):
                    return
                self.best = value
        path = self._path(epoch, batch, logs or {})
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: saving model to {path}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _path(self, epoch: int, batch: int, logs: dict[str, Any]) -> str:
        try:
            return self.filepath.format(epoch=epoch + 1, batch=batch + 1, **logs)
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: filepath names {error}; expected one of {sorted(logs)}"
            ) from None
