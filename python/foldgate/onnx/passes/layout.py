"""Images with their channels last: the kernels' fastest layout, where ONNX has channels first.

One walk in order. A value may exist plainly, under its name, or with its channels last, under its name with
`@last`; it is brought into the other form where a node asks for that, once. Nodes that follow a convolution
take it as it comes, so that transposes are left at the edges of the convolutional part.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from foldgate.onnx.graph import Array, Graph, Node
from foldgate.onnx.passes._forms import RULES, STARTERS, Forms

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_WORTH = 2  # convolutions from which on the transposes at the edges pay


def channels_last(graph: Graph) -> None:
    """Moves what it can; results and outputs stay as they were."""
    if any("_last" in node.attributes for node in graph.nodes):
        return  # it was here before
    images = [node for node in graph.nodes if node.op in STARTERS and not node.domain]
    if sum(_is_image(graph, node.inputs[0]) for node in images) < _WORTH:
        return
    forms = Forms(graph)
    for node in graph.nodes:
        rule: Callable[[Forms, Node], bool] | None = None if node.domain else RULES.get(node.op)
        starts = node in images and _is_image(graph, node.inputs[0])
        if rule is None or not (starts or forms.any_last(node)) or not rule(forms, node):
            forms.keep(node)
    for name in graph.output_names():
        forms.plain(name)
    graph.nodes = forms.nodes


def _is_image(graph: Graph, name: str) -> bool:
    known: Array | None = graph.constants.get(name)
    return known is None and graph.rank(name) in (3, 4, 5) and graph.types.get(name) in _FLOATS
