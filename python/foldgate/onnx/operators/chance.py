"""Values drawn by chance."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.operators.shapes import dtype_of
from foldgate.onnx.registry import Context, Function, operator


def _drawn(context: Context) -> Any:
    """A function of a shape and a type; every node has numbers of its own, the same ones by its seed."""
    seed = context.attr("seed")
    source = np.random.default_rng(None if seed is None else np.float32(seed).view(np.uint32).item())
    if "Normal" in context.op:
        mean, scale = context.attr("mean", 0.0), context.attr("scale", 1.0)
        return lambda shape, dtype: source.normal(mean, scale, shape).astype(dtype)
    low, high = context.attr("low", 0.0), context.attr("high", 1.0)
    return lambda shape, dtype: source.uniform(low, high, shape).astype(dtype)


@operator("RandomNormal", "RandomUniform", attributes="dtype high low mean scale seed shape")
def random(context: Context) -> Function:
    """Of a given shape."""
    shape, dtype = tuple(context.attr("shape")), dtype_of(context.attr("dtype", 1))
    draw = _drawn(context)
    return lambda: draw(shape, dtype)


@operator("RandomNormalLike", "RandomUniformLike", attributes="dtype high low mean scale seed")
def random_like(context: Context) -> Function:
    """Of another value's shape, and its type where the node says none."""
    code, draw = context.attr("dtype"), _drawn(context)
    dtype = None if code is None else dtype_of(code)

    def call(x: Array) -> Array:
        found: Array = draw(x.shape, x.dtype if dtype is None else dtype)
        return found

    return call


@operator("Bernoulli", attributes="dtype seed")
def bernoulli(context: Context) -> Function:
    """1 with the probability that a value says, else 0. ONNX's own definition by others has it reversed."""
    code, draw = context.attr("dtype"), _drawn(context)
    dtype = None if code is None else dtype_of(code)

    def call(x: Array) -> Array:
        found: Array = draw(x.shape, np.float64) < x
        return found.astype(x.dtype if dtype is None else dtype)

    return call
