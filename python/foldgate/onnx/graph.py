"""A model as Python objects: graphs of nodes over named values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
Shape: TypeAlias = tuple[int | str | None, ...]
"""Extents: a number, a name of an extent that the caller chooses, or None where nothing is known."""


@dataclass
class ValueInfo:
    """An input or output of a model, as `onnxruntime` describes it.

    Example:
      >>> import foldgate.onnx
      >>> foldgate.onnx.ValueInfo("x", ["n", 3], "tensor(float)").shape
      ['n', 3]
    """

    name: str
    shape: list[int | str | None] | None
    type: str
    """`"tensor(float)"` and so on."""
    dtype: np.dtype[Any] | None = None


@dataclass
class Node:
    """One call of an operator. An absent input or output is the name ""."""

    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)
    opset: int = 0
    domain: str = ""

    def __str__(self) -> str:
        label = self.name or next((name for name in self.outputs if name), "")
        return f"node {label!r} ({self.domain + '.' if self.domain else ''}{self.op})"

    def graphs(self) -> Iterator[Graph]:
        """The graphs among its attributes: branches and bodies."""
        return (value for value in self.attributes.values() if isinstance(value, Graph))

    def reads(self) -> list[str]:
        """The values that it takes, and those that its graphs take from around them."""
        return [*self.inputs, *(name for graph in self.graphs() for name in graph.captured())]


@dataclass
class Graph:
    """Nodes in an order in which they can run, and the constants that they read."""

    name: str
    inputs: list[ValueInfo]
    outputs: list[ValueInfo]
    nodes: list[Node]
    constants: dict[str, Array]
    shapes: dict[str, Shape] = field(default_factory=dict)
    types: dict[str, np.dtype[Any]] = field(default_factory=dict)
    handles: dict[Any, Any] = field(default_factory=dict)
    """Packed weights, for nodes that share theirs."""

    def input_names(self) -> list[str]:
        return [value.name for value in self.inputs]

    def output_names(self) -> list[str]:
        return [value.name for value in self.outputs]

    def captured(self) -> list[str]:
        """Names that it reads from the graphs around it, in order."""
        known = {"", *self.constants, *self.input_names()}
        names: dict[str, None] = {}
        for node in self.nodes:
            names.update(dict.fromkeys(name for name in node.reads() if name not in known))
            known.update(node.outputs)
        names.update(dict.fromkeys(name for name in self.output_names() if name not in known))
        return list(names)

    def rank(self, name: str) -> int | None:
        """The number of axes of a value, where it is known."""
        if name in self.constants:
            return self.constants[name].ndim
        shape = self.shapes.get(name)
        return None if shape is None else len(shape)

    def shape(self, name: str) -> Shape | None:
        """The extents of a value, where their number is known."""
        return self.constants[name].shape if name in self.constants else self.shapes.get(name)

    def readers(self) -> dict[str, int]:
        """How often each value is read, by nodes, by graphs inside them and as an output."""
        count: dict[str, int] = dict.fromkeys(self.output_names(), 1)
        for node in self.nodes:
            for name in node.reads():
                count[name] = count.get(name, 0) + 1
        return count


def in_order(nodes: list[Node]) -> list[Node]:
    """The nodes behind those whose results they read, as the standard has them and some tools do not.

    Raises:
      ValueError: there is no such order.
    """
    makers = {name: i for i, node in enumerate(nodes) for name in node.outputs if name}
    waits = [{makers[name] for name in node.reads() if name in makers} for node in nodes]
    if all(max(before, default=-1) < i for i, before in enumerate(waits)):
        return nodes
    try:
        return [nodes[i] for i in TopologicalSorter(dict(enumerate(waits))).static_order()]
    except CycleError as error:
        names = sorted({nodes[i].outputs[0] for i in error.args[1]})
        raise ValueError(f"nodes read each other's results: {str(names)[1:-1]}") from None
