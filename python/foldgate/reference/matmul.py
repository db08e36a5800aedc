"""The dense product with its bias and activation."""

from __future__ import annotations

import numpy as np

from foldgate.reference._activation import activate
from foldgate.reference._types import Array

__all__ = ["matmul"]


def matmul(
    a: Array,
    b: Array,
    bias: Array | None = None,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    activation: str | None = None,
) -> Array:
    """activation(a @ b + bias), with `numpy.matmul`'s rules for two and more axes.

    Args:
        a: `(..., M, K)`, or `(..., K, M)` with `transpose_a`.
        b: `(..., K, N)`, or `(..., N, K)` with `transpose_b`. The leading axes of `a` and `b` broadcast.
        bias: `(N,)` or `None`.
        transpose_a: whether to swap the last two axes of `a`.
        transpose_b: whether to swap the last two axes of `b`.
        activation: `None`, `"linear"`, `"relu"`, `"relu6"`, `"tanh"` or `"sigmoid"`.

    Returns:
        `(..., M, N)`.

    Raises:
        ValueError: when an operand has fewer than two axes, or the shapes do not fit.

    Example:
        >>> import numpy as np
        >>> matmul(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), transpose_b=True)
        array([[11.]])
    """
    if min(a.ndim, b.ndim) < 2:
        raise ValueError(f"matmul: a and b have {a.ndim} and {b.ndim} axes; expected at least 2")
    if transpose_a:
        a = np.swapaxes(a, -1, -2)
    if transpose_b:
        b = np.swapaxes(b, -1, -2)
    product = a @ b
    if bias is not None:
        product = product + bias
    return activate(product, activation)
