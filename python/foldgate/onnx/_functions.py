"""Functions, a model's own and those by which ONNX defines operators, put where they are called."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

from foldgate.onnx._infer import with_few_ranks
from foldgate.onnx._package import onnx_package
from foldgate.onnx._schemas import check_node
from foldgate.onnx.graph import Node
from foldgate.onnx.registry import OPERATORS

_DEPTH = 64  # functions within functions; what exporters write has fewer than ten
_NODE = 64  # bytes that a node takes beside its own
_BYTES = 2**25  # what inlining may always take, beside a few times what was written
_TIMES = 4
_STANDARD = ("", "ai.onnx")  # names of one domain
_MOST = 2**12  # nodes that are taken apart; each comes to some thirty

_Key = tuple[str, str, str]


def inlined(model: Any) -> Any:
    """The model without functions of its own.

    Raises:
      ValueError: a function calls itself, the functions stand too deep, or nodes would be too many: each
        function that calls another twice doubles them.
    """
    if not len(model.functions):
        return model
    sizes = _Sizes(model.functions)
    written = sum(sizes.own(function.node) for function in model.functions) + sizes.own(model.graph.node)
    total, most = sizes.expanded(model.graph.node, ()), _BYTES + _TIMES * written
    if total > most:
        raise ValueError(f"model's functions come to {total} bytes of nodes; expected at most {most}")
    try:
        return onnx_package("inliner").inline_local_functions(_with_defaults(model))
    except Exception as error:  # of kinds of its own
        raise ValueError(f"model's functions cannot be inlined: {error}") from None


def _with_defaults(model: Any) -> Any:
    """A copy whose calls say also the attributes that their functions have defaults for."""
    copy = onnx_package().ModelProto()
    copy.CopyFrom(model)
    defaults = {(f.domain, f.name, f.overload): list(f.attribute_proto) for f in copy.functions}
    for nodes in (copy.graph.node, *(function.node for function in copy.functions)):
        _say_defaults(nodes, defaults)
    return copy


def _say_defaults(nodes: Iterable[Any], defaults: dict[_Key, list[Any]]) -> None:
    for node in nodes:
        said = {attribute.name for attribute in node.attribute}
        known = defaults.get((node.domain, node.op_type, node.overload), ())
        node.attribute.extend(attribute for attribute in known if attribute.name not in said)
        for attribute in node.attribute:
            if attribute.type == attribute.GRAPH:
                _say_defaults(attribute.g.node, defaults)


def taken_apart(model: Any) -> Any:
    """The model with operators that are not here as what ONNX defines them by, where it does.

    Raises:
      ValueError: there are too many, or onnx cannot take one apart.
    """
    schemas = _by_functions()
    standard = [node for node in _nodes(model.graph) if node.domain in _STANDARD]
    nodes = [node for node in standard if node.op_type in schemas]
    if not nodes:
        return model
    _check(model, standard)
    names = [node.op_type for node in nodes]
    if len(names) > _MOST:
        raise ValueError(f"model has {len(names)} nodes as {names[0]!r}; expected at most {_MOST}")
    copy = onnx_package().ModelProto()
    copy.CopyFrom(model)
    for part in (*copy.opset_import, *_nodes(copy.graph)):
        if part.domain in _STANDARD:
            part.domain = ""
    _say_defaults(copy.graph.node, {("", name, ""): attributes for name, attributes in schemas.items()})
    inline = onnx_package("inliner").inline_selected_functions
    which = [("", name) for name in schemas]
    _declare_initializers(copy.graph)
    if any("" in node.input for node in nodes):  # the inliner wants to know the type of that, too
        copy.graph.input.add().type.tensor_type.elem_type = 1
    try:
        found = with_few_ranks(copy, lambda light: inline(light, which, inline_schema_functions=True))
        del found.graph.input[len(model.graph.input) :]
        return found
    except Exception as error:  # of kinds of its own
        said = ", ".join(sorted(set(names)))
        raise ValueError(f"model's operators {said} cannot be taken apart: {error}") from None


def _declare_initializers(graph: Any) -> None:
    """Makes them inputs, behind the others: of no others does onnx's inliner know the types."""
    make = onnx_package("helper").make_tensor_value_info
    known = {value.name for value in graph.input}
    graph.input.extend(
        make(t.name, t.data_type, list(t.dims)) for t in graph.initializer if t.name not in known
    )


def _check(model: Any, nodes: Iterable[Any]) -> None:
    """Refuses what onnx, which infers shapes on its way, does not look at before it reads it."""
    opset = max([entry.version for entry in model.opset_import if entry.domain in _STANDARD], default=1)
    for value in model.graph.input:
        if value.type.WhichOneof("value") is None:
            raise ValueError(f"input {value.name!r} has no type; expected one")
    for proto in nodes:
        attributes = {attribute.name: attribute for attribute in proto.attribute}
        node = Node(proto.op_type, proto.name, list(proto.input), list(proto.output), attributes, opset)
        check_node(node, proto)


@functools.cache
def _by_functions() -> dict[str, list[Any]]:
    """The operators that are not here and that ONNX defines by others, with their attributes' defaults."""
    return {
        schema.name: [a.default_value for a in schema.attributes.values() if a.default_value.name]
        for schema in onnx_package("defs").get_all_schemas()
        if schema.domain == "" and ("", schema.name) not in OPERATORS
        if schema.has_function or schema.has_context_dependent_function
    }


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == attribute.GRAPH:
                yield from _nodes(attribute.g)


class _Sizes:
    """How many bytes nodes are, with the functions that they call and without."""

    def __init__(self, functions: Iterable[Any]) -> None:
        self._functions = {(f.domain, f.name, f.overload): f for f in functions}
        self._known: dict[_Key, int] = {}

    def own(self, nodes: Iterable[Any]) -> int:
        return sum(_NODE + node.ByteSize() for node in nodes)

    def expanded(self, nodes: Iterable[Any], around: tuple[_Key, ...]) -> int:
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type, node.overload)
            total += self._called(key, around) if key in self._functions else _NODE + node.ByteSize()
            total += sum(self.expanded(a.g.node, around) for a in node.attribute if a.type == a.GRAPH)
        return total

    def _called(self, key: _Key, around: tuple[_Key, ...]) -> int:
        name = ".".join(part for part in key if part)
        if key in around:
            raise ValueError(f"function {name!r} calls itself")
        if len(around) == _DEPTH:
            raise ValueError(f"function {name!r} stands {_DEPTH} functions deep; expected fewer")
        if key not in self._known:
            self._known[key] = self.expanded(self._functions[key].node, (*around, key))
        return self._known[key]
