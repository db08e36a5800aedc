"""Nodes whose inputs are all known are computed once, at load."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from foldgate.onnx._errors import CAUGHT
from foldgate.onnx.graph import Graph, Node
from foldgate.onnx.registry import Context, built

# Whose results may be far larger than their inputs: a few bytes of a file could ask for all memory.
_GROWING = {"ConstantOfShape", "Expand", "Tile", "Range", "Resize", "Upsample", "Pad", "EyeLike", "OneHot"}
_GROWING |= {"MaxUnpool", "ConvTranspose", "Col2Im", "If", "Loop", "Scan", "Einsum"}
_GROWING |= {"GridSample", "RoiAlign", "DFT", "STFT"}
_RANDOM = {"RandomUniformLike", "RandomNormalLike", "Bernoulli"}
_LARGEST = 2**20  # values that may be computed at load, beside some times those of the file
_TIMES = 8
_SAME_SIZE = {
    "Cast",
    "Transpose",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Flatten",
    "Identity",
    "Neg",
    "Constant",
}
_SAME_SIZE |= {"DequantizeLinear", "QuantizeLinear", "Split", "Slice", "Shape", "Size"}


def fold_constants(graph: Graph) -> None:
    """Computes what can be known, shapes of known extents among it."""
    kept = []
    left = _LARGEST + _TIMES * sum(value.size for value in graph.constants.values())
    for node in graph.nodes:
        values = _shape_value(node, graph) or _computed(node, graph, left)
        if values is None:
            kept.append(node)
            continue
        size = sum(value.size for value in values)
        left += _TIMES * size if node.op == "Constant" else -size
        for name, value in zip(node.outputs, values, strict=False):
            if name:
                graph.constants[name] = value
    graph.nodes = kept


def _computed(node: Node, graph: Graph, most: int) -> list[Any] | None:
    if node.op in _RANDOM or any(name and name not in graph.constants for name in node.inputs):
        return None
    if any(inner.captured() for inner in node.graphs()):
        return None
    if node.op != "Constant" and not (node.inputs and _is_small(node, graph, most)):
        return None
    from foldgate.onnx.program import _inner

    context = Context(node, graph, _inner)
    function = built(context)
    names = node.inputs if context.reads is None else [node.inputs[k] for k in context.reads]
    try:
        with np.errstate(all="ignore"):
            result = function(*[graph.constants[name] if name else None for name in names])
    except CAUGHT:  # a run that comes here says why; of a branch, perhaps none does
        return None
    values = [result] if len(node.outputs) == 1 else list(result)
    values = [np.asarray(value) if isinstance(value, np.generic) else value for value in values]
    return values if all(isinstance(value, np.ndarray) for value in values) else None


def _is_small(node: Node, graph: Graph, most: int) -> bool:
    """Whether the results have at most so many values."""
    given = [graph.constants[name].size for name in node.inputs if name]
    if node.op in _SAME_SIZE:
        return sum(given) <= most
    if node.op == "ConstantOfShape":
        extents: list[int] = graph.constants[node.inputs[0]].ravel().tolist()
        return prod(extents) <= most
    total = 0
    for name in node.outputs:
        shape = graph.shapes.get(name) if name else ()
        if shape is None or not all(isinstance(extent, int) for extent in shape):
            return node.op not in _GROWING and max(given, default=0) <= 1024
        total += prod(extent for extent in shape if isinstance(extent, int))
    return total <= most


def _shape_value(node: Node, graph: Graph) -> list[Any] | None:
    """The shape or size of a value whose extents are all known."""
    if node.op not in ("Shape", "Size") or node.domain or node.inputs[0] in graph.constants:
        return None
    shape = graph.shape(node.inputs[0])
    if shape is None:
        return None
    if node.op == "Size":
        extents = [extent for extent in shape if isinstance(extent, int)]
        known = len(extents) == len(shape) and prod(extents) < 2**63
        return [np.array(prod(extents), np.int64)] if known else None
    part = shape[slice(node.attributes.get("start", 0), node.attributes.get("end"))]
    if not all(isinstance(extent, int) for extent in part):
        return None
    return [np.array(part, np.int64)]
