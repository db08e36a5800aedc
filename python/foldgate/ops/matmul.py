"""Matrix products with a fused bias and activation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray
from foldgate.ops._activation import activation_backward, activation_code
from foldgate.ops._record import KnownOp, Needs
from foldgate.ops._scalars import check_flags

_Options = tuple[bool, bool, str | None]
_calls, _backward_calls = _native.Calls(3), _native.Calls(4)


@_calls.first  # a call like an earlier one never comes here
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
      activation: None, `"relu"`, `"relu6"`, `"tanh"` or `"sigmoid"`, applied to the result.

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
    options = (transpose_a, transpose_b, activation)
    c: FloatArray | None = _op.run(a, b, bias, options)
    return _op.drawn(a, b, bias, options) if c is None else c


def _plan(a: FloatArray, b: FloatArray, bias: FloatArray | None, options: _Options) -> FloatArray:
    """A product that is not known, which it is from now on."""
    a = operand("matmul", "a", a)
    b = operand("matmul", "b", b, a, "a")
    bias = optional("matmul", "bias", bias, a, "a")
    transpose_a, transpose_b, activation = options
    check_flags("matmul", transpose_a=transpose_a, transpose_b=transpose_b)
    code = activation_code("matmul", activation)
    plan = _native.MatmulPlan(a.shape, b.shape, bool(transpose_a), bool(transpose_b), code)
    _calls.keep(plan, a, b, bias, *options)
    return plan(a, b, bias)


def _plan_backward(
    dc: FloatArray,
    a: FloatArray,
    b: FloatArray,
    c: FloatArray | None,
    options: _Options,
    needs: Needs,
    over_dc: bool,
) -> Sequence[FloatArray | None]:
    """dz = dc * activation'(c); da = dz b^T, db = a^T dz, summed over what was broadcast."""
    a = operand("matmul", "a", a)
    b = operand("matmul", "b", b, a, "a")
    dc = operand("matmul", "dc", dc, a, "a")
    transpose_a, transpose_b, activation = options
    if b.ndim > 2 or transpose_a or transpose_b:
        return _general_backward(dc, a, b, c, options, needs)
    code = activation_code("matmul", activation)
    # A layer's product: all three gradients in one pass.
    need_a, need_b, need_bias = needs
    plan = _native.MatmulBackwardPlan(a.shape, b.shape, code, need_a, need_b, need_bias, over_dc)
    _backward_calls.keep(plan, dc, a, b, c, *options, *needs, over_dc)
    return plan(dc, a, b, c)


def _general_backward(
    dc: FloatArray,
    a: FloatArray,
    b: FloatArray,
    c: FloatArray | None,
    options: _Options,
    needs: Needs,
) -> Sequence[FloatArray | None]:
    """Of transposed matrices and batches of them, as products."""
    transpose_a, transpose_b, activation = options
    dz = activation_backward(activation, dc, c)
    if not dz.flags.c_contiguous:
        dz = np.ascontiguousarray(dz)
    da = db = dbias = None
    if needs[0]:
        flip = transpose_a  # a is (K, M): da = b dz^T
        left, right = (b, dz) if flip else (dz, b)
        da = matmul(left, right, transpose_a=flip and transpose_b, transpose_b=flip or not transpose_b)
    if needs[1]:
        db = _right_gradient(a, dz, b.ndim, transpose_a, transpose_b)
    if needs[2]:
        dbias = dz.sum(tuple(range(dz.ndim - 1)))
    return _summed(da, a.shape), _summed(db, b.shape), dbias


def _right_gradient(
    a: FloatArray, dz: FloatArray, axes: int, transpose_a: bool, transpose_b: bool
) -> FloatArray:
    """The gradient of b, as one product over all batches where b is one matrix."""
    if axes == 2 and a.ndim == dz.ndim > 2 and not transpose_a:
        a, dz = a.reshape(-1, a.shape[-1]), dz.reshape(-1, dz.shape[-1])
    if transpose_b:  # (N, K): dz^T a
        return matmul(dz, a, transpose_a=True, transpose_b=transpose_a)
    return matmul(a, dz, transpose_a=not transpose_a)


def _summed(gradient: FloatArray | None, shape: tuple[int, ...]) -> FloatArray | None:
    """Summed over the batch axes along which the operand of this shape was broadcast."""
    if gradient is None or gradient.shape == shape:
        return gradient
    lead = gradient.ndim - len(shape)
    axes = [i for i in range(gradient.ndim) if i < lead or (shape[i - lead] == 1 and gradient.shape[i] != 1)]
    total: FloatArray = np.sum(gradient, tuple(axes), keepdims=True).reshape(shape)
    return total


_op = KnownOp(
    matmul,
    ("transpose_a", "transpose_b", "activation"),
    _calls,
    _plan,
    _backward_calls,
    _plan_backward,
)
product = _op.run  # of (a, b, bias, (transpose_a, transpose_b, activation)): a layer's way past `matmul`
