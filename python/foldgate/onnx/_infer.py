"""The shapes that onnx infers. They only make a model faster, so that none is no error."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from foldgate.onnx._package import onnx_package

_SMALL = 4096  # bytes of a tensor whose values may tell a shape
_LONGEST = 512  # values that may tell a shape
_ROUNDS = 4  # how often what was found may tell more: once for every Reshape by the shape of another's result
# What onnx computes the values of, to know shapes by them: a dimension for each, however many there are.
_BY_VALUES = {"Add", "Cast", "Concat", "Gather", "Mul", "Slice", "Squeeze", "Sub", "Unsqueeze"}
_UNSAFE = {"GatherND", "EyeLike", "RegexFullMatch"}  # the latter two read types that onnx may not know
_HIDDEN, _GONE = "hidden\n", "gone\n"  # before a name: onnx knows none of these
_GATHERS = ("Gather", "GatherND")
_SET = {"Constant", "Shape", "Size", "Reshape", "NonZero"}  # whose ranks do not follow from their inputs'


def inferred(model: Any) -> Any:
    """The graph of a ModelProto with what onnx infers: once without values, then by those that are few."""
    infer = onnx_package("shape_inference").infer_shapes
    found = _without_weights(model)
    said = _unsaid(found.graph)
    _hide_growing(found.graph, set(), set())
    hidden = None
    try:
        _blind(found.graph, set())
        found = infer(found)
        _show(found.graph, _HIDDEN)
        _say(found.graph, said)
        for _ in range(_ROUNDS):
            before, hidden = hidden, _hide(found.graph, {}) + _blind(found.graph, set())
            if hidden == before:
                break
            found = infer(found, data_prop=True)
            _show(found.graph, _HIDDEN)
    except Exception:  # of onnx's own kinds, and whatever protobuf has
        return model.graph
    return found.graph


def _without_weights(model: Any) -> Any:
    """A copy whose large initializers are inputs, whose shapes are all that matters."""
    onnx = onnx_package()
    light = onnx.ModelProto()
    light.CopyFrom(model)
    named = {value.name for value in light.graph.input}
    kept = []
    for tensor in light.graph.initializer:
        if tensor.ByteSize() <= _SMALL and tensor.data_location != 1:
            kept.append(tensor)
        elif tensor.name not in named:
            info = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            light.graph.input.append(info)
    kept = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in kept]
    del light.graph.initializer[:]
    light.graph.initializer.extend(kept)
    return light


def _unsaid(graph: Any) -> dict[str, Any]:
    """Takes away what a file says of results, which may be wrong; gives it by their names."""
    said = {value.name: copy(value.type) for value in (*graph.value_info, *graph.output)}
    del graph.value_info[:]
    for value in graph.output:
        if value.type.WhichOneof("value") == "tensor_type":
            value.type.tensor_type.ClearField("shape")
    return said


def _say(graph: Any, said: dict[str, Any]) -> None:
    """Puts it back where onnx found no shape by itself."""
    known = {value.name: value for value in (*graph.value_info, *graph.output)}
    for name, kind in said.items():
        if name not in known:
            graph.value_info.add(name=name).type.CopyFrom(kind)
        elif not known[name].type.tensor_type.HasField("shape"):
            known[name].type.CopyFrom(kind)


def _hide_growing(graph: Any, rows: set[str], grown: set[str]) -> None:
    """Gathers from what was gathered, at what was gathered, go for good: ranks would double with each.

    Args:
      graph: of a model.
      rows: names around it of constants of one axis, or none.
      grown: names around it of values of more axes than something before them had, perhaps.
    """
    rows, grown = rows | {t.name for t in graph.initializer if len(t.dims) < 2}, set(grown)
    for node in graph.node:
        sources = [name for name in node.input if name in grown]
        if node.op_type in _GATHERS and len(sources) > 1:
            node.op_type = _GONE + node.op_type
        if node.op_type == "Constant" and all(len(a.t.dims) < 2 for a in node.attribute):
            rows.update(node.output)
        gathers = node.op_type in _GATHERS and not rows.issuperset(node.input[1:])
        if gathers or (sources and node.op_type not in _SET):
            grown.update(node.output)
        for inner in _graphs(node):
            _hide_growing(inner, rows, grown)


def with_few_ranks(model: Any, change: Callable[[Any], Any]) -> Any:
    """What a change that infers shapes on its way makes of a model, which it may write to."""
    _hide_growing(model.graph, set(), set())
    _blind(model.graph, set())
    model = change(model)
    _show(model.graph, _GONE)
    _show(model.graph, _HIDDEN)
    return model


def _blind(graph: Any, around: set[str]) -> int:
    """Hides from onnx nodes at which it may end the process, as by extents below 0; how many there are.

    A Slice loses its starts alone: onnx infers its type and rank all the same.

    Args:
      graph: of a model.
      around: names around it of values with extents that are known.
    """
    known = around | {t.name for t in graph.initializer}
    known |= {value.name for part in _values(graph) for value in part if _has_extents(value.type)}
    blind = 0
    for node in graph.node:
        slices = node.op_type == "Slice"
        sources = node.input[:1] if slices else node.input
        if node.op_type in ("Slice", "Concat", "GatherND") and known.issuperset(sources):
            known.update(node.output)
        elif slices and len(node.input) > 1:
            node.input[1] = _HIDDEN + node.input[1]
            blind += 1
        elif node.op_type in _UNSAFE:
            node.op_type = _HIDDEN + node.op_type
            blind += 1
        blind += sum(_blind(inner, known) for inner in _graphs(node))
    return blind


def _has_extents(kind: Any) -> bool:
    extents = kind.tensor_type.shape.dim
    known = (extent.HasField("dim_value") and extent.dim_value >= 0 for extent in extents)
    return kind.tensor_type.HasField("shape") and all(known)


def _hide(graph: Any, around: dict[str, bool]) -> int:
    """Nodes on values that are many, or may be, become none that onnx knows; how many they are."""
    few = {**around, **dict.fromkeys((name for node in graph.node for name in node.output), False)}
    few.update((value.name, _is_few(value.type)) for part in _values(graph) for value in part)
    few.update((tensor.name, max(tensor.dims, default=0) <= _LONGEST) for tensor in graph.initializer)
    hidden = 0
    for node in graph.node:
        if node.op_type in _BY_VALUES and not all(few.get(name, not name) for name in node.input):
            node.op_type = _HIDDEN + node.op_type
            hidden += 1
        hidden += sum(_hide(inner, few) for inner in _graphs(node))
    return hidden


def _show(graph: Any, prefix: str) -> None:
    for node in graph.node:
        node.op_type = node.op_type.removeprefix(prefix)
        if node.op_type == "Slice" and len(node.input) > 1:
            node.input[1] = node.input[1].removeprefix(prefix)
        for inner in _graphs(node):
            _show(inner, prefix)


def _is_few(kind: Any) -> bool:
    """Whether a value is known to be none of many values in a row; only rows tell a shape."""
    if not kind.tensor_type.HasField("shape"):
        return False
    extents = kind.tensor_type.shape.dim
    return len(extents) != 1 or 0 < extents[0].dim_value <= _LONGEST


def _values(graph: Any) -> tuple[Any, ...]:
    return graph.input, graph.value_info, graph.output


def _graphs(node: Any) -> list[Any]:
    return [attribute.g for attribute in node.attribute if attribute.type == attribute.GRAPH]
