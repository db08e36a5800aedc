"""Compiled graphs: a flat list of functions over numbered slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from foldgate.onnx.graph import Graph, Node
from foldgate.onnx.registry import OPERATORS, Context


class Step(NamedTuple):
    """One call: `slots[output] = function(*inputs)`, then slots that nobody reads any more are emptied."""

    function: Callable[..., Any]
    inputs: tuple[int, ...]
    output: int
    """The slot of the only output; -1: `outputs` says where each of several goes, -1 for nowhere."""
    outputs: tuple[int, ...]
    dead: tuple[int, ...]


class Program:
    """A graph, ready to run. Calls share nothing that changes, so that threads may call it at once.

    A value is dropped after its last reader: the allocator under the kernels hands its memory to the next
    output of that size, so that a model runs in the memory of its widest place.
    """

    def __init__(
        self,
        template: list[Any],
        inputs: Sequence[int],
        outputs: Sequence[int],
        steps: list[Step],
        nodes: list[Node],
    ) -> None:
        self._template, self._inputs, self._outputs = template, tuple(inputs), tuple(outputs)
        self.steps, self._nodes = steps, nodes

    def __call__(self, *values: Any) -> list[Any]:
        slots = self._template.copy()
        for slot, value in zip(self._inputs, values, strict=True):
            slots[slot] = value
        position = 0
        try:
            for function, inputs, output, outputs, dead in self.steps:
                result = function(*[slots[i] for i in inputs])
                if output >= 0:
                    slots[output] = result
                else:
                    for slot, value in zip(outputs, result, strict=False):
                        if slot >= 0:
                            slots[slot] = value
                for slot in dead:
                    slots[slot] = None
                position += 1
        except (ValueError, TypeError, IndexError, MemoryError, NotImplementedError) as error:
            raise _named(error, self._nodes[position]) from error
        return [slots[i] for i in self._outputs]


def _named(error: Exception, node: Node) -> Exception:
    """The error with its node's name in front."""
    kind = next(
        kind
        for kind in (IndexError, MemoryError, TypeError, NotImplementedError, ValueError)
        if isinstance(error, kind)
    )
    return kind(f"{node}: {error}")


def compile_graph(graph: Graph, captured: Sequence[str] = ()) -> Program:
    """Builds every node's function and gives every value a slot; slot 0 holds None, for absent inputs.

    The program takes the graph's inputs and then what is named in `captured`.
    """
    names = ["", *graph.constants, *graph.input_names(), *captured]
    slots: dict[str, int] = {name: i for i, name in enumerate(dict.fromkeys(names))}
    template: list[Any] = [None, *graph.constants.values()]
    reads = [[*node.inputs, *(name for g in node.graphs() for name in g.captured())] for node in graph.nodes]
    kept = {"", *graph.constants, *graph.output_names()}
    last = {name: i for i, names in enumerate(reads) for name in names if name not in kept}
    dead: list[list[str]] = [[] for _ in graph.nodes]
    for name, i in last.items():
        dead[i].append(name)
    steps = []
    for i, node in enumerate(graph.nodes):
        context = Context(node, graph, _inner)
        function = OPERATORS[node.domain, node.op].build(context)
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
            )
        )
    template += [None] * (len(slots) - len(template))
    outputs = [_slot(slots, name, None) for name in graph.output_names()]
    needed = {*outputs, *(slot for step in steps for slot in step.inputs)}
    template = [value if slot in needed else None for slot, value in enumerate(template)]  # packed elsewhere
    inputs = [slots[name] for name in [*graph.input_names(), *captured]]
    return Program(template, inputs, outputs, steps, graph.nodes)


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
