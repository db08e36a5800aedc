"""Stopping when nothing gets better."""

from __future__ import annotations

import warnings
from typing import Any

from foldgate._checks import numbers
from foldgate.callbacks._monitor import MonitorCallback


class EarlyStopping(MonitorCallback):
    """Stops the training when a result has not become better for some epochs.

    Args:
      monitor: the name of the result. Defaults to "val_loss".
      min_delta: by how much it must become better. Defaults to 0.
      patience: how many epochs may pass without it. Defaults to 0.
      verbose: whether to say when it stops.
      mode: `"min"`, `"max"` or `"auto"`.
      baseline: None, or what the result must be better than.
      restore_best_weights: whether the model gets the weights of its best epoch back.
      start_from_epoch: the first epoch that counts.

    Raises:
      ValueError: `mode` is another word.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
      >>> model.compile(keras.optimizers.SGD(0.0), "mse")
      >>> stop = keras.callbacks.EarlyStopping("loss", patience=2)
      >>> history = model.fit(np.ones((4, 1)), np.ones(4), epochs=9, verbose=0, callbacks=[stop])
      >>> len(history.epoch), stop.stopped_epoch
      (3, 2)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        numbers(self, "[0, inf]", patience=patience, start_from_epoch=start_from_epoch)
        numbers(self, "[-inf, inf]", or_none=True, baseline=baseline)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        value = self._value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._is_better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._is_better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
        elif self.restore_best_weights:
            warnings.warn("EarlyStopping: there are no best weights to restore", stacklevel=2)
