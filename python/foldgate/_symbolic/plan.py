"""A functional model's calls, made ready to be run on arrays: no walk of the graph and no dict in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foldgate._nest import flatten, map_nest
from foldgate._symbolic.fusion import Call, fused
from foldgate._symbolic.graph import Graph
from foldgate._symbolic.keras_tensor import KerasTensor

Values = list[Any]
# what to call, the slot of its one argument (or -1), how to gather others, the slot of its one result
# (or -1), the slots of several, the slots that nobody reads after it
Step = tuple[Callable[..., Any], int, Any, int, Any, tuple[int, ...]]


class Plan:
    """The steps between inputs and outputs; a slot for every tensor.

    Args:
      graph: of the model.
      inputs: in the order that `run` takes their arrays.
      outputs: in the order that `run` returns theirs.
    """

    def __init__(self, graph: Graph, inputs: list[KerasTensor], outputs: list[KerasTensor]) -> None:
        self._slots: dict[int, int] = {id(tensor): i for i, tensor in enumerate(inputs)}
        given = set(self._slots)
        nodes = [n for n in graph.nodes if not all(id(t) in given for t in n.output_tensors)]
        self.operations = [*{id(node.operation): node.operation for node in nodes}.values()]
        calls = fused(nodes, outputs)
        for node in calls:
            for tensor in node.output_tensors:
                self._slots.setdefault(id(tensor), len(self._slots))
        self._outputs = [self._slots[id(tensor)] for tensor in outputs]
        self._spare: Values = [None] * (len(self._slots) - len(inputs))
        last = {self._slots[id(t)]: i for i, node in enumerate(calls) for t in node.input_tensors}
        kept = {*self._outputs}
        self._steps = [
            self._step(node, tuple(s for s, at in last.items() if at == i and s not in kept))
            for i, node in enumerate(calls)
        ]
        self.chain = self._as_chain()

    def _step(self, node: Call, dead: tuple[int, ...]) -> Step:
        single = len(node.args) == 1 and not node.kwargs and isinstance(node.args[0], KerasTensor)
        source = self._slots[id(node.args[0])] if single else -1
        gather = None if single else self._gatherer(node)
        targets = [self._slots[id(tensor)] for tensor in node.output_tensors]
        alone = isinstance(node.outputs, KerasTensor)
        return node.operation, source, gather, targets[0] if alone else -1, targets, dead

    def _gatherer(self, node: Call) -> Callable[[Values], tuple[tuple[Any, ...], dict[str, Any]]]:
        slots = self._slots
        args, kwargs = node.args, node.kwargs
        one_list = len(args) == 1 and not kwargs and type(args[0]) is list
        if one_list and all(isinstance(part, KerasTensor) for part in args[0]):
            places = [slots[id(part)] for part in args[0]]
            return lambda values: (([values[place] for place in places],), {})

        def gather(values: Values) -> tuple[tuple[Any, ...], dict[str, Any]]:
            def fill(leaf: Any) -> Any:
                return values[slots[id(leaf)]] if isinstance(leaf, KerasTensor) else leaf

            return tuple(map_nest(fill, list(args))), {k: map_nest(fill, v) for k, v in kwargs.items()}

        return gather

    def _as_chain(self) -> list[Callable[..., Any]] | None:
        """The operations alone, where each takes what the one before gave."""
        at, chain = 0, []
        for operation, source, _, target, _, _ in self._steps:
            if source != at or target < 0:
                return None
            chain.append(operation)
            at = target
        return chain if self._outputs == [at] and len(self._slots) == len(chain) + 1 else None

    def run(self, arrays: Values) -> Values:
        """The outputs for the inputs' arrays. An array goes as soon as its last reader has it."""
        if self.chain is not None:
            x = arrays[0]
            for operation in self.chain:
                x = operation(x)
            return [x]
        values = arrays + self._spare
        for operation, source, gather, target, targets, dead in self._steps:
            if source >= 0:
                result = operation(values[source])
            else:
                args, kwargs = gather(values)
                result = operation(*args, **kwargs)
            if target >= 0:
                values[target] = result
            else:
                for place, part in zip(targets, flatten(result), strict=True):
                    values[place] = part
            for place in dead:
                values[place] = None
        return [values[place] for place in self._outputs]
