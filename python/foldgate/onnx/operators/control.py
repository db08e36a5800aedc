"""If, Loop and Scan. What a graph inside a node reads from around it comes after the node's own inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.onnx.graph import Array, Graph
from foldgate.onnx.registry import Context, Function, operator


def _body(context: Context, name: str) -> Graph:
    graph = context.attr(name)
    if not isinstance(graph, Graph):
        raise context.refuse(f"it has no graph {name!r}")
    return graph


@operator("If", attributes="then_branch else_branch")
def conditional(context: Context) -> Function:
    """One of two graphs without inputs."""
    branches: dict[str, tuple[Any, slice]] = {}
    first = 0
    for name, graph in context.node.attributes.items():
        count = len(graph.captured())
        branches[name] = context.program(graph), slice(first, first + count)
        first += count
    if set(branches) != {"then_branch", "else_branch"}:
        raise context.refuse("expected then_branch and else_branch")

    def call(condition: Array, *captured: Any) -> Any:
        program, own = branches["then_branch" if condition.reshape(()) else "else_branch"]
        results = program(*captured[own])
        return results[0] if context.outputs == 1 else tuple(results)

    return call


@operator("Loop", attributes="body")
def loop(context: Context) -> Function:
    """The body takes a counter, a condition and the carried values; what it gives beyond those is stacked."""
    body = _body(context, "body")
    given = len(context.node.inputs)
    carried = given - 2
    scans = len(body.outputs) - 1 - carried
    if carried < 0 or scans < 0 or len(body.inputs) != 2 + carried:
        raise context.refuse(f"body takes {len(body.inputs)} values and gives {len(body.outputs)}")
    empty = [_empty(value) for value in body.outputs[1 + carried :]]
    ones, single = ((1,) * len(value.shape or ()) for value in body.inputs[:2])  # some declare one axis
    program = context.program(body)

    def call(*values: Any) -> Any:
        most = None if values[0] is None else int(values[0].reshape(()))
        go = values[1] is None or bool(values[1].reshape(()))
        state, around = list(values[2:given]), values[given:]
        stacks: list[list[Array]] = [[] for _ in range(scans)]
        i = 0
        while go and (most is None or i < most):
            condition, *results = program(np.full(ones, i, np.int64), np.full(single, go), *state, *around)
            go, state = bool(condition.reshape(())), results[:carried]
            for stack, value in zip(stacks, results[carried:], strict=True):
                stack.append(value)
            i += 1
        outputs = [*state, *(np.stack(s) if s else e for s, e in zip(stacks, empty, strict=True))]
        return outputs[0] if context.outputs == 1 else tuple(outputs)

    return call


def _empty(value: Any) -> Array:
    """What no steps stack."""
    shape = [extent if isinstance(extent, int) else 0 for extent in value.shape or ()]
    return np.zeros((0, *shape), value.dtype or np.float32)


@operator(
    "Scan",
    attributes="body directions num_scan_inputs scan_input_axes scan_input_directions scan_output_axes "
    "scan_output_directions",
)
def scan(context: Context) -> Function:
    """The body takes states and a slice of each scanned input."""
    body = _body(context, "body")
    given, scanned, old = len(context.node.inputs), context.attr("num_scan_inputs"), context.opset < 9
    states = given - scanned - old
    results = len(body.outputs) - states
    if states < 0 or results < 0 or len(body.inputs) != states + scanned:
        raise context.refuse(f"body takes {len(body.inputs)} values and gives {len(body.outputs)}")
    axes_in = _each(context, "scan_input_axes", scanned)
    axes_out = _each(context, "scan_output_axes", results)
    back_in = _directions(context, "directions" if old else "scan_input_directions", scanned)
    back_out = _directions(context, "scan_output_directions", results)
    empty = [_empty(value) for value in body.outputs[states:]]
    program = context.program(body)

    def run(state: list[Any], sources: list[Array], around: tuple[Any, ...]) -> list[Any]:
        sources = [np.moveaxis(x, axis, 0) for x, axis in zip(sources, axes_in, strict=True)]
        sources = [x[::-1] if back else x for x, back in zip(sources, back_in, strict=True)]
        lengths = [len(x) for x in sources]
        if len(set(lengths)) > 1:
            raise ValueError(f"its inputs have {lengths} steps; expected as many of each")
        stacks: list[list[Array]] = [[] for _ in range(results)]
        for i in range(lengths[0]):
            done = program(*state, *[x[i] for x in sources], *around)
            state = done[:states]
            for stack, value in zip(stacks, done[states:], strict=True):
                stack.append(value)
        ordered = [s[::-1] if back else s for s, back in zip(stacks, back_out, strict=True)]
        whole = (np.stack(s) if s else e for s, e in zip(ordered, empty, strict=True))
        return [*state, *(np.moveaxis(s, 0, axis) for s, axis in zip(whole, axes_out, strict=True))]

    def call(*values: Any) -> Any:
        own, around = values[:given], values[given:]
        outputs = (
            _each_sample(run, own[1:], states, around)
            if old
            else run(list(own[:states]), list(own[states:]), around)
        )
        return outputs[0] if context.outputs == 1 else tuple(outputs)

    return call


def _each(context: Context, name: str, count: int) -> list[int]:
    """An attribute of one number for each of `count` values."""
    numbers: list[int] = context.attr(name) or [0] * count
    if len(numbers) != count:
        raise context.refuse(f"{name} is {numbers}; expected {count} numbers")
    return numbers


def _directions(context: Context, name: str, count: int) -> list[int]:
    """Which of `count` values go backwards."""
    numbers = _each(context, name, count)
    if not set(numbers) <= {0, 1}:
        raise context.refuse(f"{name} is {numbers}; expected 0 or 1 of each")
    return numbers


def _each_sample(run: Any, own: tuple[Any, ...], states: int, around: tuple[Any, ...]) -> list[Any]:
    """Opset 8 has a batch in front of everything."""
    columns = [
        run([x[i] for x in own[:states]], [x[i] for x in own[states:]], around) for i in range(len(own[0]))
    ]
    return [np.stack(parts) for parts in zip(*columns, strict=True)]
