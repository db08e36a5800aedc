"""The loops over batches that change no weight: `evaluate` and `predict`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foldgate._checks import numbers, verbosity
from foldgate._tape import Tensor
from foldgate.callbacks.callback_list import CallbackList
from foldgate.models.data import batches
from foldgate.models.data_arrays import is_one_batch
from foldgate.models.predictions import Predictions


class TrainerLoops:
    """The part of Trainer that evaluates and predicts."""

    _own_steps: dict[str, tuple[Any, str, str]]  # Trainer's, its name, and that without the metrics' results

    def _stepper(self, kind: str) -> Any:
        """The step of a batch: without the metrics' results where nobody asks for them each time."""
        own, name, quiet = self._own_steps[kind]
        if getattr(type(self), name) is own:
            return getattr(self, quiet)
        step = getattr(self, name)
        return lambda data: _by_name(step(data))

    def _epoch_logs(self, logs: Any) -> dict[str, Any]:
        """The results of the metrics, or what a step of one's own gave; by name, in alphabetical order."""
        found: dict[str, Any] = self.get_metrics_result()  # type: ignore[attr-defined]
        if isinstance(logs, dict) and set(logs) != set(found):
            found = logs
        if len(found) == 1:
            ((name, value),) = found.items()
            return {name: value if type(value) is float else _plain(value)}
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
          ValueError: the model is not compiled, arrays do not fit each other, or there are no batches.
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
        i = -1
        for i, batch in enumerate(data.epoch(0)):
            if calls.of_test_batches:
                calls.on_test_batch_begin(i)
            logs = step(batch)
            del batch
            if calls.of_test_batches:
                calls.on_test_batch_end(i, logs)
            if self.stop_evaluating:
                break
        if i < 0:
            raise ValueError(f"{data.where}: the data has no batches; expected at least one")
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
        outputs = self.predict_step(x)  # type: ignore[attr-defined]
        if type(outputs) is np.ndarray and outputs.ndim:
            return outputs.copy()  # it may be the input, or a weight
        found = Predictions(len(x))
        found.add(outputs)
        return found.arrays()


def _by_name(logs: Any) -> Any:
    """What a step of one's own gave: numbers, also those of a metric that gives several by name."""
    if not isinstance(logs, Mapping):
        return logs
    found: dict[str, Any] = {}
    for name, value in logs.items():
        found |= _by_name(value) if isinstance(value, Mapping) else {name: _plain(value)}
    return found


def _plain(value: Any) -> Any:
    """A result as a Python number where it is one."""
    if type(value) is float:
        return value
    if isinstance(value, Tensor):
        value = value.numpy()
    return float(value) if np.ndim(value) == 0 else value
