"""Stopping at a loss that is no number."""

from __future__ import annotations

import math
from typing import Any

from foldgate.callbacks.callback import Callback


class TerminateOnNaN(Callback):
    """Stops the training when the loss of a batch is NaN or infinite.

    Args:
      raise_error: whether to raise a RuntimeError rather than to stop and say so.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
      >>> model.compile("sgd", "mse")
      >>> stop = keras.callbacks.TerminateOnNaN()
      >>> history = model.fit(np.ones((4, 1)), np.full(4, np.nan), epochs=9, verbose=0, callbacks=[stop])
      Batch 0: the loss is nan; terminating training
      >>> len(history.epoch)
      1
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(float(loss)):
            if self.raise_error:
                raise RuntimeError(f"TerminateOnNaN: the loss is {float(loss)} at batch {batch}")
            print(f"Batch {batch}: the loss is {float(loss)}; terminating training")
            self.model.stop_training = True
