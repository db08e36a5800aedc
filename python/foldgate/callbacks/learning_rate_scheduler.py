"""A learning rate of every epoch's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from foldgate._checks import functions
from foldgate.callbacks.callback import Callback


class LearningRateScheduler(Callback):
    """Sets the learning rate before every epoch.

    Args:
      schedule: a function of the epoch, from 0 up, and the present rate, which gives the new one.
      verbose: whether to say so.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
      >>> model.compile(keras.optimizers.SGD(1.0), "mse")
      >>> halves = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
      >>> history = model.fit(np.ones((4, 1)), np.zeros(4), epochs=2, verbose=0, callbacks=[halves])
      >>> history.history["learning_rate"]
      [0.5, 0.25]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        functions(self, schedule=schedule)
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        now = float(self.model.optimizer.learning_rate)
        try:
            takes_rate = len(inspect.signature(self.schedule).parameters) > 1
        except (TypeError, ValueError):
            takes_rate = False
        rate = self.schedule(epoch, now) if takes_rate else self.schedule(epoch)
        try:
            found = float(rate)
        except (TypeError, ValueError):
            raise ValueError(
                f"LearningRateScheduler: schedule gave {rate!r} for epoch {epoch}; expected a number"
            ) from None
        self.model.optimizer.learning_rate = found
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {found}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
