"""The loop over epochs: `fit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foldgate._checks import integers, numbers, verbosity
from foldgate.callbacks.callback_list import CallbackList
from foldgate.models.data import batches, split_off, unpack_x_y_sample_weight
from foldgate.models.trainer_loops import TrainerLoops


class TrainerFit(TrainerLoops):
    """The part of Trainer that trains for epochs, and evaluates between them."""

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
          steps_per_epoch: None for all batches; the next epoch goes on behind fewer, until all were seen.
          validation_steps: the same of the validation.
          validation_batch_size: None for `batch_size`.
          validation_freq: after every how many epochs to evaluate, or a list of epochs from 1 up.

        Returns:
          A `History`, whose `history` has a list by metric.

        Raises:
          TypeError: a number is of another kind.
          ValueError: the model is not compiled, arrays do not fit each other, a number is out of range, or
            there are no batches.

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
                logs = self._epoch(data, epoch, calls, epoch == first)
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

    def _epoch(self, data: Any, epoch: int, calls: Any, first: bool) -> dict[str, Any]:
        """All batches of an epoch, of which the first one has some, and the metrics after them."""
        self.reset_metrics()  # type: ignore[attr-defined]
        step = self._stepper("train")
        keep, logs = self.__dict__, None
        batches, i = iter(data.epoch(epoch)), 0
        if "_resume_within" in keep:
            i = self._skip(batches, *keep.pop("_resume_within"))
        for batch in batches:  # not by enumerate, which holds a batch until the next one is made
            if calls.of_train_batches:
                calls.on_train_batch_begin(i)
            logs = step(batch)
            del batch  # so that its memory serves the next one
            if calls.of_train_batches:
                calls.on_train_batch_end(i, logs)
            i += 1
            if self.stop_training:
                break
        if first and i == 0:
            raise ValueError("fit: the data has no batches; expected at least one")
        return self._epoch_logs(logs)

    def _skip(self, batches: Any, count: int, bring_back: Any) -> int:
        """Leaves out the batches that a killed training has seen, and brings back what it knew after them.
        Returns how many they are."""
        for i, batch in enumerate(batches):
            if i == 0:
                self._stepper("test")(batch)  # metrics are made of the first batch that they see
            if i + 1 == count:
                break
        self.reset_metrics()  # type: ignore[attr-defined]
        bring_back()
        return count


def _due(epoch: int, frequency: int | Sequence[int]) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    if isinstance(frequency, (list, tuple, set)):
        return epoch + 1 in frequency
    raise ValueError(f"fit: validation_freq is {frequency!r}; expected an int or a list of epochs")
