"""Values in two layouts, and how each operator takes the one with the channels last."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from foldgate.onnx.graph import Graph, Node


def to_last(rank: int) -> tuple[int, ...]:
    """The axes of (N, C, ...) in the order (N, ..., C)."""
    return (0, *range(2, rank), 1)


def to_first(rank: int) -> tuple[int, ...]:
    """The axes of (N, ..., C) in the order (N, C, ...)."""
    return (0, rank - 1, *range(1, rank - 1))


class Forms:
    """The nodes so far, and which values exist in which layout."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.nodes = graph, list[Node]()
        self._last: dict[str, str] = {}
        self._plain = {"", *graph.constants, *graph.input_names()}
        self._captured = {name for node in graph.nodes for g in node.graphs() for name in g.captured()}

    def rank(self, name: str) -> int | None:
        """The number of axes of a value, by its plain name."""
        return self.graph.rank(name)

    def has_last(self, name: str) -> bool:
        """Whether a value is there with its channels last."""
        return name in self._last

    def any_last(self, node: Node) -> bool:
        """Whether some input is."""
        return any(name in self._last for name in node.inputs)

    def plain(self, name: str) -> str:
        """A value as ONNX has it, made where it is not there."""
        if name not in self._plain and name in self._last:
            rank = self.rank(name) or 0
            self._emit(Node("Transpose", name, [self._last[name]], [name], {"perm": list(to_first(rank))}))
            self._plain.add(name)
        return name

    def last(self, name: str) -> str:
        """A value with its channels last, made where it is not there; "" stays."""
        if not name:
            return name
        if name not in self._last:
            rank = self.rank(name) or 0
            turned = {"perm": list(to_last(rank))}
            self._emit(Node("Transpose", name, [self.plain(name)], [f"{name}@last"], turned))
            self.gives(name, f"{name}@last")
        return self._last[name]

    def gives(self, name: str, last: str) -> None:
        """Says that a value is there with its channels last, under this name."""
        self._last[name] = last
        shape = self.graph.shapes.get(name)
        if shape is not None:
            self.graph.shapes[last] = tuple(shape[axis] for axis in to_last(len(shape)))
        if name in self.graph.types:
            self.graph.types[last] = self.graph.types[name]

    def constant(self, label: str, value: np.ndarray) -> str:
        """A new constant."""
        name = f"{label}@{len(self.graph.constants)}"
        self.graph.constants[name] = value
        self._plain.add(name)
        return name

    def keep(self, node: Node) -> None:
        """The node as it is."""
        for name in [*node.inputs, *(n for g in node.graphs() for n in g.captured())]:
            self.plain(name)
        self._emit(node)
        self._plain.update(node.outputs)

    def turned(self, node: Node, inputs: list[str], rank: int) -> bool:
        """The node on other inputs, its outputs with their channels last and of this rank."""
        outputs = [f"{name}@last" if name else "" for name in node.outputs]
        for name, last in zip(node.outputs, outputs, strict=True):
            if name:
                if self.rank(name) != rank:  # onnx does not know every one, and a file may say anything
                    self.graph.shapes[name] = (None,) * rank
                self.gives(name, last)
        node.inputs, node.outputs = inputs, outputs
        self._emit(node)
        return True

    def reads_last(self, node: Node, inputs: list[str]) -> bool:
        """The node on other inputs, its outputs as they were."""
        node.inputs = inputs
        self._emit(node)
        self._plain.update(node.outputs)
        return True

    def _emit(self, node: Node) -> None:
        node.opset = node.opset or 28
        self.nodes.append(node)


Rule = Callable[[Forms, Node], bool]
STARTERS = {"Conv", "ConvTranspose"}


def _window(forms: Forms, node: Node) -> bool:
    """Operators whose first input is an image, and which have a layout."""
    rank = forms.rank(node.inputs[0])
    if rank is None or len([name for name in node.outputs if name]) != 1:
        return False
    if node.op in STARTERS and node.inputs[1] not in forms.graph.constants:
        return False
    if node.op == "Resize" and (node.attributes.get("axes") or node.opset < 11):
        return False
    node.attributes["_last"] = 1
    inputs = [forms.last(node.inputs[0]), *(forms.plain(name) for name in node.inputs[1:])]
    if "_flat" in node.attributes:
        return forms.reads_last(node, inputs)
    return forms.turned(node, inputs, rank)


def _elementwise(forms: Forms, node: Node) -> bool:
    """One image, and bounds that are single values."""
    rank = forms.rank(node.inputs[0])
    if rank is None:
        return False
    inputs = [forms.last(node.inputs[0]), *(forms.plain(name) for name in node.inputs[1:])]
    return forms.turned(node, inputs, rank)


def _broadcast(forms: Forms, node: Node) -> bool:
    """Images of one rank, and constants that broadcast to them."""
    if node.opset < 7 or len([name for name in node.outputs if name]) != 1:
        return False
    ranks = {forms.rank(name) for name in node.inputs if name not in forms.graph.constants}
    rank = ranks.pop() if len(ranks) == 1 else None
    if rank is None:
        return False
    inputs: list[str] = []
    for name in node.inputs:
        value = forms.graph.constants.get(name)
        if value is None:
            inputs.append(forms.last(name))
        elif value.size == 1 and value.ndim <= rank:
            inputs.append(name)
        elif value.ndim > rank:
            return False
        else:
            full = value.reshape((1,) * (rank - value.ndim) + value.shape)
            turned = np.ascontiguousarray(full.transpose(to_last(rank)))
            inputs.append(forms.constant(name, turned))
    return forms.turned(node, inputs, rank)


