"""A call in a functional model: an operation, what it was given, what came out."""

from __future__ import annotations

from typing import Any, NamedTuple

from foldgate._nest import flatten
from foldgate._symbolic.keras_tensor import KerasTensor


class History(NamedTuple):
    """Where a KerasTensor comes from: output `tensor_index` of the operation's call `node_index`."""

    operation: Any
    node_index: int
    tensor_index: int

    @property
    def node(self) -> Node:
        """The call."""
        node: Node = self.operation._inbound_nodes[self.node_index]
        return node


class Node:
    """Enters itself into its operation's `_inbound_nodes`.

    Args:
      operation: a layer, or a function of NumPy.
      args, kwargs: of the call, KerasTensors and others, nested.
      outputs: a KerasTensor or a nest of them.
    """

    def __init__(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> None:
        self.operation, self.args, self.kwargs, self.outputs = operation, args, kwargs, outputs
        leaves = flatten([list(args), kwargs])
        self.input_tensors = [leaf for leaf in leaves if isinstance(leaf, KerasTensor)]
        self.output_tensors = [leaf for leaf in flatten(outputs) if isinstance(leaf, KerasTensor)]
        self.index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for i, tensor in enumerate(self.output_tensors):
            tensor._keras_history = History(operation, self.index, i)

    @property
    def input_nest(self) -> Any:
        """The tensors that it was given: one, or the nest of the first argument; an Input's own."""
        if not self.input_tensors:
            return self.outputs
        return self.args[0] if len(self.args) == 1 and not self.kwargs else self.input_tensors

    @property
    def is_input(self) -> bool:
        """Whether this is the place of an Input."""
        return not self.input_tensors

    @property
    def parents(self) -> list[Node]:
        """The calls that its inputs come from."""
        return [tensor._keras_history.node for tensor in self.input_tensors]
