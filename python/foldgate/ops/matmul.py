"""Matrix products with a fused bias and activation."""

from __future__ import annotations

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray
from foldgate.ops._activation import activation_code


def matmul(
    a: FloatArray,
    b: FloatArray,
    bias: FloatArray | None = None,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    activation: str | None = None,
) -> FloatArray:
    """Multiplies matrices: `activation(a @ b + bias)`, with the batch semantics of `numpy.matmul`.

    Args:
      a: (..., M, K), or (..., K, M) with `transpose_a`; at least two axes.
      b: (..., K, N), or (..., N, K) with `transpose_b`. The leading axes of `a` and `b` broadcast.
      bias: (N,) or None.
      transpose_a: whether the last two axes of `a` are swapped; nothing is copied for it.
      transpose_b: the same for `b`.
      activation: None, `"relu"`, `"tanh"` or `"sigmoid"`, applied to the result.

    Returns:
      (..., M, N), of the dtype of `a`.

    Raises:
      TypeError: an operand is not an array, not float32 or float64, or of another dtype than `a`.
      ValueError: the shapes do not fit each other.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.matmul(np.eye(2), np.array([[1.0, -2.0], [3.0, 4.0]]), np.ones(2), activation="relu")
      array([[2., 0.],
             [4., 5.]])
    """
    a = operand("matmul", "a", a)
    b = operand("matmul", "b", b, a, "a")
    bias = optional("matmul", "bias", bias, a, "a")
    code = activation_code("matmul", activation)
    return _native.matmul(a, b, bias, bool(transpose_a), bool(transpose_b), code)