def _along(forms: Forms, node: Node) -> bool:
    """Concat and Split: the axis moves."""
    rank = forms.rank(node.inputs[0])
    if rank is None or "axis" not in node.attributes:
        return False
    many = node.op == "Concat"
    if many and any(forms.rank(name) != rank or name in forms.graph.constants for name in node.inputs):
        return False
    node.attributes["axis"] = to_last(rank).index(node.attributes["axis"] % rank)
    if many:
        return forms.turned(node, [forms.last(name) for name in node.inputs], rank)
    return forms.turned(node, [forms.last(node.inputs[0]), *node.inputs[1:]], rank)


def _padding(forms: Forms, node: Node) -> bool:
    rank = forms.rank(node.inputs[0])
    pads = forms.graph.constants.get(node.inputs[1]) if len(node.inputs) > 1 else None
    if rank is None or pads is None or node.opset < 11 or (len(node.inputs) > 3 and node.inputs[3]):
        return False
    if pads.size != 2 * rank:
        return False
    turned = pads.reshape(2, rank)[:, list(to_last(rank))].ravel()
    rest = [forms.plain(name) for name in node.inputs[2:]]
    return forms.turned(node, [forms.last(node.inputs[0]), forms.constant("pads", turned), *rest], rank)


def _slice(forms: Forms, node: Node) -> bool:
    rank = forms.rank(node.inputs[0])
    if (
        rank is None
        or node.opset < 10
        or any(name and name not in forms.graph.constants for name in node.inputs[1:])
    ):
        return False
    starts = forms.graph.constants[node.inputs[1]]
    given = len(node.inputs) > 3 and node.inputs[3] != ""
    axes = forms.graph.constants[node.inputs[3]].tolist() if given else list(range(starts.size))
    turned = forms.constant("axes", np.array([to_last(rank).index(axis % rank) for axis in axes], np.int64))
    inputs = [forms.last(node.inputs[0]), *node.inputs[1:3], turned, *node.inputs[4:]]
    return forms.turned(node, inputs, rank)


def _transpose(forms: Forms, node: Node) -> bool:
    """The order of the axes that it asks for, from the layout that is there."""
    rank = forms.rank(node.inputs[0])
    perm = node.attributes.get("perm")
    if rank is None or perm is None or not forms.has_last(node.inputs[0]):
        return False
    turned = [to_last(rank).index(axis) for axis in perm]
    node.attributes["perm"] = turned
    if turned == list(range(rank)):
        node.op, node.attributes = "Identity", {}
    return forms.reads_last(node, [forms.last(node.inputs[0])])


def _flat(forms: Forms, node: Node) -> bool:
    """Flatten or Reshape of one position a channel: both layouts have the same order."""
    shape = forms.graph.shape(node.inputs[0])
    if shape is None or any(extent != 1 for extent in shape[2:]):
        return False
    if node.op == "Flatten":
        if node.attributes.get("axis", 1) != 1:
            return False
    else:
        wanted = forms.graph.constants.get(node.inputs[1]) if len(node.inputs) > 1 else None
        if wanted is None or 0 in wanted.tolist()[1:] or node.attributes.get("allowzero"):
            return False
    return forms.reads_last(node, [forms.last(node.inputs[0]), *node.inputs[1:]])


def _squeeze(forms: Forms, node: Node) -> bool:
    """Without one spatial axis, or without all of them."""
    rank = forms.rank(node.inputs[0])
    axes = node.attributes.get("axes")
    if axes is None and len(node.inputs) > 1 and node.inputs[1] in forms.graph.constants:
        axes = forms.graph.constants[node.inputs[1]].tolist()
    if rank is None or not axes or any(axis % rank < 2 for axis in axes):
        return False
    turned = [to_last(rank).index(axis % rank) for axis in axes]
    image = forms.last(node.inputs[0])
    if "axes" in node.attributes:
        node.attributes["axes"], inputs = turned, [image]
    else:
        inputs = [image, forms.constant("axes", np.array(turned, np.int64))]
    if len(axes) == rank - 2:
        return forms.reads_last(node, inputs)
    return forms.turned(node, inputs, rank - len(axes))


_WINDOWS = "Conv ConvTranspose MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool "
_WINDOWS += "BatchNormalization InstanceNormalization GroupNormalization Resize"
_UNARY = (
    "Relu LeakyRelu Sigmoid Tanh Elu Selu Celu Gelu Softplus Softsign HardSigmoid HardSwish Swish Mish Clip "
)
_UNARY += "ThresholdedRelu Exp Log Sqrt Abs Neg Erf Reciprocal Cast"
RULES: dict[str, Rule] = {
    **dict.fromkeys(_WINDOWS.split(), _window),
    **dict.fromkeys(_UNARY.split(), _elementwise),
    **dict.fromkeys(["Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "PRelu"], _broadcast),
    **dict.fromkeys(("Concat", "Split"), _along),
    **dict.fromkeys(("Flatten", "Reshape"), _flat),
    "Pad": _padding,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
}
