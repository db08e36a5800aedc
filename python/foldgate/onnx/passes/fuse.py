"""Nodes that are computed with the node before them: statistics, addends and activations."""

from __future__ import annotations

import numpy as np

from foldgate.onnx.graph import Array, Graph, Node

_ACTIVATIONS = {"Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid"}
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class _Fusing:
    """A walk that may join each node to the one that computes its first input."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.readers = graph, graph.readers()
        self.makers: dict[str, Node] = {}

    def before(self, node: Node, i: int = 0) -> Node | None:
        """What computes input i, where nobody else reads that."""
        name = node.inputs[i] if i < len(node.inputs) else ""
        maker = self.makers.get(name)
        if maker is None or maker.domain or self.readers.get(name) != 1:
            return None
        return maker if sum(1 for output in maker.outputs if output) == 1 else None

    def constant(self, node: Node, i: int) -> Array | None:
        return self.graph.constants.get(node.inputs[i]) if i < len(node.inputs) else None

    def set_constant(self, node: Node, i: int, value: Array, label: str) -> None:
        """Input i becomes a constant of its own."""
        name = f"{node.outputs[0]}:{label}"
        self.graph.constants[name] = value
        node.inputs += [""] * (i + 1 - len(node.inputs))
        node.inputs[i] = name

    def join(self, maker: Node, node: Node) -> None:
        """`maker` gives what `node` gave."""
        self.makers.pop(maker.outputs[0], None)
        maker.outputs = [node.outputs[0]]
        self.makers[node.outputs[0]] = maker


def fuse(graph: Graph) -> None:
    """Joins what can be joined, in one walk."""
    walk = _Fusing(graph)
    kept = []
    for node in graph.nodes:
        if not node.domain and any(rule(walk, node) for rule in _RULES):
            continue
        kept.append(node)
        for name in node.outputs:
            walk.makers[name] = node
    graph.nodes = kept


def _normalised(walk: _Fusing, node: Node) -> bool:
    """Conv, then BatchNormalization: scale and shift go into kernel and bias."""
    if node.op != "BatchNormalization" or len([name for name in node.outputs if name]) != 1:
        return False
    maker = walk.before(node)
    if maker is None or maker.op != "Conv" or "_activation" in maker.attributes:
        return False
    if node.attributes.get("training_mode") or not node.attributes.get("spatial", 1):
        return False
    known = [walk.constant(node, i) for i in range(1, 5)]
    weights, bias = walk.constant(maker, 1), walk.constant(maker, 2)
    has_bias = len(maker.inputs) > 2 and maker.inputs[2] != ""
    if weights is None or weights.dtype not in _FLOATS or (has_bias and bias is None):
        return False
    gamma, beta, mean, variance = known
    if gamma is None or beta is None or mean is None or variance is None:
        return False
    if any(value.shape != weights.shape[:1] for value in (gamma, beta, mean, variance)):
        return False
    scale = gamma.astype(np.float64) / np.sqrt(
        variance.astype(np.float64) + node.attributes.get("epsilon", 1e-5)
    )
    shift = beta - mean * scale if bias is None else beta + (bias - mean) * scale
    scaled = weights * scale.reshape(-1, *[1] * (weights.ndim - 1))
    walk.set_constant(maker, 1, scaled.astype(weights.dtype), "kernel")
    walk.set_constant(maker, 2, shift.astype(weights.dtype), "bias")
    walk.join(maker, node)
    return True


def _channel_values(walk: _Fusing, node: Node, weights: Array | None) -> tuple[int, Array] | None:
    """Which input of a two-operand node is one known value a channel, and those values."""
    if weights is None or weights.dtype not in _FLOATS or node.opset < 7:
        return None
    for i in (1, 0):
        value = walk.constant(node, i)
        if value is None or value.dtype != weights.dtype:
            continue
        shape = (1,) * (weights.ndim - value.ndim) + value.shape
        if len(shape) == weights.ndim and shape[1] in (1, len(weights)) and value.size == shape[1]:
            return i, np.broadcast_to(value.ravel(), len(weights)).copy()
    return None


def _shifted(walk: _Fusing, node: Node) -> bool:
    """Conv, then an Add or a Mul of a value a channel."""
    if node.op not in ("Add", "Mul"):
        return False
    for i in (0, 1):
        maker = walk.before(node, i)
        if maker is None or maker.op != "Conv" or "_activation" in maker.attributes:
            continue
        weights, bias = walk.constant(maker, 1), walk.constant(maker, 2)
        found = _channel_values(walk, node, weights)
        has_bias = len(maker.inputs) > 2 and maker.inputs[2] != ""
        if weights is None or found is None or found[0] == i or (has_bias and bias is None):
            continue
        value = found[1]
        if node.op == "Add":
            walk.set_constant(maker, 2, value if bias is None else bias + value, "bias")
        else:
            scaled = weights * value.reshape(-1, *[1] * (weights.ndim - 1))
            walk.set_constant(maker, 1, scaled, "kernel")
            if bias is not None:
                walk.set_constant(maker, 2, bias * value, "bias")
        walk.join(maker, node)
        return True
    return False


def _biased(walk: _Fusing, node: Node) -> bool:
    """MatMul by known weights, then an Add of a row: one product with a bias."""
    if node.op != "Add" or node.opset < 7:
        return False
    for i in (0, 1):
        maker, row = walk.before(node, i), walk.constant(node, 1 - i)
        if maker is None or maker.op != "MatMul" or len(maker.inputs) > 2 or row is None:
            continue
        if "_activation" in maker.attributes:  # the row is added after it
            continue
        weights = walk.constant(maker, 1)
        if weights is None or weights.ndim != 2 or row.dtype != weights.dtype or row.dtype not in _FLOATS:
            continue
        if row.size != weights.shape[1] or row.shape[-1:] != (row.size,) or row.ndim > 2:
            continue
        rank = walk.graph.rank(maker.inputs[0])
        if rank is None or rank < 2 or row.ndim > rank:
            continue
        walk.set_constant(maker, 2, np.ascontiguousarray(row.ravel()), "bias")
        walk.join(maker, node)
        return True
    return False


def _activated(walk: _Fusing, node: Node) -> bool:
    """An activation after what can apply it on the way."""
    name = "relu6" if _is_relu6(walk, node) else _ACTIVATIONS.get(node.op)
    maker = walk.before(node)
    if name is None or maker is None or "_activation" in maker.attributes:
        return False
    dtype = walk.graph.types.get(maker.outputs[0])
    if dtype not in _FLOATS or not _can_apply(maker, name):
        return False
    maker.attributes["_activation"] = name
    walk.join(maker, node)
    return True


def _is_relu6(walk: _Fusing, node: Node) -> bool:
    """Clip from 0 to 6."""
    if node.op != "Clip":
        return False
    if node.opset < 11:
        return (node.attributes.get("min"), node.attributes.get("max")) == (0.0, 6.0)
    low, high = walk.constant(node, 1), walk.constant(node, 2)
    if low is None or high is None or low.size != 1 or high.size != 1:
        return False
    return bool(low.item() == 0 and high.item() == 6)


def _can_apply(maker: Node, name: str) -> bool:
    if maker.op in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return True
    if maker.op == "BatchNormalization":
        return name == "relu" and not maker.attributes.get("training_mode")
    return maker.op == "Add" and name == "relu" and maker.opset >= 7


def _averaged(walk: _Fusing, node: Node) -> bool:
    """A mean over all positions is a global pool."""
    if node.op != "ReduceMean" or not node.inputs:
        return False
    rank = walk.graph.rank(node.inputs[0])
    axes = node.attributes.get("axes")
    if axes is None and len(node.inputs) > 1:
        known = walk.constant(node, 1)
        axes = None if known is None else known.tolist()
    if rank not in (3, 4, 5) or not axes:
        return False
    if sorted(axis % rank for axis in axes) != list(range(2, rank)):
        return False
    if walk.graph.types.get(node.inputs[0]) not in _FLOATS:
        return False
    flat = {} if node.attributes.get("keepdims", 1) else {"_flat": 1}
    node.op, node.inputs, node.attributes = "GlobalAveragePool", node.inputs[:1], flat
    return False


def _gated(walk: _Fusing, node: Node) -> bool:
    """x sigmoid(x), as exporters write the swish: one function, of the node itself."""
    if node.op != "Mul" or node.opset < 7 or len(node.inputs) != 2:
        return False
    for i in (0, 1):
        gate = walk.before(node, i)
        if gate is None or gate.op != "Sigmoid" or gate.inputs[0] != node.inputs[1 - i]:
            continue
        if walk.graph.types.get(node.inputs[1 - i]) in _FLOATS:
            walk.makers.pop(node.inputs[i], None)
            node.op, node.inputs, node.attributes = "Swish", [node.inputs[1 - i]], {}
            return False
    return False


_RULES = (_gated, _normalised, _shifted, _biased, _activated, _averaged)
