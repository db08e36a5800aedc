"""Convolution by a handle that holds a copy of its weights; here nothing is packed."""

from __future__ import annotations

from typing import Any

from foldgate.reference._types import Array, Ints, Padding
from foldgate.reference.conv import conv

__all__ = ["PackedConv"]


class PackedConv:
    """`conv` with the weights of its making, whatever becomes of the caller's arrays.

    Args:
        kernel, bias: as in `conv`.
        strides, padding, data_format, dilation_rate, groups, activation, algorithm: as in `conv`.

    Example:
        >>> import numpy as np
        >>> from foldgate import reference
        >>> kernel = np.ones((1, 1, 1))
        >>> packed = reference.PackedConv(kernel)
        >>> kernel[:] = 2.0
        >>> packed(np.ones((1, 2, 1))).ravel()
        array([1., 1.])
    """

    def __init__(
        self,
        kernel: Array,
        bias: Array | None = None,
        *,
        strides: Ints = 1,
        padding: Padding = "valid",
        data_format: str = "channels_last",
        dilation_rate: Ints = 1,
        groups: int = 1,
        activation: str | None = None,
        algorithm: str | None = None,
    ) -> None:
        self._options: dict[str, Any] = {
            "strides": strides,
            "padding": padding,
            "data_format": data_format,
            "dilation_rate": dilation_rate,
            "groups": groups,
            "activation": activation,
            "algorithm": algorithm,
        }
        self.update(kernel, bias)

    def update(self, kernel: Array, bias: Array | None = None) -> None:
        """Take other weights from the next call on."""
        self._kernel, self._bias = kernel.copy(), None if bias is None else bias.copy()

    def __call__(self, x: Array) -> Array:
        """`conv(x, kernel, bias, ...)`."""
        return conv(x, self._kernel, self._bias, **self._options)
