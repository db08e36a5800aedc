"""The loops over batches: `fit`, `evaluate` and `predict`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._checks import integers, numbers, verbosity
from foldgate._tape import Tensor
from foldgate.callbacks.callback_list import CallbackList
from foldgate.models.data import batches, split_off, unpack_x_y_sample_weight
from foldgate.models.data_arrays import is_one_batch
from foldgate.models.predictions import Predictions


class TrainerLoops:
    """The part of Trainer that goes over data."""

    _own_steps: dict[str, Any]  # Trainer's, by name
    _initial_epoch: int | None = None
    history: Any = None

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> Any:
        """Trains for a number of epochs.

        Args:
          x: arrays (N, ...), a list or a dict of them, or an iterable of batches (x, y[, sample_weight]).
          y: labels of the same form; None where `x` gives batches.
          batch_size: None for 32; of arrays alone.
          epochs: the epoch to end at.
          verbose: 0 is silent, 1 a progress bar, 2 a line an epoch, "auto" 1.
          callbacks: a list of callbacks.
          validation_split: the share of the last samples that is not trained on, but evaluated.
          validation_data: None, or (x, y[, sample_weight]) or an iterable of batches to evaluate.
          shuffle: whether samples come in a new order each epoch; `"batch"` for whole batches.
          class_weight: None, or the weight of each class.
          sample_weight: None, or a weight a sample, or one a step (N, T).
          initial_epoch: the epoch to begin at.
          steps_per_epoch: None for all batches.
          validation_steps: the same of the validation.
          validation_batch_size: None for `batch_size`.
          validation_freq: after every how many epochs to evaluate, or a list of epochs from 1 up.

        Returns:
          A `History`, whose `history` has a list by metric.

        Raises:
          TypeError: a number is of another kind.
          ValueError: the model is not compiled, arrays do not fit each other, or a number is out of range.

        Example:
          >>> import numpy as np
          >>> import foldgate as keras
          >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
          >>> model.compile("sgd", "mse")
          >>> x = np.ones((8, 1), np.float32)
          >>> history = model.fit(x, 2 * x, epochs=3, verbose=0)
          >>> len(history.history["loss"]), history.history["loss"][2] < history.history["loss"][0]
          (3, True)
        """
        self._require_compiled("fit")  # type: ignore[attr-defined]
        verbosity("fit", verbose)
        integers("fit", 0, epochs=epochs, initial_epoch=initial_epoch)
        numbers("fit", "[0, 1)", validation_split=validation_split)
        numbers(
            "fit",
            "[1, inf)",
            or_none=True,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
        )
        if isinstance(validation_freq, int):
            integers("fit", 1, validation_freq=validation_freq)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split_off(x, y, sample_weight, validation_split)
        steps = steps_per_epoch
        data = batches("fit", x, y, sample_weight, batch_size, steps, shuffle, class_weight)
        validation = None
        if validation_data is not None:
            parts = unpack_x_y_sample_weight(validation_data) if isinstance(validation_data, tuple) else None
            size = validation_batch_size or batch_size
            validation = batches(
                "validation_data", *(parts or (validation_data,)), batch_size=size, steps=validation_steps
            )  # type: ignore[misc]
        calls = callbacks
        if not isinstance(calls, CallbackList):
            calls = CallbackList(
                callbacks, True, verbose != 0, self, epochs=epochs, verbose=verbose, steps=data.num_batches
            )
        self.stop_training = False
        self.__dict__["_fit_data"], self.__dict__["_fit_callbacks"] = data, calls
        calls.on_train_begin()
        logs: dict[str, Any] = {}
        first = self._initial_epoch or initial_epoch
        self.__dict__.pop("_initial_epoch", None)
        try:
            for epoch in range(first, epochs):
                calls.on_epoch_begin(epoch)
                logs = self._epoch(data, epoch, calls)
                if validation is not None and _due(epoch, validation_freq):
                    found = self._evaluate(validation, calls)
                    logs.update({f"val_{name}": value for name, value in found.items()})
                calls.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
        finally:
            self.__dict__.pop("_fit_data", None)
            self.__dict__.pop("_fit_callbacks", None)
        if epochs > first and self.optimizer is not None:  # type: ignore[attr-defined]
            self.optimizer.finalize_variable_values(self.trainable_variables)  # type: ignore[attr-defined]
        calls.on_train_end(logs)
        return self.history

    def _epoch(self, data: Any, epoch: int, calls: Any) -> dict[str, Any]:
        """All batches of an epoch, and the metrics after them."""
        self.reset_metrics()  # type: ignore[attr-defined]
        step = self._stepper("train")
        keep, logs = self.__dict__, None
        batches = enumerate(data.epoch(epoch))
        if "_resume_within" in keep:
            self._skip(batches, *keep.pop("_resume_within"))
        for i, batch in batches:
            if calls.of_train_batches:
                calls.on_train_batch_begin(i)
            logs = step(batch)
            del batch  # so that its memory serves the next one
            if calls.of_train_batches:
                calls.on_train_batch_end(i, logs)
            if self.stop_training:
                break
        return self._epoch_logs(logs)

    def _skip(self, batches: Any, count: int, bring_back: Any) -> None:
        """Leaves out the batches that a killed training has seen, and brings back what it knew after them."""
        for i, batch in batches:
            if i == 0:
                self._stepper("test")(batch)  # metrics are made of the first batch that they see
            if i + 1 == count:
                break
        self.reset_metrics()  # type: ignore[attr-defined]
        bring_back()

    def _stepper(self, kind: str) -> Any:
        """The step of a batch: without the metrics' results where nobody asks for them each time."""
        name = f"{kind}_step"
        if getattr(type(self), name) is self._own_steps[name]:
            return getattr(self, f"_{kind}_on")
        return getattr(self, name)

    def _epoch_logs(self, logs: Any) -> dict[str, Any]:
        """The results of the metrics, or what a step of one's own gave; by name, in alphabetical order."""
        found = self.get_metrics_result()  # type: ignore[attr-defined]
        if isinstance(logs, dict) and set(logs) != set(found):
            found = logs
        return {name: _plain(found[name]) for name in sorted(found)}

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics of some data.

        Args:
          x, y, batch_size, verbose, sample_weight, callbacks: as in `fit`.
          steps: None for all batches.
          return_dict: whether to give a dict by name rather than a list, or a number for the loss alone.

        Raises:
          ValueError: the model is not compiled, or arrays do not fit each other.
        """
        self._require_compiled("evaluate")  # type: ignore[attr-defined]
        verbosity("evaluate", verbose)
        numbers("evaluate", "[1, inf)", or_none=True, steps=steps)
        data = batches("evaluate", x, y, sample_weight, batch_size, steps)
        calls = callbacks
        if not isinstance(calls, CallbackList):
            calls = CallbackList(
                callbacks, False, verbose != 0, self, verbose=verbose, steps=data.num_batches
            )
        logs = self._evaluate(data, calls)
        if return_dict:
            return logs
        names = [name for name in self.metrics_names if name in logs]  # type: ignore[attr-defined]
        values = [logs[name] for name in [*names, *(name for name in logs if name not in names)]]
        return values[0] if len(values) == 1 else values

    def _evaluate(self, data: Any, calls: Any) -> dict[str, Any]:
        step, logs = self._stepper("test"), None
        self.stop_evaluating = False
        calls.on_test_begin()
        self.reset_metrics()  # type: ignore[attr-defined]
        for i, batch in enumerate(data.epoch(0)):
            if calls.of_test_batches:
                calls.on_test_batch_begin(i)
            logs = step(batch)
            del batch
            if calls.of_test_batches:
                calls.on_test_batch_end(i, logs)
            if self.stop_evaluating:
                break
        found = self._epoch_logs(logs)
        calls.on_test_end(found)
        return found

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs of some data, batch by batch.

        Args:
          x, batch_size, verbose, callbacks: as in `fit`.
          steps: None for all batches.

        Returns:
          Arrays (N, ...) in the structure of the model's outputs.

        Example:
          >>> import numpy as np
          >>> import foldgate as keras
          >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
          >>> model.predict(np.ones((5, 3)), verbose=0).shape
          (5, 2)
        """
        if verbose == 0 and steps is None and callbacks is None and is_one_batch(x, batch_size):
            return self._predict_at_once(x)
        verbosity("predict", verbose)
        numbers("predict", "[1, inf)", or_none=True, steps=steps)
        data = batches("predict", x, None, None, batch_size, steps)
        calls = callbacks
        if not isinstance(calls, CallbackList):
            calls = CallbackList(
                callbacks, False, verbose != 0, self, verbose=verbose, steps=data.num_batches
            )
        self.stop_predicting = False
        calls.on_predict_begin()
        found = Predictions(getattr(data, "samples", None) if steps is None else None)
        for i, batch in enumerate(data.epoch(0)):
            if calls.of_predict_batches:
                calls.on_predict_batch_begin(i)
            outputs = self.predict_step(batch)  # type: ignore[attr-defined]
            found.add(outputs)
            if calls.of_predict_batches:
                calls.on_predict_batch_end(i, {"outputs": outputs})
            if self.stop_predicting:
                break
        calls.on_predict_end()
        return found.arrays()

    def _predict_at_once(self, x: Any) -> Any:
        """The outputs of one batch that nobody hears about: batches and callbacks take longer than a small
        model."""
        self.stop_predicting = False
        outputs = self.predict_step((x,))  # type: ignore[attr-defined]
        if type(outputs) is np.ndarray and outputs.ndim:
            return outputs.copy()  # it may be the input, or a weight
        found = Predictions(len(x))
        found.add(outputs)
        return found.arrays()


def _plain(value: Any) -> Any:
    """A result as a Python number where it is one."""
    if type(value) is float:
        return value
    if isinstance(value, Tensor):
        value = value.numpy()
    return float(value) if np.ndim(value) == 0 else value


def _due(epoch: int, frequency: int | Sequence[int]) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    if isinstance(frequency, (list, tuple, set)):
        return epoch + 1 in frequency
    raise ValueError(f"fit: validation_freq is {frequency!r}; expected an int or a list of epochs")
