"""Smaller steps when nothing gets better."""

from __future__ import annotations

from typing import Any

from foldgate._checks import numbers
from foldgate.callbacks._monitor import MonitorCallback


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by a factor when a result has not become better for some epochs.

    Args:
      monitor: the name of the result. Defaults to "val_loss".
      factor: below 1. Defaults to 0.1.
      patience: how many epochs may pass. Defaults to 10.
      verbose: whether to say so.
      mode: `"min"`, `"max"` or `"auto"`.
      min_delta: by how much it must become better. Defaults to 1e-4.
      cooldown: how many epochs do not count after a reduction.
      min_lr: where the reductions end.

    Raises:
      ValueError: `factor` is not below 1, or `mode` is another word.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
      >>> model.compile(keras.optimizers.SGD(1e-8), "mse")
      >>> reduce = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1)
      >>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=3, verbose=0, callbacks=[reduce])
      >>> float(model.optimizer.learning_rate)
      2.5e-09
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        numbers(self, "[0, 1)", factor=factor)
        numbers(self, "[0, inf]", patience=patience, cooldown=cooldown)
        numbers(self, "[0, inf)", min_lr=min_lr)
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self.best, self.wait, self.cooldown_counter = None, 0, 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = {} if logs is None else logs
        optimizer = self.model.optimizer
        logs["learning_rate"] = float(optimizer.learning_rate)
        value = self._value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_better(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            old = float(optimizer.learning_rate)
            if self.wait >= self.patience and old > self.min_lr:
                new = max(old * self.factor, self.min_lr)
                optimizer.learning_rate = new
                if self.verbose:
                    print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
                self.cooldown_counter, self.wait = self.cooldown, 0
