"""The base of callbacks."""

from __future__ import annotations

from typing import Any

from foldgate._checks import given, switches, verbosity


class Callback:
    """The base class of what is told of a training: a subclass writes the methods that it wants.

    `model` is the model and `params` has `epochs`, `steps` and `verbose`. `logs` are results by name.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> class Count(keras.callbacks.Callback):
      ...   seen = 0
      ...   def on_epoch_end(self, epoch, logs=None):
      ...     self.seen += 1
      >>> count = Count()
      >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
      >>> model.compile("sgd", "mse")
      >>> history = model.fit(np.ones((4, 1)), np.ones(4), epochs=3, verbose=0, callbacks=[count])
      >>> count.seen
      3
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        switches(cls, args, kwargs)
        verbosity(cls.__name__, given(cls, args, kwargs).get("verbose", 0))
        return super().__new__(cls)

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that is trained."""
        return self.__dict__.get("_model")

    def set_params(self, params: dict[str, Any]) -> None:
        """Takes the parameters of the training."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Takes the model."""
        self._model = model

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Any = None) -> None:
        """After the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch, from 0 up."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch and its validation."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of the training."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of the training."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of the training."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of the training, with the results so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: Any = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of an evaluation, with the results so far."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of a prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of a prediction, with its outputs."""
