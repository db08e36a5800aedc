"""Single batches, for loops of one's own: `train_on_batch`, `test_on_batch` and `predict_on_batch`."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._nest import map_nest
from foldgate._tape import Tensor
from foldgate.models.data import whole_batch
from foldgate.models.data_arrays import weights_of_classes
from foldgate.models.looked_up import looked_up
from foldgate.models.trainer_fit import TrainerFit


class TrainerSingleBatches(TrainerFit):
    """The part of Trainer that takes one batch at a time, with the loops' steps."""

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step on one batch: the loss and the metrics of it.

        Raises:
          ValueError: the model is not compiled, or both kinds of weights are given.
        """
        self._require_compiled("train_on_batch")  # type: ignore[attr-defined]
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError("train_on_batch: class_weight and sample_weight are given; expected one")
            sample_weight = weights_of_classes("train_on_batch", y, class_weight)
        return self._on_batch("train", x, y, sample_weight, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss and the metrics of one batch.

        Raises:
          ValueError: the model is not compiled.
        """
        self._require_compiled("test_on_batch")  # type: ignore[attr-defined]
        return self._on_batch("test", x, y, sample_weight, return_dict)

    def _on_batch(self, kind: str, x: Any, y: Any, sample_weight: Any, return_dict: bool) -> Any:
        self.reset_metrics()  # type: ignore[attr-defined]
        step = self._stepper(kind)
        logs = step(whole_batch(f"{kind}_on_batch", x, y, sample_weight))
        if logs is None:  # by the step itself: by one's own it is what that gave
            alone = looked_up(self).loss_alone
            if alone is not None:
                return {"loss": alone.result()} if return_dict else alone.result()
        found = self._epoch_logs(logs)
        if return_dict:
            return found
        values = [found[name] for name in self.metrics_names if name in found]  # type: ignore[attr-defined]
        return values[0] if len(values) == 1 else values

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs of one batch."""
        return map_nest(_array, self.predict_step((map_nest(np.asarray, x),)))  # type: ignore[attr-defined]


def _array(value: Any) -> Any:
    return value.numpy() if isinstance(value, Tensor) else np.asarray(value)
