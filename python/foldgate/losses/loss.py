"""The base of losses, and the one that wraps a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from foldgate import _masks
from foldgate._checks import functions, switches
from foldgate._dtypes import policy
from foldgate._masks import get_mask
from foldgate._naming import auto_name
from foldgate._tape import Tensor
from foldgate.losses._inputs import prediction, same_rank, target
from foldgate.losses._reduction import check_reduction, mean_of_all, reduce_weighted

F = TypeVar("F", bound=Callable[..., Any])
_TAKES_IDS: set[Any] = set()
_WHOLE: dict[Any, Callable[[Any, Any], Any]] = {}


def takes_ids(function: F) -> F:
    """Marks a function whose labels are classes: integers, that stay integers."""
    _TAKES_IDS.add(function)
    return function


def whole_by(one_node: Callable[[Any, Any], Any]) -> Callable[[F], F]:
    """Names what computes the mean of a function's losses over a batch as one node, or gives None."""

    def enter(function: F) -> F:
        _WHOLE[function] = one_node
        return function

    return enter


class Loss:
    """The base class of losses: a subclass writes `call(y_true, y_pred)`, one loss a sample.

    Args:
      name: None for one from the class.
      reduction: `"sum_over_batch_size"` (or `"mean"`) gives the mean of all, `"sum"` the sum,
        `"mean_with_sample_weight"` the sum over the sum of the weights, `"none"` (or None) every loss.
      dtype: None, or the dtype to compute in; None keeps that of the predictions.

    Raises:
      ValueError: `reduction` is another word.

    Example:
      >>> import numpy as np
      >>> from foldgate import losses
      >>> class Quartic(losses.Loss):
      ...   def call(self, y_true, y_pred):
      ...     return np.mean((y_true - y_pred) ** 4, axis=-1)
      >>> float(Quartic()(np.zeros((2, 1)), np.array([[1.0], [2.0]])))
      8.5
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        switches(cls, args, kwargs)
        return super().__new__(cls)

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.reduction = check_reduction(type(self).__name__, reduction)
        self._dtype = None if dtype is None else np.dtype(policy(dtype, type(self).__name__).name)
        self._ids = False

    @property
    def dtype(self) -> str | None:
        """The dtype to compute in, or None for that of the predictions."""
        return None if self._dtype is None else self._dtype.name

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of predictions, reduced.

        Args:
          y_true: the labels.
          y_pred: the predictions: an array, a Tensor, or a dict of them.
          sample_weight: None, or weights of a shape that broadcasts to that of the losses.

        Returns:
          A number, or one a sample without reduction.
        """
        mask = get_mask(y_pred)
        y_pred = self._predictions(y_pred)
        values = self.call(self._labels(y_true, y_pred), y_pred)
        if not isinstance(values, Tensor):
            values = np.asarray(values)
        more = get_mask(values)
        mask = more if mask is None else mask if more is None else np.logical_and(mask, more)
        if sample_weight is None and mask is None and self.reduction == "sum_over_batch_size" and values.size:
            return mean_of_all(values) if values.ndim else values
        return reduce_weighted(values, sample_weight, mask, self.reduction)

    def _predictions(self, y_pred: Any) -> Any:
        if isinstance(y_pred, dict):
            return {name: self._predictions(part) for name, part in y_pred.items()}
        y_pred = prediction(y_pred)
        return y_pred if self._dtype is None or y_pred.dtype == self._dtype else y_pred.astype(self._dtype)

    def _labels(self, y_true: Any, y_pred: Any) -> Any:
        if isinstance(y_true, dict):
            return {name: self._labels(part, y_pred[name]) for name, part in y_true.items()}
        if self._ids or isinstance(y_pred, dict):
            return y_true if isinstance(y_true, Tensor) else np.asarray(y_true)
        return target(y_true, y_pred)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss a sample, to be written by subclasses."""
        raise NotImplementedError(f"{type(self).__name__}: call(y_true, y_pred) is not written")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make such a loss again."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The loss of a configuration."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A loss of a function of (y_true, y_pred).

    Args:
      fn: gives one loss a sample.
      reduction: as in `Loss`.
      name: None for one from the class.
      dtype: as in `Loss`.
      **kwargs: further arguments of `fn`.

    Example:
      >>> import numpy as np
      >>> from foldgate import losses
      >>> loss = losses.LossFunctionWrapper(losses.huber, delta=2.0)
      >>> float(loss(np.zeros((1, 1)), np.array([[3.0]])))
      4.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        functions(self, fn=fn)
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        self._ids = fn in _TAKES_IDS
        plain = not kwargs and dtype is None and type(self).call is LossFunctionWrapper.call
        self._whole = _WHOLE.get(fn) if plain and reduction == "sum_over_batch_size" else None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        whole = self._whole if sample_weight is None and not _masks.kept else None
        if whole is not None and type(y_pred) is Tensor and type(y_true) is np.ndarray:
            loss = whole(y_true, y_pred)
            if loss is not None:
                return loss
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if not self._ids and not isinstance(y_pred, dict):
            y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), **self._fn_kwargs}
        return {**config, "fn": self.fn} if type(self) is LossFunctionWrapper else config
