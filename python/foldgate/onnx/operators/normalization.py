"""Normalisations."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from foldgate import ops
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import in_floats, wide
from foldgate.onnx.operators.shapes import axis_of, dtype_of
from foldgate.onnx.registry import Context, Function, operator


@operator("BatchNormalization", attributes="consumed_inputs epsilon is_test momentum spatial training_mode")
def batch_normalization(context: Context) -> Function:
    """By given statistics, or by the batch's: training_mode asks for those, before opset 14 an output."""
    if not context.flag("spatial", 1):
        raise context.refuse("spatial is 0; expected statistics a channel")
    axis = -1 if context.flag("_last") else 1
    options: dict[str, Any] = {"axis": axis, "epsilon": context.attr("epsilon", 1e-5)}
    if context.flag("training_mode") or (context.opset < 14 and context.wanted(1)):
        return _training(context.attr("momentum", 0.9), context.outputs, options)
    options["activation"] = context.attr("_activation")
    several = context.outputs > 1

    def call(x: Array, gamma: Array, beta: Array, mean: Array, variance: Array) -> Any:
        narrow = x.dtype
        values = [wide(a).astype(wide(x).dtype, copy=False) for a in (x, mean, variance, gamma, beta)]
        if x.ndim == 1:
            values[0] = values[0].reshape(1, -1)
        y = ops.batch_norm_inference(*values, **options).reshape(x.shape).astype(narrow, copy=False)
        return (y,) if several else y

    return call


def _training(momentum: float, outputs: int, options: dict[str, Any]) -> Function:
    def call(x: Array, gamma: Array, beta: Array, mean: Array, variance: Array) -> Any:
        done = ops.batch_norm(
            *[wide(a).astype(wide(x).dtype, copy=False) for a in (x, gamma, beta)], **options
        )
        y, kept = done.y.astype(x.dtype, copy=False), np.float32(momentum)
        running = [
            (old * kept + new * (1 - kept)).astype(old.dtype, copy=False)
            for old, new in ((mean, done.mean), (variance, done.variance))
        ]
        return (y, *running, done.mean, done.variance)[:outputs] if outputs > 1 else y

    return call


@operator("InstanceNormalization", attributes="consumed_inputs epsilon")
def instance_normalization(context: Context) -> Function:
    """Each channel of each sample by its own statistics."""
    axis, epsilon = -1 if context.flag("_last") else 1, context.attr("epsilon", 1e-5)
    return in_floats(lambda x, gamma, beta: ops.instance_norm(x, gamma, beta, axis=axis, epsilon=epsilon))


