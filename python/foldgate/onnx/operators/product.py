"""Gemm, MatMul and Einsum."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import ops
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import is_native, wide
from foldgate.onnx.registry import Context, Function, operator


@operator("Gemm", attributes="alpha beta transA transB broadcast")
def gemm(context: Context) -> Function:
    """alpha A B + beta C. Known weights take alpha, a known C takes beta, before the first call."""
    alpha, beta = context.attr("alpha", 1.0), context.attr("beta", 1.0)
    transposed = context.flag("transA"), context.flag("transB")
    weights, addend = context.constant(1), context.constant(2)
    if (
        weights is None
        or not is_native(weights.dtype)
        or (context.given(2) and (addend is None or addend.size not in (1, weights.shape[1 - transposed[1]])))
        or (addend is not None and addend.ndim > 1 and addend.shape[-1] != addend.size)
    ):
        return _general(alpha, beta, transposed, context.attr("_activation"))
    columns = weights.shape[1 - transposed[1]]
    scaled = weights if alpha == 1 else weights * weights.dtype.type(alpha)
    scaled = np.ascontiguousarray(scaled.T if transposed[1] else scaled)
    bias = None
    if addend is not None:
        bias = np.ascontiguousarray(np.broadcast_to(addend.ravel() * weights.dtype.type(beta), (columns,)))
    first, activation = transposed[0], context.attr("_activation")

    context.takes(0)

    def call(a: Array) -> Array:
        return ops.matmul(a, scaled, bias, transpose_a=first, activation=activation)

    return call


def _general(alpha: float, beta: float, transposed: tuple[bool, bool], activation: str | None) -> Function:
    def call(a: Array, b: Array, c: Array | None = None) -> Array:
        if a.ndim != 2 or b.ndim != 2:
            raise ValueError(f"A has shape {a.shape} and B {b.shape}; expected two axes each")
        if not is_native(a.dtype) and a.dtype.kind in "iu":
            y = (a.T if transposed[0] else a) @ (b.T if transposed[1] else b)
            y = y if alpha == 1 else (y * alpha).astype(a.dtype)
        else:
            y = ops.matmul(wide(a), wide(b), transpose_a=transposed[0], transpose_b=transposed[1])
            y = y if alpha == 1 else y * y.dtype.type(alpha)
        if c is not None:
            y = y + (c if beta == 1 else c.astype(y.dtype) * beta)
        y = y.astype(a.dtype, copy=False)
        return y if activation is None else getattr(ops, activation)(y)

    return call


@operator("MatMul")
def matmul(context: Context) -> Function:
    """As numpy.matmul; the addend that a pass may have moved here is a third input."""
    activation = context.attr("_activation")

    def call(a: Array, b: Array, bias: Array | None = None) -> Any:
        if not is_native(a.dtype) or a.ndim < 2 or b.ndim < 2:
            y = np.matmul(wide(a), wide(b)).astype(a.dtype) if a.dtype.kind not in "iu" else np.matmul(a, b)
            y = np.asarray(y if bias is None else y + bias)
            return y if activation is None else getattr(ops, activation)(y)
        return ops.matmul(a, b, bias, activation=activation)

    return call


@operator("Einsum", attributes="equation")
def einsum(context: Context) -> Function:
    """As numpy.einsum."""
    equation = context.attr("equation")
    if not equation or len(equation) > 200:
        raise context.refuse(f"equation is {equation!r}; expected one of at most 200 signs")

    def call(*operands: Array) -> Array:
        wider = [x if x.dtype.isbuiltin == 1 else x.astype(np.float32) for x in operands]
        y = np.asarray(np.einsum(equation, *wider, optimize=len(operands) > 2))
        return y.astype(operands[0].dtype, copy=False)

    return call
