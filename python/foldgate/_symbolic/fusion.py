"""Calls of a model that are made as one.

A layer's class that can compute relu of its result in the same pass has a `_with_relu`: a function of the
layer and the layer after it that returns what to call in place of both. A layer that is a plain ReLU has a
true `_is_relu`. A class whose `_fused_with(following)` returns something to call computes both itself. All
of them count for the class that says so itself, not for what extends it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._symbolic.node import Node


class Call(NamedTuple):
    """What is needed of a node to make its call."""

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    input_tensors: list[KerasTensor]
    output_tensors: list[KerasTensor]
    outputs: Any


def fused(nodes: list[Node], outputs: list[KerasTensor]) -> list[Call]:
    """The calls of nodes, each joined with the one after it, in its place, where the first offers that and
    nothing else reads what stands between."""
    readers = Counter(id(tensor) for node in nodes for tensor in node.input_tensors)
    readers.update(id(tensor) for tensor in outputs)
    makers = {id(node.outputs): i for i, node in enumerate(nodes) if isinstance(node.outputs, KerasTensor)}
    calls: list[Call | None] = []
    for node in nodes:
        call = Call(
            node.operation, node.args, node.kwargs, node.input_tensors, node.output_tensors, node.outputs
        )
        at = makers.get(id(node.args[0])) if len(node.args) == 1 and not node.kwargs else None
        before = calls[at] if at is not None and at < len(calls) else None
        if before is not None and readers[id(before.outputs)] == 1:
            joined = _joined(before, node.operation)
            if joined is not None:
                call = call._replace(operation=joined, args=before.args, input_tensors=before.input_tensors)
                calls[at] = None  # type: ignore[index]
        calls.append(call)
    return [call for call in calls if call is not None]


def _joined(before: Call, following: Any) -> Any:
    """What to call for a call and the one after it, or None."""
    kind = vars(type(before.operation))
    if before.kwargs or len(before.args) != 1:
        return None
    if "_fused_with" in kind:
        return before.operation._fused_with(following)
    if "_with_relu" not in kind or not ("_is_relu" in vars(type(following)) and following._is_relu):
        return None
    return kind["_with_relu"](before.operation, following)
