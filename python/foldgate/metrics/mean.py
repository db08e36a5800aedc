"""Sums and means of what is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate import losses
from foldgate._checks import functions
from foldgate._masks import get_mask
from foldgate.losses._inputs import same_rank
from foldgate.losses._reduction import with_mask
from foldgate.metrics._arrays import array, floats
from foldgate.metrics.metric import Metric


def per_sample(values: Any, sample_weight: Any, reduce: Callable[..., Any]) -> tuple[Any, Any]:
    """Values and weights of one axis, the others reduced; the values times the weights."""
    if sample_weight is not None:
        values, weights = same_rank(values, array(sample_weight).astype(values.dtype))
        if values.ndim > weights.ndim:
            values = reduce(values, axis=tuple(range(weights.ndim, values.ndim)))
        weights = np.broadcast_to(weights, values.shape)
        values = values * weights
        sample_weight = reduce(weights, axis=tuple(range(1, weights.ndim))) if weights.ndim > 1 else weights
    if values.ndim > 1:
        values = reduce(values, axis=tuple(range(1, values.ndim)))
    return values, sample_weight


class Sum(Metric):
    """The sum of all values, times their weights.

    Args:
      name: of the metric.
      dtype: has no meaning here: the sum is a Python float.

    Example:
      >>> from foldgate import metrics
      >>> total = metrics.Sum()
      >>> total.update_state([1.0, 2.0])
      >>> total.result()
      3.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = 0.0

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        self.total += float(np.sum(per_sample(floats(values), sample_weight, np.sum)[0]))

    def result(self) -> float:
        return self.total

    def reset_state(self) -> None:
        self.total = 0.0


class Mean(Metric):
    """The mean of all values, by their weights.

    Args:
      name: of the metric.
      dtype: has no meaning here: sums are Python floats.

    Example:
      >>> from foldgate import metrics
      >>> mean = metrics.Mean()
      >>> mean.update_state([1.0, 2.0])
      >>> mean.update_state(6.0)
      >>> mean.result()
      3.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.count = 0.0

    # It holds no metrics, and is assigned to at every step.
    __setattr__ = object.__setattr__  # type: ignore[assignment]

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        if sample_weight is None and type(values) is float:
            self.total += values
            self.count += 1.0
            return
        values = floats(values)
        if sample_weight is None:
            rows = float(len(values)) if values.ndim else 1.0
            self.total += float(np.add.reduce(values, None)) * rows / values.size if values.size else 0.0
            self.count += rows
            return
        values, weights = per_sample(values, sample_weight, np.mean)
        self.total += float(np.sum(values))
        self.count += float(np.sum(weights))

    def result(self) -> float:
        return self.total / self.count if self.count else 0.0

    def reset_state(self) -> None:
        self.total = self.count = 0.0


class MeanMetricWrapper(Mean):
    """The mean of a function of (y_true, y_pred).

    Args:
      fn: gives one value a sample.
      name: None for one from the class.
      dtype: as in `Mean`.
      **kwargs: further arguments of `fn`.

    Example:
      >>> from foldgate import losses, metrics
      >>> metric = metrics.MeanMetricWrapper(losses.huber, name="huber", delta=2.0)
      >>> metric.update_state([[0.0]], [[3.0]])
      >>> metric.result()
      4.0
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        functions(self, fn=fn)
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        if losses.OBJECTS.get(getattr(fn, "__name__", "")) is fn or isinstance(fn, losses.Loss):
            self._direction = "down"

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        mask = get_mask(y_pred)
        values = self._fn(array(y_true), array(y_pred), **self._fn_kwargs)
        if mask is None:
            mask = get_mask(values)
        if mask is not None:
            sample_weight = with_mask(sample_weight, mask, np.dtype(self._dtype), "sum")
        super().update_state(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), **self._fn_kwargs}
        return {**config, "fn": self._fn} if type(self) is MeanMetricWrapper else config
