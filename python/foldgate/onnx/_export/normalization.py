"""Normalizations."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer


def _as_it_is(array: Any) -> Any:
    return array


def batch_norm(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """BatchNormalization by the moving averages; with channels behind others, as a factor and a term."""
    value = w.floats(given["inputs"], layer.compute_dtype)
    axis = layer.axis % value.rank
    if axis == value.rank - 1 and value.rank > 3:
        value = w.laid(value, "first")
    if value.layout == "time" or value.place(axis) != 1:
        return _scaled(w, layer, value, axis)
    channels = layer.moving_mean.shape[0]
    gamma, beta = layer.gamma, layer.beta
    ones, zeros = np.ones(channels, value.dtype), np.zeros(channels, value.dtype)
    y = w.op(
        "BatchNormalization",
        value.name,
        w.constant(ones) if gamma is None else w.weight(gamma, _as_it_is, "gamma"),
        w.constant(zeros) if beta is None else w.weight(beta, _as_it_is, "beta"),
        w.weight(layer.moving_mean, _as_it_is, "mean"),
        w.weight(layer.moving_variance, _as_it_is, "variance"),
        epsilon=float(layer.epsilon),
    )
    return w.same(value, y)


def _scaled(w: Writer, layer: Any, value: Value, axis: int) -> Value:
    laid = [1] * value.rank
    laid[value.place(axis)] = -1
    factor = 1 / np.sqrt(layer.moving_variance.numpy().astype(np.float64) + layer.epsilon)
    factor = factor if layer.gamma is None else factor * layer.gamma.numpy()
    term = -layer.moving_mean.numpy() * factor
    term = term if layer.beta is None else term + layer.beta.numpy()
    y = w.op("Mul", value.name, w.constant(factor.reshape(laid), value.dtype, "factor"))
    return w.same(value, w.op("Add", y, w.constant(term.reshape(laid), value.dtype, "term")))


def layer_norm(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """LayerNormalization over the last axes."""
    value = w.laid(w.floats(given["inputs"], layer.compute_dtype), "plain")
    perm = _to_last(layer._axes, value.rank)
    x = value.name if perm is None else w.op("Transpose", value.name, perm=perm)
    shape = tuple(value.shape[axis] for axis in layer._axes)
    scale, bias = layer.gamma, layer.beta

    def in_order(weight: Any) -> Any:
        return weight.reshape(shape)

    scale = w.constant(np.ones(shape), value.dtype) if scale is None else w.weight(scale, in_order, "gamma")
    bias = None if bias is None else w.weight(bias, in_order, "beta")
    y = w.op("LayerNormalization", x, scale, bias, axis=-len(shape), epsilon=float(layer.epsilon))
    return w.same(value, _back(w, y, perm))


def _to_last(axes: tuple[int, ...], rank: int) -> list[int] | None:
    perm = [axis for axis in range(rank) if axis not in axes] + list(axes)
    return None if perm == list(range(rank)) else perm


def _back(w: Writer, y: str, perm: list[int] | None) -> str:
    return y if perm is None else w.op("Transpose", y, perm=[int(i) for i in np.argsort(perm)])


def rms_norm(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """RMSNormalization: x scale / sqrt(mean(x^2) + epsilon)."""
    value = w.laid(w.floats(given["inputs"], layer.compute_dtype), "plain")
    laid = [size if axis in layer._axes else 1 for axis, size in enumerate(value.shape)]
    scale = w.weight(layer.scale, lambda array: array.reshape(laid), "scale")
    axes = w.ints(*layer._axes)
    return w.same(value, w.op("Mul", _by_root(w, value, axes, "ReduceMean", layer.epsilon), scale))


def unit_norm(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """UnitNormalization: x over its length."""
    value = w.laid(w.floats(given["inputs"], layer.compute_dtype), "plain")
    axes = (layer.axis,) if isinstance(layer.axis, int) else tuple(layer.axis)
    return w.same(
        value, _by_root(w, value, w.ints(*sorted(a % value.rank for a in axes)), "ReduceSum", 1e-24)
    )


def _by_root(w: Writer, value: Value, axes: str, kind: str, epsilon: float) -> str:
    square = w.op(kind, w.op("Mul", value.name, value.name), axes, keepdims=1)
    return w.op("Div", value.name, w.op("Sqrt", w.op("Add", square, w.constant(epsilon, value.dtype))))


def group_norm(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """GroupNormalization: each group as one row that InstanceNormalization normalizes."""
    value = w.floats(given["inputs"], layer.compute_dtype)
    axis, rank, groups = layer.axis % value.rank, value.rank, layer.groups
    perm = [0, axis, *(a for a in range(1, rank) if a != axis)]
    if axis == rank - 1:
        x, perm = w.laid(value, "first").name, list(range(rank))
    else:
        x = w.plain(value)
        x = x if perm == list(range(rank)) else w.op("Transpose", x, perm=perm)
    flat = w.op("Reshape", x, w.ints(0, groups, -1))
    ones, zeros = np.ones(groups, value.dtype), np.zeros(groups, value.dtype)
    y = w.op("InstanceNormalization", flat, w.constant(ones), w.constant(zeros), epsilon=float(layer.epsilon))
    y = w.op("Reshape", y, w.op("Shape", x))
    laid = (-1, *(1,) * (rank - 2))
    if layer.gamma is not None:
        y = w.op("Mul", y, w.weight(layer.gamma, lambda array: array.reshape(laid), "gamma"))
    if layer.beta is not None:
        y = w.op("Add", y, w.weight(layer.beta, lambda array: array.reshape(laid), "beta"))
    if axis == rank - 1:
        return Value(y, value.shape, value.dtype, "first" if rank > 2 else "plain")
    return Value(_back(w, y, None if perm == list(range(rank)) else perm), value.shape, value.dtype)


def spectral_norm(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """SpectralNormalization: outside of training the layer within."""
    return w.inner(layer.layer, given["inputs"], shapes[0])


def normalization(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """Normalization by the mean and variance that it was given or has learned."""
    from foldgate.config import epsilon

    value = w.laid(w.floats(given["inputs"], layer.compute_dtype), "plain")
    mean = w.constant(layer.mean, value.dtype, "mean")
    spread = w.constant(np.maximum(np.sqrt(layer.variance), epsilon()), value.dtype, "spread")
    if layer.invert:
        return w.same(value, w.op("Add", w.op("Mul", value.name, spread), mean))
    return w.same(value, w.op("Div", w.op("Sub", value.name, mean), spread))


HANDLERS = {
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "RMSNormalization": rms_norm,
    "UnitNormalization": unit_norm,
    "GroupNormalization": group_norm,
    "SpectralNormalization": spectral_norm,
    "Normalization": normalization,
}
