"""Matrix products with a fused bias and activation."""

from __future__ import annotations

import numpy as np

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
    b = operand("matmul", "b", b, a)
    bias = optional("matmul", "bias", bias, a)
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"matmul: a and b have {a.ndim} and {b.ndim} axes; expected at least 2")
    batch, a_offsets, b_offsets = _batch(a, b)
    return _native.matmul(
        a,
        a_offsets,
        transpose_a,
        b,
        b_offsets,
        transpose_b,
        bias,
        activation_code("matmul", activation),
        batch,
    )


def _batch(a: FloatArray, b: FloatArray) -> tuple[list[int], list[int], list[int]]:
    """The result's leading shape and, for each of its matrices, where its operands start."""
    if a.ndim == 2 and b.ndim == 2:
        return [], [0], [0]
    try:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ValueError(
            f"matmul: a has shape {a.shape} and b has shape {b.shape}; expected leading axes that broadcast"
        ) from None
    return list(batch), _offsets(a, batch), _offsets(b, batch)


def _offsets(x: FloatArray, batch: tuple[int, ...]) -> list[int]:
    lead = x.shape[:-2]
    starts = np.arange(int(np.prod(lead, dtype=np.int64))).reshape(lead) * (x.shape[-2] * x.shape[-1])
    offsets: list[int] = np.broadcast_to(starts, batch).ravel().tolist()
    return offsets
