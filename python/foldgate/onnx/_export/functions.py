"""NumPy's functions and operators on a model's tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._nest import flatten
from foldgate._symbolic.operations import get_item
from foldgate.onnx._export.merging import aligned
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer

_BINARY = {
    np.add: "Add", np.subtract: "Sub", np.multiply: "Mul", np.true_divide: "Div", np.power: "Pow",
    np.maximum: "Max", np.minimum: "Min", np.greater: "Greater", np.less: "Less", np.equal: "Equal",
    np.greater_equal: "GreaterOrEqual", np.less_equal: "LessOrEqual", np.logical_and: "And",
    np.logical_or: "Or",
}  # fmt: skip
_UNARY = {
    np.negative: "Neg", np.absolute: "Abs", np.sqrt: "Sqrt", np.exp: "Exp", np.log: "Log", np.tanh: "Tanh",
    np.sin: "Sin", np.cos: "Cos", np.tan: "Tan", np.sinh: "Sinh", np.cosh: "Cosh", np.sign: "Sign",
    np.floor: "Floor", np.ceil: "Ceil", np.reciprocal: "Reciprocal", np.logical_not: "Not",
    np.arcsin: "Asin", np.arccos: "Acos", np.arctan: "Atan",
}  # fmt: skip
_REDUCTIONS = {np.sum: "ReduceSum", np.mean: "ReduceMean", np.max: "ReduceMax", np.min: "ReduceMin",
               np.prod: "ReduceProd"}  # fmt: skip


def write_function(w: Writer, call: Any, args: Any, kwargs: Any, outputs: list[Any]) -> Value:
    """Writes one call of a function of NumPy."""
    if len(outputs) != 1 or kwargs:
        raise w.refuse("its arguments have no ONNX form here")
    function, options, shape, dtype = call.function, call.options, outputs[0].shape, outputs[0].dtype
    if function in _UNARY and len(args) == 1:
        return w.same(args[0], w.op(_UNARY[function], args[0].name), dtype=dtype)
    if function is np.square:
        return w.same(args[0], w.op("Mul", args[0].name, args[0].name))
    if function in _BINARY or function is np.where:
        return _broadcast(w, function, args, shape, dtype)
    if function in _REDUCTIONS:
        return _reduced(w, _REDUCTIONS[function], args[0], options, shape)
    form = _FORMS.get(function)
    if form is None:
        raise w.refuse(f"numpy.{getattr(function, '__name__', function)} has no ONNX form here")
    return Value(form(w, args, options, shape), shape, dtype)


def _broadcast(w: Writer, function: Any, args: Any, shape: Any, dtype: str) -> Value:
    kinds = [arg.dtype for arg in args if isinstance(arg, Value) and arg.dtype != "bool"]
    kind = np.result_type(*kinds).name if kinds else dtype
    if function is np.true_divide or function is np.where:
        kind = dtype
    values = []
    for i, arg in enumerate(args):
        if isinstance(arg, Value):
            boolean = arg.dtype == "bool"
            values.append(arg if arg.dtype == kind or boolean else w.floats(arg, kind))
        else:
            array = np.asarray(arg, None if function is np.where and i == 0 else kind)
            values.append(Value(w.constant(array), array.shape, array.dtype.name))
    tensors = [value for value in values if value.rank]
    if len({value.rank for value in tensors}) == 1 and len(tensors) == len(values):
        values = aligned(w, values)
        layout = values[0].layout
    elif len(tensors) == 1:  # scalars broadcast in any order
        layout = tensors[0].layout
    else:
        values, layout = [w.laid(value, "plain") for value in values], "plain"
    node = "Where" if function is np.where else _BINARY[function]
    return Value(w.op(node, *(value.name for value in values)), shape, dtype, layout)


def _reduced(w: Writer, kind: str, x: Any, options: dict[str, Any], shape: Any) -> Value:
    axis = options.get("axis")
    named = range(x.rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = w.ints(*sorted(a % x.rank for a in named))
    y = w.op(kind, w.plain(x), axes, keepdims=int(bool(options.get("keepdims"))))
    return Value(y, shape, x.dtype)


def _reshape(w: Writer, args: Any, options: Any, shape: Any) -> str:
    """The sizes that are known, the batch as it is, and one -1."""
    target, source = options["shape"], args[0].shape
    target = (target,) if isinstance(target, int) else tuple(target)
    if target and target[0] == -1 and len(shape) == len(target) and _keeps_batch(source, shape, target):
        target = (0, *target[1:])
    return w.op("Reshape", w.plain(args[0]), w.ints(*target))


def _keeps_batch(source: Any, shape: Any, target: Any) -> bool:
    return source[0] is None and None not in source[1:] and shape[0] is None and -1 not in target[1:] and (
        int(np.prod(source[1:])) == int(np.prod(target[1:]))
    )  # fmt: skip


def _transpose(w: Writer, args: Any, options: Any, shape: Any) -> str:
    rank, axes = args[0].rank, options.get("axes")
    perm = range(rank)[::-1] if axes is None else [a % rank for a in axes]
    return w.op("Transpose", w.plain(args[0]), perm=list(perm))


def _swapaxes(w: Writer, args: Any, options: Any, shape: Any) -> str:
    perm = list(range(args[0].rank))
    one, other = options["axis1"] % len(perm), options["axis2"] % len(perm)
    perm[one], perm[other] = other, one
    return w.op("Transpose", w.plain(args[0]), perm=perm)


def _moveaxis(w: Writer, args: Any, options: Any, shape: Any) -> str:
    places = np.moveaxis(np.empty(range(args[0].rank)), options["source"], options["destination"])
    return w.op("Transpose", w.plain(args[0]), perm=[int(size) for size in places.shape])


def _concatenate(w: Writer, args: Any, options: Any, shape: Any) -> str:
    parts = args[0]
    if not all(isinstance(part, Value) for part in parts):
        raise w.refuse("numpy.concatenate with arrays that are no tensors of the model has no ONNX form here")
    return w.op("Concat", *(w.plain(part) for part in parts), axis=options["axis"] or 0)


def _stack(w: Writer, args: Any, options: Any, shape: Any) -> str:
    axis = (options["axis"] or 0) % len(shape)
    parts = [w.op("Unsqueeze", w.plain(part), w.ints(axis)) for part in args[0]]
    return w.op("Concat", *parts, axis=axis)


def _expand_dims(w: Writer, args: Any, options: Any, shape: Any) -> str:
    axis = options["axis"]
    return w.op("Unsqueeze", w.plain(args[0]), w.ints(*((axis,) if isinstance(axis, int) else axis)))


def _squeeze(w: Writer, args: Any, options: Any, shape: Any) -> str:
    axis = options["axis"]
    if axis is None:
        raise w.refuse("numpy.squeeze without an axis has no ONNX form here")
    return w.op("Squeeze", w.plain(args[0]), w.ints(*((axis,) if isinstance(axis, int) else axis)))


def _clip(w: Writer, args: Any, options: Any, shape: Any) -> str:
    kind = args[0].dtype
    ends = [options.get(name) for name in ("a_min", "a_max")]
    return w.op("Clip", w.plain(args[0]), *(None if e is None else w.constant(e, kind) for e in ends))


def _matmul(w: Writer, args: Any, options: Any, shape: Any) -> str:
    names = [w.plain(a) if isinstance(a, Value) else w.constant(np.asarray(a), args[0].dtype) for a in args]
    return w.op("MatMul", *names)


def _flip(w: Writer, args: Any, options: Any, shape: Any) -> str:
    axis = options["axis"]
    axes = range(args[0].rank) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    count = len(tuple(axes))
    ends = w.ints(*[-(2**31)] * count)
    return w.op("Slice", w.plain(args[0]), w.ints(*[-1] * count), ends, w.ints(*axes), w.ints(*[-1] * count))


def _get_item(w: Writer, args: Any, options: Any, shape: Any) -> str:
    """Slices and whole numbers."""
    x, key = args
    if any(isinstance(leaf, Value) for leaf in flatten(key)):
        raise w.refuse("an index that is a tensor has no ONNX form here")
    parts = list(key) if isinstance(key, (tuple, list)) else [key]
    if Ellipsis in [p for p in parts if not isinstance(p, np.ndarray)]:
        at = parts.index(Ellipsis)
        missing = x.rank - sum(part is not None for part in parts) + 1
        parts[at : at + 1] = [slice(None)] * missing
    rows: list[tuple[int, int, int, int]] = []
    dropped: list[int] = []
    added: list[int] = []
    axis = 0
    for part in parts:
        if part is None:
            added.append(axis - len(dropped) + len(added))
            continue
        if isinstance(part, (int, np.integer)):
            rows.append((int(part), int(part) + 1 if part != -1 else 2**31, axis, 1))
            dropped.append(axis)
        elif not isinstance(part, slice):
            raise w.refuse(f"an index {part!r} has no ONNX form here")
        elif part != slice(None):
            step = part.step or 1
            start = (0 if step > 0 else -1) if part.start is None else part.start
            end = (2**31 if step > 0 else -(2**31)) if part.stop is None else part.stop
            rows.append((start, end, axis, step))
        axis += 1
    y = w.plain(x)
    if rows:
        y = w.op("Slice", y, *(w.ints(*column) for column in zip(*rows, strict=True)))
    y = w.op("Squeeze", y, w.ints(*dropped)) if dropped else y
    return w.op("Unsqueeze", y, w.ints(*added)) if added else y


_FORMS: dict[Any, Any] = {
    np.reshape: _reshape,
    np.transpose: _transpose,
    np.swapaxes: _swapaxes,
    np.moveaxis: _moveaxis,
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.expand_dims: _expand_dims,
    np.squeeze: _squeeze,
    np.clip: _clip,
    np.matmul: _matmul,
    np.flip: _flip,
    get_item: _get_item,
}
