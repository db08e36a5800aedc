"""Nodes that do nothing, and nodes that nobody reads, go."""

from __future__ import annotations

from foldgate.onnx.graph import Graph, Node


def rename(graph: Graph, names: dict[str, str]) -> None:
    """Makes readers read other values."""
    for node in graph.nodes:
        node.inputs = [names.get(name, name) for name in node.inputs]
        for inner in node.graphs():
            rename(inner, names)


def skip_identities(graph: Graph) -> None:
    """Readers of an Identity, or of a Dropout at inference, read what it reads."""
    names: dict[str, str] = {}
    kept: list[Node] = []
    outputs = set(graph.output_names())
    for node in graph.nodes:
        node.inputs = [names.get(name, name) for name in node.inputs]
        if _does_nothing(node, graph) and node.outputs[0] not in outputs:
            names[node.outputs[0]] = node.inputs[0]
        else:
            kept.append(node)
    graph.nodes = kept
    rename(graph, _unchained(names))
    for node in kept:
        for inner in node.graphs():
            _rename_outputs(inner, _unchained(names))


def _rename_outputs(graph: Graph, names: dict[str, str]) -> None:
    for value in graph.outputs:
        value.name = names.get(value.name, value.name)


def _unchained(names: dict[str, str]) -> dict[str, str]:
    def last(name: str) -> str:
        while name in names:
            name = names[name]
        return name

    return {name: last(name) for name in names}


def _does_nothing(node: Node, graph: Graph) -> bool:
    if node.domain:
        return False
    if node.op == "Identity":
        return True
    if node.op == "Dropout" and len(node.outputs) == 1:
        return node.opset >= 7 and (len(node.inputs) < 3 or node.inputs[2] == "")
    return False


def drop_unused(graph: Graph) -> None:
    """Nodes and constants go whose results nobody reads."""
    read = set(graph.output_names())
    kept = []
    for node in reversed(graph.nodes):
        if read.intersection(node.outputs) - {""}:
            kept.append(node)
            read.update(node.inputs)
            for inner in node.graphs():
                read.update(inner.captured())
    graph.nodes = kept[::-1]
    graph.constants = {name: value for name, value in graph.constants.items() if name in read}
