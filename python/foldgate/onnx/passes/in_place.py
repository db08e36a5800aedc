"""Functions of every value write over an operand that nobody else reads."""

from __future__ import annotations

import numpy as np

from foldgate.onnx.graph import Graph, Node
from foldgate.onnx.shape_nodes import shape_nodes

# Their results are arrays of their own, in one piece.
_FRESH = {
    "Conv",
    "ConvTranspose",
    "Gemm",
    "MatMul",
    "BatchNormalization",
    "MaxPool",
    "AveragePool",
    "Add",
    "Mul",
}
_FRESH |= {"Sub", "InstanceNormalization", "GroupNormalization"}
_UNARY = {"Relu", "Sigmoid", "Tanh", "HardSwish", "Clip", "Swish"}
_BINARY = {"Add", "Mul", "Sub"}
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def write_in_place(graph: Graph) -> None:
    """Marks nodes with the operand that they may overwrite."""
    makers: dict[str, Node] = {}
    readers = graph.readers()
    kept = {name for i in shape_nodes(graph) for name in graph.nodes[i].outputs}  # for the next run's shapes

    def free(name: str) -> bool:
        maker = makers.get(name)
        return (
            maker is not None
            and name not in kept
            and maker.op in _FRESH
            and not maker.domain
            and len(maker.outputs) == 1
            and readers.get(name) == 1
            and graph.types.get(name) in _FLOATS
            and bool(graph.rank(name))
        )

    for node in graph.nodes:
        makers.update(dict.fromkeys(node.outputs, node))
        if node.domain or node.opset < 7 or not node.inputs:
            continue
        if node.op in _UNARY and free(node.inputs[0]):
            node.attributes["_over"] = 0
        elif node.op in _BINARY and "_activation" not in node.attributes:
            place = next((i for i, name in enumerate(node.inputs) if free(name)), None)
            if place is not None:  # where the shapes are the same, which the run sees
                node.attributes["_over"] = place
