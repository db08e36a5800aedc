"""Compiled graphs: a flat list of functions over numbered slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from foldgate.onnx._errors import CAUGHT, at_run
from foldgate.onnx.graph import Graph, Node
from foldgate.onnx.registry import Context, built
from foldgate.onnx.shape_nodes import shape_nodes

_SHAPES = 16  # sets of input shapes of which something is kept, at most
_SHAPE_BYTES = 2**22  # what is kept of one, at most


class Step(NamedTuple):
    """One call: `slots[output] = function(*inputs)`, then slots that nobody reads any more are emptied."""

    function: Callable[..., Any]
    inputs: tuple[int, ...]
    output: int
    """The slot of the only output; -1: `outputs` says where each of several goes, -1 for nowhere."""
    outputs: tuple[int, ...]
    dead: tuple[int, ...]
    node: Node


class Program:
    """A graph, ready to run. Calls share nothing that changes, so that threads may call it at once.

    A value is dropped after its last reader: the allocator under the kernels hands its memory to the next
    output of that size, so that a model runs in the memory of its widest place. What depends on the shapes
    of the inputs alone is computed in the first run with those shapes, and kept.
    """

    def __init__(
        self,
        template: list[Any],
        inputs: Sequence[int],
        outputs: Sequence[int],
        steps: list[Step],
        shape_steps: set[int],
    ) -> None:
        self._template, self._inputs, self._outputs = template, tuple(inputs), tuple(outputs)
        self.steps = steps
        self._rest = [step for i, step in enumerate(steps) if i not in shape_steps]
        self._shape_slots = _written(steps, shape_steps)
        self._kept: dict[tuple[Any, ...], list[Any] | None] = {}

    def __call__(self, *values: Any) -> list[Any]:
        if not self._shape_slots:
            return self._run(self._template.copy(), values, self.steps)
        key = tuple([getattr(value, "shape", None) for value in values])
        kept = self._kept.get(key)
        if kept is not None:
            return self._run(kept.copy(), values, self._rest)
        slots = self._template.copy()
        results = self._run(slots, values, self.steps)
        if key not in self._kept and len(self._kept) < _SHAPES:
            self._kept[key] = self._with_shapes(slots)
        return results

    def _with_shapes(self, slots: list[Any]) -> list[Any] | None:
        """The template with what the shapes say in it; None where that is too much to keep."""
        found = [slots[i] for i in self._shape_slots]
        if not all(isinstance(value, np.ndarray) for value in found):
            return None
        if sum(value.nbytes for value in found) > _SHAPE_BYTES:
            return None
        template = self._template.copy()
        for slot, value in zip(self._shape_slots, found, strict=True):
            template[slot] = np.array(value)
            template[slot].setflags(write=False)
        return template

    def _run(self, slots: list[Any], values: Sequence[Any], steps: list[Step]) -> list[Any]:
        for slot, value in zip(self._inputs, values, strict=True):
            slots[slot] = value
        step = None
        try:
            for step in steps:
                function, inputs, output, outputs, dead, _ = step
                result = function(*[slots[i] for i in inputs])
                if output >= 0:
                    # of arrays without axes NumPy's functions give numbers
                    slots[output] = np.asarray(result) if isinstance(result, np.generic) else result
                else:
                    for slot, value in zip(outputs, result, strict=False):
                        if slot >= 0:
                            slots[slot] = value
                for slot in dead:
                    slots[slot] = None
        except CAUGHT as error:
            raise at_run(error, step.node if step else None) from error
        return [slots[i] for i in self._outputs]


def _written(steps: list[Step], which: set[int]) -> tuple[int, ...]:
    """The slots that these steps write."""
    slots = [slot for i in which for slot in (steps[i].output, *steps[i].outputs)]
    return tuple(slot for slot in slots if slot >= 0)


def compile_graph(graph: Graph, captured: Sequence[str] = ()) -> Program:
    """Builds every node's function and gives every value a slot; slot 0 holds None, for absent inputs.

    The program takes the graph's inputs and then what is named in `captured`.
    """
    names = ["", *graph.constants, *graph.input_names(), *captured]
    slots: dict[str, int] = {name: i for i, name in enumerate(dict.fromkeys(names))}
    template: list[Any] = [None, *graph.constants.values()]
    for value in template[1:]:
        value.setflags(write=False)  # so that nobody who gets one as a result can change it
    reads = [node.reads() for node in graph.nodes]
    shape_steps = set() if captured else shape_nodes(graph)
    kept = {"", *graph.constants, *graph.output_names()}
    kept.update(name for i in shape_steps for name in graph.nodes[i].outputs)
    last = {name: i for i, names in enumerate(reads) for name in names if name not in kept}
    dead: list[list[str]] = [[] for _ in graph.nodes]
    for name, i in last.items():
        dead[i].append(name)
    steps = []
    for i, node in enumerate(graph.nodes):
        context = Context(node, graph, _inner)
        function = built(context)
        given = reads[i] if context.reads is None else [node.inputs[k] for k in context.reads]
        places = tuple(slots.setdefault(name, len(slots)) if name else -1 for name in node.outputs)
        single = len(places) == 1
        steps.append(
            Step(
                function,
                tuple(_slot(slots, name, node) for name in given),
                places[0] if single else -1,
                () if single else places,
                tuple(slots[name] for name in dead[i])
                + tuple(
                    slots[name] for name in node.outputs if name and name not in last and name not in kept
                ),
                node,
            )
        )
    template += [None] * (len(slots) - len(template))
    outputs = [_slot(slots, name, None) for name in graph.output_names()]
    needed = {*outputs, *(slot for step in steps for slot in step.inputs)}
    template = [value if slot in needed else None for slot, value in enumerate(template)]  # packed elsewhere
    inputs = [slots[name] for name in [*graph.input_names(), *captured]]
    return Program(template, inputs, outputs, steps, shape_steps)


def _slot(slots: dict[str, int], name: str, node: Node | None) -> int:
    if name not in slots:
        where = f"{node} reads" if node else "the model gives"
        raise ValueError(f"{where} {name!r}, which nothing before it computes")
    return slots[name]


def _inner(graph: Graph, around: Graph) -> Program:
    """A graph inside a node. Constants around it are constants in it."""
    from foldgate.onnx.passes import prepare_graph

    captured = graph.captured()
    for name in captured:
        if name in around.constants:
            graph.constants[name] = around.constants[name]
        elif name in around.shapes:
            graph.shapes.setdefault(name, around.shapes[name])
        if name in around.types:
            graph.types.setdefault(name, around.types[name])
    return compile_graph(prepare_graph(graph), captured)
