"""The names in a file, which protobuf gives as bytes where they are no UTF-8."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def check_names(model: Any) -> None:
    """Refuses a ModelProto with names that are no text.

    Raises:
      ValueError: a name is not UTF-8.
    """
    for name in _names(model):
        if not isinstance(name, str):
            raise ValueError(f"model has the name {name!r}; expected UTF-8")


def _names(model: Any) -> Iterator[Any]:
    yield from (entry.domain for entry in model.opset_import)
    yield from _of_graph(model.graph)
    for function in model.functions:
        yield from (function.name, function.domain, function.overload, *function.input, *function.output)
        yield from _of_nodes(function.node)


def _of_graph(graph: Any) -> Iterator[Any]:
    yield graph.name
    for value in (*graph.input, *graph.output, *graph.value_info):
        yield value.name
        yield from (extent.dim_param for extent in value.type.tensor_type.shape.dim)
    yield from (tensor.name for tensor in graph.initializer)
    yield from _of_nodes(graph.node)


def _of_nodes(nodes: Iterable[Any]) -> Iterator[Any]:
    for node in nodes:
        yield from (node.op_type, node.name, node.domain, node.overload, *node.input, *node.output)
        for attribute in node.attribute:
            yield from (attribute.name, attribute.ref_attr_name)
            if attribute.type == attribute.GRAPH:
                yield from _of_graph(attribute.g)
