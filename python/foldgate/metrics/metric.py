"""The base of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._checks import switches
from foldgate._dtypes import policy
from foldgate._naming import auto_name
from foldgate._tape import Variable, no_grad


class Metric:
    """The base class of metrics: a subclass writes `update_state` and `result`.

    Metrics compute on plain arrays, beside the tape.

    Args:
      dtype: None, or the dtype of `add_variable`.
      name: None for one from the class.

    Example:
      >>> import numpy as np
      >>> from foldgate import metrics
      >>> class Largest(metrics.Metric):
      ...   def __init__(self, name="largest", **kwargs):
      ...     super().__init__(name=name, **kwargs)
      ...     self.largest = self.add_variable(shape=(), initializer="zeros", name="largest")
      ...   def update_state(self, y_true, y_pred, sample_weight=None):
      ...     self.largest.assign(max(float(self.largest), float(np.max(y_pred))))
      ...   def result(self):
      ...     return float(self.largest)
      >>> metric = Largest()
      >>> metric.update_state(None, np.array([1.0, 3.0]))
      >>> metric.result()
      3.0
    """

    _tracked_as = "metrics"
    _direction: str | None = None  # "up" or "down": which way is better

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        switches(cls, args, kwargs)
        metric = super().__new__(cls)
        metric.__dict__["_variables"] = []
        metric.__dict__["_metrics"] = []
        return metric

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self._dtype = np.dtype(policy(dtype, type(self).__name__).name)

    @property
    def dtype(self) -> str:
        """The dtype of its variables."""
        return self._dtype.name

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Metric):
            self._metrics.append(value)
        object.__setattr__(self, name, value)

    _variables: list[Variable]
    _metrics: list[Metric]

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A variable of the metric, which `reset_state` sets to zeros.

        Args:
          shape: of the variable.
          initializer: `"zeros"`, `"ones"`, or called as f(shape, dtype=...).
          dtype: None for that of the metric.
          aggregation: has no meaning here.
          name: of the variable.
        """
        kind = np.dtype(dtype or self._dtype)
        if callable(initializer):
            value = np.array(initializer(tuple(shape), dtype=kind.name), kind)
        else:
            value = np.full(tuple(shape), 1 if initializer == "ones" else 0, kind)
        variable = Variable(value, trainable=False, name=name)
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """`add_variable` by its older name."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The variables of the metric and of the metrics in it."""
        return [*self._variables, *(variable for metric in self._metrics for variable in metric.variables)]

    def reset_state(self) -> None:
        """Forgets what was seen."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Takes in a batch, to be written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__}: update_state is not written")

    def result(self) -> Any:
        """The value of all that was seen, to be written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__}: result is not written")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`update_state`, then `result`."""
        with no_grad():
            self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make such a metric again."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The metric of a configuration."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
