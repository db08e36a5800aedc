"""A model's own functions, put where they are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from foldgate.onnx._package import onnx_package

_DEPTH = 64  # functions within functions; what exporters write has fewer than ten
_NODE = 64  # bytes that a node takes beside its own
_BYTES = 2**25  # what inlining may always take, beside a few times what was written
_TIMES = 4

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
