"""Shapes, and values in another shape or order."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from foldgate._join import joined
from foldgate.onnx._package import onnx_package
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import is_native
from foldgate.onnx.registry import Context, Function, operator
from foldgate.ops._layout import channels_behind

_LARGE = 2048  # values of an image that is turned at once: whoever reads it wants it in its own order


def dtype_of(code: int) -> np.dtype[Any]:
    """The NumPy dtype of a TensorProto data type."""
    try:
        dtype: np.dtype[Any] = np.dtype(onnx_package("helper").tensor_dtype_to_np_dtype(code))
        return dtype
    except KeyError:
        raise ValueError(f"data type {code}; expected one that onnx knows") from None


def axis_of(axis: int, x: Array, most: int) -> int:
    """An axis of x from the front, of those up to `most`."""
    if not -x.ndim <= axis <= most:
        raise ValueError(f"axis is {axis}; expected {-x.ndim} to {most}")
    return axis + x.ndim if axis < 0 else axis


def ints_of(context: Context, name: str, i: int) -> list[int] | None:
    """Ints that are an attribute in older opsets and input i in newer ones, where they are known now."""
    value = context.attr(name)
    if value is not None:
        return [int(v) for v in value]
    known = context.constant(i)
    return None if known is None else [int(v) for v in known.ravel()]


@operator(
    "Constant",
    attributes="value value_float value_floats value_int value_ints value_string value_strings sparse_value",
)
def constant(context: Context) -> Function:
    """One of the attributes as an array."""
    (name, value), *rest = context.node.attributes.items() or [("", None)]
    if rest or name == "sparse_value" or name == "":
        raise context.refuse("expected one dense value")
    if name != "value":
        kinds = {"float": np.float32, "int": np.int64, "string": np.object_}
        value = np.array(value, kinds[name.removeprefix("value_").removesuffix("s")])
    return lambda: value


@operator("ConstantOfShape", attributes="value")
def constant_of_shape(context: Context) -> Function:
    """One value everywhere."""
    value = context.attr("value", np.zeros(1, np.float32)).reshape(())
    return lambda shape: np.full(tuple(shape.tolist()), value)


@operator("Identity")
def identity(context: Context) -> Function:
    """The same."""
    return lambda x: x


@operator("Dropout", attributes="ratio seed is_test consumed_inputs")
def dropout(context: Context) -> Function:
    """At inference: the same, and a mask of ones. Asked to train, it draws by its seed."""
    mask_wanted = context.outputs > 1
    seed, old = context.attr("seed", 0), context.opset < 10

    def call(x: Array, ratio: Array | None = None, training: Array | None = None) -> Any:
        mask: Array = np.ones(x.shape, x.dtype if old else bool)
        if training is not None and training.any():
            share = 0.5 if ratio is None else float(ratio.reshape(()))
            if share:
                mask = np.asarray(np.random.RandomState(seed).uniform(0.0, 1.0, x.shape) >= share)
                x = (x * mask / (1 - share)).astype(x.dtype)
        return (x, mask) if mask_wanted else x

    return call


@operator("Shape", attributes="start end")
def shape(context: Context) -> Function:
    """Extents as int64."""
    part = slice(context.attr("start", 0), context.attr("end"))
    return lambda x: np.array(x.shape[part], np.int64)


@operator("Size")
def size(context: Context) -> Function:
    """The number of values."""
    return lambda x: np.array(x.size, np.int64)


@operator("Reshape", attributes="allowzero shape consumed_inputs")
def reshape(context: Context) -> Function:
    """0 keeps an extent, or with allowzero is one; -1 takes what is left."""
    keep_zero = not context.flag("allowzero")
    known = ints_of(context, "shape", 1)
    if known is not None and not (keep_zero and 0 in known):
        fixed = _extents(known)
        return lambda x, *_: x.reshape(fixed)

    def call(x: Array, wanted: Array | None = None) -> Array:
        extents = _extents(known if wanted is None or known is not None else wanted.tolist())
        if not keep_zero:
            return x.reshape(extents)
        if 0 in extents[x.ndim :]:
            raise ValueError(f"shape is {extents}; expected no 0 beyond the {x.ndim} axes of {x.shape}")
        return x.reshape([x.shape[i] if e == 0 else e for i, e in enumerate(extents)])

    return call


def _extents(wanted: list[int] | None) -> tuple[int, ...]:
    """What a shape to come says; NumPy would take every negative number for -1."""
    extents = tuple(wanted or ())
    if min(extents, default=0) < -1:
        raise ValueError(f"shape is {extents}; expected extents of at least -1")
    return extents


@operator("Transpose", attributes="perm")
def transpose(context: Context) -> Function:
    """Axes in another order: a view, or a copy by the kernels where axis 1 goes behind the others."""
    perm = context.attr("perm")
    if perm is None or len(perm) < 3 or list(perm) != [0, *range(2, len(perm)), 1]:
        return lambda x: x.transpose(perm)

    def behind(x: Array) -> Array:
        if x.shape[1] == 1 or not is_native(x.dtype) or x.size < _LARGE or not x.flags.c_contiguous:
            return x.transpose(perm)
        return channels_behind(x)

    return behind


@operator("Flatten", attributes="axis")
def flatten(context: Context) -> Function:
    """To two axes."""
    axis = context.attr("axis", 1)

    def call(x: Array) -> Array:
        at = axis_of(axis, x, x.ndim)
        return x.reshape(prod(x.shape[:at]), prod(x.shape[at:]))

    return call


@operator("Squeeze", attributes="axes")
def squeeze(context: Context) -> Function:
    """Without axes of extent 1."""
    known = ints_of(context, "axes", 1)

    def call(x: Array, axes: Array | None = None) -> Array:
        which = known if axes is None or known is not None else axes.tolist()
        return np.squeeze(x, axis=None if which is None else tuple(which))

    return call


@operator("Unsqueeze", attributes="axes")
def unsqueeze(context: Context) -> Function:
    """With axes of extent 1."""
    known = ints_of(context, "axes", 1)

    def call(x: Array, axes: Array | None = None) -> Array:
        which = known if axes is None or known is not None else axes.ravel().tolist()
        return np.expand_dims(x, tuple(which or ()))

    return call


@operator("Expand")
def expand(context: Context) -> Function:
    """Broadcast; a view."""

    def call(x: Array, wanted: Array) -> Array:
        return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(wanted.tolist())))

    return call


@operator("Tile")
def tile(context: Context) -> Function:
    """Repeated along every axis; in opset 1 along one."""
    if context.opset < 6:

        def along(x: Array, tiles: Array, axis: Array) -> Array:
            counts = [1] * x.ndim
            counts[int(axis.reshape(()))] = int(tiles.reshape(()))
            return np.tile(x, counts)

        return along
    return lambda x, repeats: np.tile(x, repeats.tolist())


@operator("Concat", attributes="axis")
def concat(context: Context) -> Function:
    """Along an axis."""
    axis = context.attr("axis", 1)
    return lambda *parts: joined(parts, axis)


@operator("Split", attributes="axis split num_outputs")
def split(context: Context) -> Function:
    """Parts of given or equal extents; views."""
    axis, count = context.attr("axis", 0), context.attr("num_outputs", context.outputs)
    said, even = ints_of(context, "split", 1), context.opset < 18

    def call(x: Array, given: Array | None = None) -> Sequence[Array] | Array:
        sizes = given.tolist() if given is not None else said
        if sizes is None:
            if even and x.shape[axis] % count:
                raise ValueError(f"axis {axis} has {x.shape[axis]} values; expected {count} equal parts")
            each = -(-x.shape[axis] // count)
            sizes = [each] * (count - 1) + [x.shape[axis] - each * (count - 1)]
        if sum(sizes) != x.shape[axis] or min(sizes, default=0) < 0:
            raise ValueError(f"split is {sizes}; expected parts of {x.shape[axis]}")
        parts = np.split(x, np.cumsum(sizes)[:-1].tolist(), axis)
        return parts[0] if context.outputs == 1 else parts

    return call


@operator("Cast", attributes="to saturate round_mode")
def cast(context: Context) -> Function:
    """To another type."""
    to, saturate = context.attr("to"), context.flag("saturate", 1)
    if isinstance(to, str):  # opset 1 spells it out
        to = onnx_package().TensorProto.DataType.Value(to)
    dtype = dtype_of(to)
    round_mode = context.attr("round_mode", "up")
    return lambda x: cast_to(x, dtype, saturate, round_mode)


@operator("CastLike", attributes="saturate round_mode")
def cast_like(context: Context) -> Function:
    """To another value's type."""
    saturate = context.flag("saturate", 1)
    return lambda x, like: cast_to(x, like.dtype, saturate)


