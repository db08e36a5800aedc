"""Averages of weights for evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.callbacks.callback import Callback


class SwapEMAWeights(Callback):
    """Evaluates with the optimizer's moving averages of the weights, and trains on with the weights.

    The optimizer must be made with `use_ema=True`. A `ModelCheckpoint` after it saves the averages with
    `swap_on_epoch`.

    Args:
      swap_on_epoch: whether the averages stand at the end of an epoch, rather than during evaluations.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
      >>> model.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
      >>> swap = keras.callbacks.SwapEMAWeights()
      >>> x = np.ones((4, 1), np.float32)
      >>> history = model.fit(x, x, validation_data=(x, x), epochs=2, verbose=0, callbacks=[swap])
      >>> len(history.history["val_loss"])
      2
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _swap(self) -> None:
        optimizer = self.model.optimizer
        if not getattr(optimizer, "use_ema", False):
            raise ValueError("SwapEMAWeights: the optimizer keeps no averages; make it with use_ema=True")
        averages = optimizer._model_variables_moving_average
        for variable, slot in zip(optimizer._trainable_variables, averages, strict=True):
            weight = np.array(variable.value)
            variable.assign(slot.array)
            slot.assign(weight)
        self._swapped = not self._swapped

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._swapped:
            self._swap()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.swap_on_epoch and not self._swapped:
            self._swap()

    def on_test_begin(self, logs: Any = None) -> None:
        if not self.swap_on_epoch:
            self._swap()

    def on_test_end(self, logs: Any = None) -> None:
        if not self.swap_on_epoch:
            self._swap()

    def on_train_end(self, logs: Any = None) -> None:
        if self._swapped:
            self._swap()
