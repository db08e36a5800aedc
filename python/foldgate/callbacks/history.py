"""What the epochs of a training gave."""

from __future__ import annotations

from typing import Any

from foldgate.callbacks.callback import Callback


class History(Callback):
    """Keeps the results of every epoch; `fit` returns one.

    `history` has a list of values by name, `epoch` the epochs' numbers.

    Example:
      >>> from foldgate import callbacks
      >>> history = callbacks.History()
      >>> history.on_train_begin()
      >>> history.on_epoch_end(0, {"loss": 2.0})
      >>> history.history
      {'loss': [2.0]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch, self.history = [], {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
