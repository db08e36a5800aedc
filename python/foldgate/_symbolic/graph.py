"""The calls between a model's inputs and outputs, in an order that they can be made in.

The order is Keras', since weights and configurations are listed by it: by depth, which is the longest way to
an output, and within a depth by the first visit on a walk from the outputs.
"""

from __future__ import annotations

from typing import Any

from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._symbolic.node import Node


class Graph:
    """The calls and operations of a model, or between tensors within one.

    Attributes:
      nodes: the calls, each after those that it reads.
      operations: each once, in Keras' order.
      members: the ids of the nodes.

    Raises:
      ValueError: an output does not come from the inputs.
    """

    def __init__(self, inputs: list[KerasTensor], outputs: list[KerasTensor], model: str) -> None:
        self._inputs = {id(tensor) for tensor in inputs}
        self._visits: dict[int, int] = {}
        finished: list[Node] = []
        seen: set[int] = set()
        for output in outputs:
            self._walk(output, finished, seen, model)
        for tensor in inputs:  # an input that nothing reads is a layer all the same
            node = tensor._keras_history.node
            if node.is_input and id(node) not in seen:
                seen.add(id(node))
                finished.append(node)
                self._visits.setdefault(id(node.operation), -1)
        self._order(finished, inputs)
        self.members = {id(node) for node in self.nodes}

    def _walk(self, output: KerasTensor, finished: list[Node], seen: set[int], model: str) -> None:
        """Every call that an output needs, each after those that it reads; without recursion, for depth."""
        pending: list[tuple[Node, list[KerasTensor]]] = []
        self._enter(output, pending, seen, model)
        while pending:
            node, parents = pending[-1]
            if parents:
                self._enter(parents.pop(0), pending, seen, model)
            else:
                finished.append(node)
                pending.pop()

    def _enter(self, tensor: KerasTensor, pending: Any, seen: set[int], model: str) -> None:
        if tensor._keras_history is None:
            raise ValueError(f"{model}: {tensor} comes from no layer; begin with Input")
        node = tensor._keras_history.node
        given = id(tensor) in self._inputs
        if id(node) in seen or (given and not node.is_input):
            return
        if node.is_input and not given:
            raise ValueError(f"{model}: outputs need {tensor.name!r}, which is not among inputs")
        seen.add(id(node))
        self._visits.setdefault(id(node.operation), len(self._visits))
        pending.append((node, list(node.input_tensors)))

    def _order(self, finished: list[Node], inputs: list[KerasTensor]) -> None:
        depths: dict[int, int] = {}  # of nodes
        deepest: dict[int, int] = {}  # of operations
        for node in reversed(finished):
            depth = max(depths.get(id(node), 0), deepest.get(id(node.operation), 0))
            depths[id(node)] = deepest[id(node.operation)] = depth
            for parent in node.parents:
                depths[id(parent)] = max(depth + 1, depths.get(id(parent), 0))
        operations = {id(node.operation): node.operation for node in finished}
        self.operations = sorted(
            operations.values(), key=lambda operation: (-deepest[id(operation)], self._visits[id(operation)])
        )
        self.nodes = sorted(finished, key=lambda node: -depths[id(node)])