@operator("GroupNormalization", attributes="epsilon num_groups stash_type")
def group_normalization(context: Context) -> Function:
    """Groups of channels; before opset 21 scale and bias are one a group."""
    axis, epsilon = -1 if context.flag("_last") else 1, context.attr("epsilon", 1e-5)
    groups, old = context.attr("num_groups"), context.opset < 21

    def call(x: Array, gamma: Array, beta: Array) -> Array:
        if old:
            gamma, beta = (np.repeat(a, x.shape[axis] // groups) for a in (gamma, beta))
        return ops.group_norm(x, gamma, beta, groups=groups, axis=axis, epsilon=epsilon)

    return in_floats(call)


@operator("LayerNormalization", attributes="axis epsilon stash_type")
def layer_normalization(context: Context) -> Function:
    """Over the axes from `axis` on; the statistics keep them with extent 1, in the type of `stash_type`."""
    stash = dtype_of(context.attr("stash_type", 1))
    axis, epsilon, outputs = context.attr("axis", -1), context.attr("epsilon", 1e-5), context.outputs

    def call(x: Array, gamma: Array, beta: Array | None = None) -> Any:
        first, rows, parts, rest = _rows(wide(x), axis, wide(gamma), None if beta is None else wide(beta))
        done = ops.layer_norm(rows, *parts, epsilon=epsilon, return_statistics=True)
        y = rest(done.y).astype(x.dtype, copy=False)
        shape = x.shape[:first] + (1,) * (x.ndim - first)
        statistics = [np.asarray(value, stash).reshape(shape) for value in (done.mean, done.rstd)]
        return (y, *statistics)[:outputs] if outputs > 1 else y

    return call


@operator("RMSNormalization", attributes="axis epsilon stash_type")
def rms_normalization(context: Context) -> Function:
    """Over the axes from `axis` on."""
    axis, epsilon = context.attr("axis", -1), context.attr("epsilon", 1e-5)

    def call(x: Array, gamma: Array) -> Array:
        _, rows, (scale, _), rest = _rows(x, axis, gamma, None)
        return rest(ops.rms_norm(rows, scale, epsilon=epsilon))

    return in_floats(call)


def _rows(
    x: Array, axis: int, gamma: Array, beta: Array | None
) -> tuple[int, Array, tuple[Array | None, Array | None], Callable[[Array], Array]]:
    """The first normalised axis, x with all of those as one, scale and bias to fit, and what is left."""
    first = axis_of(axis, x, x.ndim - 1)
    shape = x.shape[first:]
    rows = x.reshape(prod(x.shape[:first]), prod(shape))
    given = [a for a in (gamma, beta) if a is not None]
    if all(prod(a.shape[: max(a.ndim - len(shape), 0)]) == 1 for a in given):
        parts = [np.broadcast_to(a, (1,) * first + shape).ravel() for a in given]
        return first, rows, (parts[0], parts[1] if beta is not None else None), lambda y: y.reshape(x.shape)
    scale, *shift = (np.broadcast_to(a, x.shape) for a in given)  # they differ between the rows
    return first, rows, (None, None), lambda y: sum(shift, y.reshape(x.shape) * scale)


@operator("LpNormalization", attributes="axis p")
def lp_normalization(context: Context) -> Function:
    """By the 1- or 2-norm along an axis; zeros stay."""
    axis, p = context.attr("axis", -1), context.attr("p", 2)
    if p not in (1, 2):
        raise context.refuse(f"p is {p}; expected 1 or 2")

    def call(x: Array) -> Array:
        norm = (
            np.linalg.norm(x, ord=p, axis=axis, keepdims=True)
            if p == 2
            else np.abs(x).sum(axis, keepdims=True)
        )
        return np.where(norm == 0, x.dtype.type(0), x / np.where(norm == 0, 1, norm)).astype(x.dtype)

    return in_floats(call)


@operator("MeanVarianceNormalization", attributes="across_channels axes normalize_variance")
def mean_variance_normalization(context: Context) -> Function:
    """By mean and deviation over axes, which opset 8 and before named by two flags."""
    axes = tuple(context.attr("axes", [0, 1, 2, 3] if context.flag("across_channels") else [0, 2, 3]))
    centre_alone = not context.flag("normalize_variance", 1)

    def call(x: Array) -> Array:
        centred = x - x.mean(axes, keepdims=True)
        if centre_alone:
            return np.asarray(centred)
        deviation = np.sqrt(np.mean(centred**2, axes, keepdims=True))
        return np.asarray(centred / (deviation + x.dtype.type(1e-9)))

    return in_floats(call)


@operator("LRN", attributes="alpha beta bias size")
def local_response(context: Context) -> Function:
    """By the squares of `size` neighbouring channels."""
    size, bias = context.attr("size"), context.attr("bias", 1.0)
    alpha, beta = context.attr("alpha", 1e-4), context.attr("beta", 0.75)

    def call(x: Array) -> Array:
        channels = x.shape[1]
        sums = np.zeros((x.shape[0], channels + 1, *x.shape[2:]), np.float64)
        np.cumsum(np.square(x, dtype=np.float64), axis=1, out=sums[:, 1:])
        at = np.arange(channels)
        after = np.minimum(at + size - (size - 1) // 2, channels)
        before = np.maximum(at - (size - 1) // 2, 0)
        near = sums[:, after] - sums[:, before]
        return np.asarray(x / (bias + alpha / size * near) ** beta).astype(x.dtype)

    return in_floats(call)
