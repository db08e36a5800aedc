"""Merges value by value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._tape import Tensor
from foldgate.layers._rectified import Rectified
from foldgate.layers.merging._merge import Merge, per_value


class Add(Merge):
    """The sum of the inputs.

    Args:
      **kwargs: of `Layer`.

    Raises:
      ValueError: the inputs are no list, or do not broadcast to each other.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Add()([np.ones((1, 2)), np.full((1, 2), 2.0)])
      array([[3., 3.]], dtype=float32)
    """

    def _merge(self, inputs: Sequence[Any]) -> Any:
        return _total(inputs)

    def call_relu(self, inputs: Sequence[Any], training: bool | None = None) -> Any:
        """relu of `call` of inputs of one shape, in the same pass: for models that see a ReLU next."""
        if len(inputs) == 1:
            return ops.relu(inputs[0])
        return ops.add_relu(inputs[0] if len(inputs) == 2 else _total(inputs[:-1]), inputs[-1])

    _with_relu = Rectified


class Subtract(Merge):
    """The first of two inputs less the second.

    Args:
      **kwargs: of `Layer`.

    Raises:
      ValueError: the inputs are no list of two, or do not broadcast to each other.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Subtract()([np.ones((1, 2)), np.full((1, 2), 2.0)])
      array([[-1., -1.]], dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._least = self._most = 2

    def _merge(self, inputs: Sequence[Any]) -> Any:
        return inputs[0] - inputs[1]


class Multiply(Merge):
    """The product of the inputs; a masked value counts as 1, and as 0 where all are masked.

    Args:
      **kwargs: of `Layer`.

    Raises:
      ValueError: the inputs are no list, or do not broadcast to each other.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Multiply()([np.full((1, 2), 3.0), np.full((1, 2), 2.0)])
      array([[6., 6.]], dtype=float32)
    """

    def _merge(self, inputs: Sequence[Any]) -> Any:
        return _chained(np.multiply, inputs)

    def _merge_masked(self, inputs: Sequence[Any], masks: Sequence[Any]) -> Any:
        seen = [None if mask is None else per_value(mask, x) for x, mask in zip(inputs, masks, strict=True)]
        one, zero = inputs[0].dtype.type(1), inputs[0].dtype.type(0)
        factors = [x if s is None else np.where(s, x, one) for x, s in zip(inputs, seen, strict=True)]
        product = _chained(np.multiply, factors)
        if any(s is None for s in seen):
            return product
        return np.where(_chained(np.logical_or, seen), product, zero)


class Average(Merge):
    """The mean of the inputs.

    Args:
      **kwargs: of `Layer`.

    Raises:
      ValueError: the inputs are no list, or do not broadcast to each other.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Average()([np.ones((1, 2)), np.full((1, 2), 2.0)])
      array([[1.5, 1.5]], dtype=float32)
    """

    def _merge(self, inputs: Sequence[Any]) -> Any:
        return _total(inputs) / len(inputs)


class _Choice(Merge):
    """One of the values at each place; a masked one is chosen only where all are masked."""

    _function: Callable[..., Any]

    def _merge(self, inputs: Sequence[Any]) -> Any:
        return _chained(type(self)._function, inputs)

    def _merge_masked(self, inputs: Sequence[Any], masks: Sequence[Any]) -> Any:
        chosen, seen = inputs[0], _seen(masks[0], inputs[0])
        for x, mask in zip(inputs[1:], masks[1:], strict=True):
            own = _seen(mask, x)
            right = x if own is None else np.where(own, x, chosen)
            left = chosen if seen is None else np.where(seen, chosen, right)
            chosen = type(self)._function(left, right)
            seen = None if seen is None or own is None else np.logical_or(seen, own)
        return chosen


class Maximum(_Choice):
    """The largest of the inputs' values.

    Args:
      **kwargs: of `Layer`.

    Raises:
      ValueError: the inputs are no list, or do not broadcast to each other.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Maximum()([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])])
      array([[3., 4.]], dtype=float32)
    """

    _function = staticmethod(np.maximum)


class Minimum(_Choice):
    """The smallest of the inputs' values.

    Args:
      **kwargs: of `Layer`.

    Raises:
      ValueError: the inputs are no list, or do not broadcast to each other.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Minimum()([np.array([[1.0, 4.0]]), np.array([[3.0, 2.0]])])
      array([[1., 2.]], dtype=float32)
    """

    _function = staticmethod(np.minimum)


def _seen(mask: Any, x: Any) -> Any:
    return None if mask is None else per_value(mask, x)


def _chained(function: Callable[..., Any], inputs: Sequence[Any]) -> Any:
    merged = inputs[0]
    for x in inputs[1:]:
        merged = function(merged, x)
    return merged


def _total(inputs: Sequence[Any]) -> Any:
    """The sum, in the first sum's array where no tape records."""
    if len(inputs) < 3 or any(isinstance(x, Tensor) for x in inputs):
        return _chained(np.add, inputs)
    total = np.add(inputs[0], inputs[1])
    for x in inputs[2:]:
        same = x.shape == total.shape and x.dtype == total.dtype
        total = np.add(total, x, out=total) if same else np.add(total, x)
    return total


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The sum of a list of inputs: `Add(**kwargs)(inputs)`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.add([np.ones((1, 2)), np.ones((1, 2))])
      array([[2., 2.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The first of two inputs less the second: `Subtract(**kwargs)(inputs)`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.subtract([np.ones((1, 2)), np.ones((1, 2))])
      array([[0., 0.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The product of a list of inputs: `Multiply(**kwargs)(inputs)`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.multiply([np.full((1, 2), 3.0), np.full((1, 2), 2.0)])
      array([[6., 6.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The mean of a list of inputs: `Average(**kwargs)(inputs)`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.average([np.ones((1, 2)), np.full((1, 2), 2.0)])
      array([[1.5, 1.5]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The largest of the inputs' values: `Maximum(**kwargs)(inputs)`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.maximum([np.ones((1, 2)), np.full((1, 2), 2.0)])
      array([[2., 2.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The smallest of the inputs' values: `Minimum(**kwargs)(inputs)`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.minimum([np.ones((1, 2)), np.full((1, 2), 2.0)])
      array([[1., 1.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)
