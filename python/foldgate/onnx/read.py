"""Model files and protobuf messages as graphs, checked on the way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foldgate.onnx._functions import inlined, taken_apart
from foldgate.onnx._infer import inferred
from foldgate.onnx._names import check_names
from foldgate.onnx._package import onnx_package
from foldgate.onnx._schemas import check_node, check_types
from foldgate.onnx.graph import Array, Graph, Node, ValueInfo, in_order
from foldgate.onnx.tensors import array_from

NEWEST_OPSET = 28
"""The newest version of the standard operators that these follow."""
_DEPTH = 32  # graphs within graphs; what exporters write has two or three

_UNSAID = "None"  # the type of a value of which a file says none

Opsets = dict[str, int]


def load_model(model: Any) -> tuple[Any, Path | None]:
    """A ModelProto and the folder that its external data may stand in.

    Args:
      model: a path, the bytes of a file, or a ModelProto.

    Raises:
      TypeError: it is none of these.
      ValueError: the bytes are no ONNX model.
      FileNotFoundError: there is no such file.
    """
    onnx = onnx_package()
    if isinstance(model, onnx.ModelProto):
        return model, None
    folder = None
    label = "foldgate.onnx: model"
    if isinstance(model, str | os.PathLike):
        path = Path(model)
        label, folder = f"foldgate.onnx: model {str(path)!r}", path.parent
        model = path.read_bytes()
    if not isinstance(model, bytes | bytearray | memoryview):
        raise TypeError(f"foldgate.onnx: model is {model!r:.60}; expected a path, bytes or a ModelProto")
    try:
        proto = onnx.ModelProto.FromString(bytes(model))
    except Exception as error:
        raise ValueError(f"{label} is not an ONNX model: {error}") from None
    if not proto.HasField("graph"):
        raise ValueError(f"{label} is not an ONNX model: it has no graph")
    return proto, folder


def overridable(model: Any) -> list[ValueInfo]:
    """The initializers that are inputs, too: defaults, from IR version 4 on."""
    if model.ir_version < 4:
        return []
    names = {tensor.name for tensor in model.graph.initializer}
    return [_value_info(value) for value in model.graph.input if value.name in names]


def without_initializers(model: Any, names: frozenset[str]) -> Any:
    """The model, these values being inputs alone."""
    copy = onnx_package().ModelProto()
    copy.CopyFrom(model)
    del copy.graph.initializer[:]
    copy.graph.initializer.extend(t for t in model.graph.initializer if t.name not in names)
    return copy


def read_graph(model: Any, folder: Path | None = None) -> Graph:
    """A ModelProto's graph, its shapes inferred as far as onnx knows them.

    Raises:
      ValueError: what the model says does not fit together; the message names the node or tensor.
    """
    check_names(model)
    model = taken_apart(inlined(model))
    opsets = {
        entry.domain if entry.domain != "ai.onnx" else "": entry.version for entry in model.opset_import
    }
    if not opsets and model.ir_version >= 3:
        raise ValueError("model names no opset; expected opset_import")
    newest = opsets.get("", 1)
    if newest > NEWEST_OPSET:
        raise ValueError(f"model has opset {newest}; expected at most {NEWEST_OPSET}")
    graph = _graph(model.graph, opsets, folder, 0)
    unknown = graph.captured()
    if unknown:
        raise ValueError(f"model reads {unknown[0]!r}, which nothing computes")
    found = inferred(model)
    _take_shapes(graph, found)
    _tell_outputs(graph, found)
    check_types(graph, {})
    return graph


def _take_shapes(graph: Graph, proto: Any) -> None:
    for value in [*proto.input, *proto.value_info, *proto.output]:
        info = _value_info(value)
        if info.shape is not None:
            graph.shapes[info.name] = tuple(info.shape)
        if info.dtype is not None:
            graph.types[info.name] = info.dtype


def _tell_outputs(graph: Graph, proto: Any) -> None:
    """Gives outputs the types and shapes that the file leaves out, where they are known."""
    for value, found in zip(graph.outputs, map(_value_info, proto.output), strict=True):
        if value.type == _UNSAID:
            value.type, value.dtype = found.type, found.dtype
        if value.shape is None:
            value.shape = found.shape


def _value_info(proto: Any) -> ValueInfo:
    kind = proto.type.WhichOneof("value")
    if kind != "tensor_type":
        return ValueInfo(proto.name, None, _type_name(proto.type))
    tensor = proto.type.tensor_type
    shape: list[int | str | None] | None = None
    if tensor.HasField("shape"):
        shape = [_extent(dim) for dim in tensor.shape.dim]
    dtype = None
    if tensor.elem_type:
        try:
            dtype = np.dtype(onnx_package("helper").tensor_dtype_to_np_dtype(tensor.elem_type))
        except KeyError:
            raise ValueError(f"value {proto.name!r} has element type {tensor.elem_type}") from None
    return ValueInfo(proto.name, shape, _type_name(proto.type), dtype)


def _extent(proto: Any) -> int | str | None:
    """A number, a name, or None, which some exporters write as -1."""
    if proto.HasField("dim_value"):
        return int(proto.dim_value) if proto.dim_value >= 0 else None
    return proto.dim_param or None


def _type_name(proto: Any) -> str:
    """A type as onnxruntime spells it: "tensor(float)", "seq(tensor(int64))"."""
    kind = proto.WhichOneof("value")
    if kind == "tensor_type":
        names = onnx_package().TensorProto.DataType
        code = proto.tensor_type.elem_type
        return f"tensor({names.Name(code).lower() if code in names.values() else code})"
    if kind == "sequence_type":
        return f"seq({_type_name(proto.sequence_type.elem_type)})"
    if kind == "optional_type":
        return f"optional({_type_name(proto.optional_type.elem_type)})"
    return str(kind).removesuffix("_type")


def _graph(proto: Any, opsets: Opsets, folder: Path | None, depth: int) -> Graph:
    if depth > _DEPTH:
        raise ValueError(f"graph {proto.name!r} stands {depth} graphs deep; expected at most {_DEPTH}")
    constants = _constants(proto, folder)
    graph = Graph(
        proto.name,
        [_value_info(value) for value in proto.input if value.name not in constants],
        [_value_info(value) for value in proto.output],
        in_order([_node(node, opsets, folder, depth) for node in proto.node]),
        constants,
    )
    _check_names(graph, proto)
    if depth:
        _take_shapes(graph, proto)
    return graph


def _constants(proto: Any, folder: Path | None) -> dict[str, Array]:
    declared = {value.name: _value_info(value).shape for value in proto.input}
    constants: dict[str, Array] = {}
    for tensor in proto.initializer:
        if not tensor.name or tensor.name in constants:
            raise ValueError(
                f"graph {proto.name!r} has two initializers {tensor.name!r}, or one without a name"
            )
        label = f"initializer {tensor.name!r}"
        shape, dims = declared.get(tensor.name), tuple(tensor.dims)
        if shape is not None and not _fits(shape, dims):
            raise ValueError(f"{label} has dims {dims}; the graph's input says {shape}")
        constants[tensor.name] = array_from(tensor, folder, label)
    if len(proto.sparse_initializer):
        raise ValueError(f"graph {proto.name!r} has sparse initializers; expected dense ones")
    return constants


def _fits(said: Sequence[int | str | None], found: tuple[int, ...]) -> bool:
    """Whether extents agree with what was said of them."""
    return len(said) == len(found) and all(
        a == b for a, b in zip(said, found, strict=True) if isinstance(a, int)
    )


def _check_names(graph: Graph, proto: Any) -> None:
    if not all(value.name for value in (*graph.inputs, *graph.outputs)):
        raise ValueError(f"graph {proto.name!r} has an input or output without a name")
    written = [*(value.name for value in graph.inputs), *graph.constants]
    written += [name for node in graph.nodes for name in node.outputs if name]
    if len(written) != len(set(written)):
        twice = next(name for name in written if written.count(name) > 1)
        raise ValueError(f"graph {proto.name!r}: value {twice!r} is written twice")


def _node(proto: Any, opsets: Opsets, folder: Path | None, depth: int) -> Node:
    domain = "" if proto.domain == "ai.onnx" else proto.domain
    node = Node(proto.op_type, proto.name, list(proto.input), list(proto.output), domain=domain)
    node.opset = opsets.get(domain, 1)
    for attribute in proto.attribute:
        node.attributes[attribute.name] = _attribute(attribute, node, opsets, folder, depth)
    check_node(node, proto)
    return node


def _attribute(proto: Any, node: Node, opsets: Opsets, folder: Path | None, depth: int) -> Any:
    kind = proto.type
    if proto.ref_attr_name:
        raise ValueError(f"{node}: attribute {proto.name!r} refers to a function's; expected a value")
    if kind == 4:
        return array_from(proto.t, folder, f"{node}: attribute {proto.name!r}")
    if kind == 5:
        return _graph(proto.g, opsets, folder, depth + 1)
    if kind == 3:
        return proto.s.decode("utf-8", "replace")
    if kind == 8:
        return [text.decode("utf-8", "replace") for text in proto.strings]
    if kind in (1, 2):
        return proto.f if kind == 1 else proto.i
    if kind in (6, 7):
        return list(proto.floats if kind == 6 else proto.ints)
    if kind == 13:
        return proto.tp
    raise ValueError(f"{node}: attribute {proto.name!r} is of kind {kind}, which is not supported")
