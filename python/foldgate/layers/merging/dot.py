"""Products of two inputs, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from foldgate import ops
from foldgate.layers.merging._merge import Merge, Shape


class Dot(Merge):
    """The product of two inputs, sample by sample, summed over an axis of each.

    Args:
      axes: the axis, or one for each of the two inputs; not the batch.
      normalize: whether the inputs are divided by their lengths along the axes first, which gives cosines.
      **kwargs: of `Layer`.

    Returns:
      (N, other axes of the first, other axes of the second); (N, 1) where there are none.

    Raises:
      TypeError: `axes` is neither an int nor a list.
      ValueError: `axes` are other than two, or the batch, or of unequal extents; the inputs are no list of
        two.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> a, b = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
      >>> keras.layers.Dot(axes=1)([a, b])
      array([[11.]], dtype=float32)
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(axes, bool) or not isinstance(axes, int | list | tuple):
            raise TypeError(f"Dot: axes is {axes!r}; expected an int or a list of two")
        if not isinstance(axes, int) and (len(axes) != 2 or not all(isinstance(a, int) for a in axes)):
            raise ValueError(f"Dot: axes is {axes!r}; expected an int or a list of two ints")
        self._least = self._most = 2
        self.axes = axes
        self.normalize = normalize

    def _axes_of(self, shapes: Sequence[Shape]) -> tuple[int, int]:
        """The axes of these inputs, counted from the first."""
        named = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        found = []
        for axis, shape in zip(named, shapes, strict=True):
            if not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
                raise ValueError(
                    f"Dot: axes is {self.axes}; expected axes of inputs of shapes {list(shapes)}, not the "
                    "batch's"
                )
            found.append(axis % len(shape))
        return found[0], found[1]

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """The batch, and what of both shapes is not summed over."""
        first, second = self._checked(input_shape)
        one, other = self._axes_of([first, second])
        for a, b, what in (
            (first[one], second[other], "extents on the axes"),
            (first[0], second[0], "batches"),
        ):
            if a is not None and b is not None and a != b:
                raise ValueError(
                    f"Dot: inputs have shapes {first} and {second}; expected equal {what} with axes "
                    f"{self.axes}"
                )
        rest = [n for i, n in enumerate(first) if i not in (0, one)]
        rest += [n for i, n in enumerate(second) if i not in (0, other)]
        return (first[0] if first[0] is not None else second[0], *(rest or [1]))

    def _merged(self, inputs: Sequence[Any]) -> Any:
        x, y = inputs
        one, other = self._axes_of([x.shape, y.shape])
        if self.normalize:
            x, y = _of_length_one(x, one), _of_length_one(y, other)
        if x.ndim == y.ndim == 2:
            return (x * y).sum(1, keepdims=True)
        if x.ndim == y.ndim == 3:
            return ops.matmul(x, y, transpose_a=one == 1, transpose_b=other == 2)
        left, right = np.moveaxis(x, one, -1), np.moveaxis(y, other, 1)
        n, k = left.shape[0], left.shape[-1]
        rest = (*left.shape[1:-1], *right.shape[2:])
        a = np.reshape(left, (n, prod(left.shape[1:-1]), k))
        b = np.reshape(right, (n, k, prod(right.shape[2:])))
        return np.reshape(ops.matmul(a, b), (n, *rest))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: no steps are left."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _of_length_one(x: Any, axis: int) -> Any:
    """x over its length along an axis, which counts as at least 1e-12."""
    squares = np.sum(np.square(x), axis, keepdims=True)
    return x / np.sqrt(np.maximum(squares, x.dtype.type(1e-24)))


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """The product of two inputs, sample by sample: `Dot(axes, **kwargs)(inputs)`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.dot([np.ones((1, 2, 3)), np.ones((1, 4, 3))], axes=2).shape
      (1, 2, 4)
    """
    return Dot(axes=axes, **kwargs)(inputs)
