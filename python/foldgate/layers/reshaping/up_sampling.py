"""More positions than the input has: repeated, or interpolated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from foldgate import _defaults, ops
from foldgate._custom_gradient import custom_gradient
from foldgate._typing import FloatArray
from foldgate.layers._windows import Shape, ints
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.layer import Layer
from foldgate.ops._interpolation import INTERPOLATIONS, interpolation_matrix

WORTH_COPYING = 64  # bytes next to each other, from which on a copy of them is faster than one of each


class BaseUpSampling(Layer):
    """What UpSampling1D, UpSampling2D and UpSampling3D share."""

    rank = 0

    def __init__(self, size: Any = 2, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = _defaults.standardize_data_format(data_format)
        self._factors = ints(self.name, "size", size, self.rank)
        self.size: Any = self._factors[0] if self.rank == 1 else self._factors
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    @property
    def _first(self) -> int:
        """The number of the first spatial axis."""
        return 1 if self.data_format == "channels_last" else 2

    def call(self, inputs: FloatArray) -> FloatArray:
        """One copy of every position for each of its repetitions."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self._compute_kind)
        larger: FloatArray = _repeated(inputs, factors=self._factors, data_format=self.data_format)
        return larger

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """So many times the positions."""
        sizes = list(input_shape)
        for axis, factor in enumerate(self._factors, self._first):
            size = sizes[axis]
            sizes[axis] = None if size is None else size * factor
        return tuple(sizes)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


class UpSampling1D(BaseUpSampling):
    """Repeats every step.

    Args:
      size: how many times. Defaults to 2.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, T, C), output (N, T * size, C).

    Raises:
      ValueError: `size` is no int of at least 1, or the input has not three axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.UpSampling1D(3)(np.ones((2, 5, 4), np.float32)).shape
      (2, 15, 4)
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(size, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        config = super().get_config()
        del config["data_format"]
        return config


class UpSampling2D(BaseUpSampling):
    """Repeats the rows and columns of images, or interpolates between them.

    Args:
      size: how many times, an int or two. Defaults to 2.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      interpolation: `"nearest"`, `"bilinear"`, `"bicubic"`, `"lanczos3"` or `"lanczos5"`. Defaults
        to `"nearest"`.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, H, W, C), output (N, H * size[0], W * size[1], C), with channels first (N, C, H, W).

    Raises:
      ValueError: an argument has no such value, or the input has not four axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.UpSampling2D((2, 1), interpolation="bilinear")
      >>> layer(np.array([0.0, 4.0], np.float32).reshape(1, 2, 1, 1)).ravel()
      array([0., 1., 3., 4.], dtype=float32)
    """

    rank = 2

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        name = interpolation.lower() if isinstance(interpolation, str) else interpolation
        if name not in INTERPOLATIONS:
            raise ValueError(
                f"{self.name}: interpolation is {interpolation!r}; expected one of "
                + ", ".join(INTERPOLATIONS)
            )
        self.interpolation = name

    def call(self, inputs: FloatArray) -> FloatArray:
        """Repetition, or a product with the weights of the interpolation along each axis."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self._compute_kind)
        larger: FloatArray = _interpolated(
            inputs, name=self.interpolation, factors=self._factors, first=self._first
        )
        return larger

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling3D(BaseUpSampling):
    """Repeats the positions of volumes along their three axes.

    Args:
      size: how many times, an int or three. Defaults to 2.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, D, H, W, C), output with `size` times the positions, with channels first (N, C, D, H, W).

    Raises:
      ValueError: an argument has no such value, or the input has not five axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.UpSampling3D()(np.ones((2, 3, 4, 5, 1), np.float32)).shape
      (2, 6, 8, 10, 1)
    """

    rank = 3


@custom_gradient
def _repeated(
    x: FloatArray, factors: Sequence[int], data_format: str
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Every position `factors` times; the gradient is the sum of each window, its mean times its size."""
    first = 1 if data_format == "channels_last" else 2
    count, y = len(factors), x
    if math.prod(x.shape[first + count :]) * x.itemsize < WORTH_COPYING:
        count -= 1  # runs so short are better repeated value by value than copied
        y = np.repeat(y, factors[count], axis=first + count)
    y = _spread(y, factors[:count], first)

    def backward(dy: FloatArray) -> FloatArray:
        dx = ops.average_pool(dy, tuple(factors), data_format=data_format)
        dx *= math.prod(factors)
        return dx

    return y, backward


def _spread(x: FloatArray, factors: Sequence[int], first: int) -> FloatArray:
    """Every position of some axes, from the first on, so many times: one copy."""
    if math.prod(factors) == 1:
        return x.copy()
    narrow, wide, sizes = [*x.shape[:first]], [*x.shape[:first]], [*x.shape]
    for axis, factor in enumerate(factors, first):
        narrow += [x.shape[axis], 1]
        wide += [x.shape[axis], factor]
        sizes[axis] *= factor
    rest = list(x.shape[first + len(factors) :])
    y = np.empty(wide + rest, x.dtype)
    y[...] = x.reshape(narrow + rest)
    return y.reshape(sizes)


@custom_gradient
def _interpolated(
    x: FloatArray, name: str, factors: Sequence[int], first: int
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """Along each axis a product with the weights of its interpolation, and with their transpose back."""
    sizes = [(x.shape[axis], x.shape[axis] * factor) for axis, factor in enumerate(factors, first)]
    weights = [interpolation_matrix(name, *pair, False, x.dtype) for pair in sizes]
    y = x
    for axis, matrix in enumerate(weights, first):
        y = _along(matrix, y, axis)

    def backward(dy: FloatArray) -> FloatArray:
        for axis, matrix in enumerate(weights, first):
            dy = _along(matrix.T, dy, axis)
        return dy

    return y, backward


def _along(matrix: FloatArray, x: FloatArray, axis: int) -> FloatArray:
    """The product of a matrix (out, in) with an axis of x."""
    before, after = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
    product: FloatArray = np.matmul(matrix, x.reshape(before, x.shape[axis], after))
    return product.reshape(*x.shape[:axis], matrix.shape[0], *x.shape[axis + 1 :])