def cast_to(x: Array, dtype: np.dtype[Any], saturate: bool = True, round_mode: str = "up") -> Array:
    """Numbers, bools and texts as another type of these."""
    if dtype == x.dtype:
        return x
    if dtype.kind == "O":
        if x.dtype.kind == "f":
            return np.array([_text(v) for v in x.ravel()], object).reshape(x.shape)
        return x.astype(str).astype(object)
    if x.dtype.kind == "O":
        x = x.astype(str).astype(np.float64 if dtype.kind not in "iu" else dtype)
    if dtype.itemsize > 1 or dtype.isbuiltin == 1:
        return x.astype(dtype)
    return _small(x, dtype, saturate, round_mode)


def _text(value: Any) -> str:
    return (
        "NaN" if np.isnan(value) else ("INF" if value > 0 else "-INF") if np.isinf(value) else f"{value:.8g}"
    )


def _small(x: Array, dtype: np.dtype[Any], saturate: bool, round_mode: str) -> Array:
    """To floats of eight bits and fewer, of which those of eight saturate, and to narrow integers."""
    if dtype.name == "float8_e8m0fnu":
        return np.asarray(onnx_package("numpy_helper").to_float8e8m0(x, saturate, round_mode))
    if saturate and dtype.name.startswith("float8"):
        return np.asarray(onnx_package("numpy_helper").saturate_cast(x, dtype))
    return x.astype(dtype)
