"""The operators: what builds a function for a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from foldgate.onnx._errors import CAUGHT, at_load
from foldgate.onnx.graph import Array, Graph, Node, Shape

if TYPE_CHECKING:
    from foldgate.onnx.program import Program

Function = Callable[..., Any]
"""Takes a node's inputs, None for absent ones, and gives its output, or a tuple where it has several."""

Builder = Callable[["Context"], Function]


@dataclass(frozen=True)
class Operator:
    """How a node of one operator becomes a function."""

    build: Builder
    attributes: frozenset[str]


OPERATORS: dict[tuple[str, str], Operator] = {}


def operator(*names: str, attributes: str = "", domain: str = "") -> Callable[[Builder], Builder]:
    """Registers a builder for operators of these names and the attributes that it reads."""

    def keep(build: Builder) -> Builder:
        for name in names:
            OPERATORS[domain, name] = Operator(build, frozenset(attributes.split()))
        return build

    return keep


class Context:
    """A node while its function is built: its attributes, and what is known of its inputs."""

    def __init__(self, node: Node, graph: Graph, compile_graph: Callable[[Graph, Graph], Program]) -> None:
        self.node, self.graph, self._compile = node, graph, compile_graph
        self.op, self.opset, self.outputs = node.op, node.opset, len(node.outputs)
        self.reads: tuple[int, ...] | None = None

    def takes(self, *inputs: int) -> None:
        """Says that the function takes these inputs alone: it has the others, which are known, already."""
        self.reads = inputs

    def attr(self, name: str, default: Any = None) -> Any:
        """An attribute, or `default` where the node has none."""
        return self.node.attributes.get(name, default)

    def flag(self, name: str, default: int = 0) -> bool:
        """An attribute that is 0 or 1."""
        return bool(self.attr(name, default))

    def given(self, i: int) -> bool:
        """Whether input i is there."""
        return i < len(self.node.inputs) and self.node.inputs[i] != ""

    def wanted(self, i: int) -> bool:
        """Whether output i is there."""
        return i < self.outputs and self.node.outputs[i] != ""

    def constant(self, i: int) -> Array | None:
        """Input i where it is known now."""
        return self.graph.constants.get(self.node.inputs[i]) if self.given(i) else None

    def shape(self, i: int) -> Shape | None:
        """The extents of input i, where their number is known."""
        return self.graph.shape(self.node.inputs[i]) if self.given(i) else None

    def dtype(self, i: int) -> np.dtype[Any] | None:
        """The type of input i, where it is known."""
        if not self.given(i):
            return None
        known = self.constant(i)
        return self.graph.types.get(self.node.inputs[i]) if known is None else known.dtype

    def program(self, graph: Graph) -> Program:
        """A graph inside the node as a program; it takes its inputs, then what it reads from around it."""
        return self._compile(graph, self.graph)

    def refuse(self, words: str) -> ValueError:
        """The error of a node that cannot be as it is; who builds or runs it adds which one."""
        return ValueError(words)


def built(context: Context) -> Function:
    """The function of a node.

    Raises:
      ValueError: the node is none of its operator.
    """
    try:
        return OPERATORS[context.node.domain, context.op].build(context)
    except CAUGHT as error:
        raise at_load(error, context.node) from error


def missing(graph: Graph) -> Iterator[str]:
    """What a graph asks for that is not here, in words that name the node."""
    for node in graph.nodes:
        known = OPERATORS.get((node.domain, node.op))
        if known is None:
            yield f"{node}: there is no operator {node.op!r} in domain {node.domain or 'ai.onnx'!r}"
            continue
        for name in node.attributes:
            if name not in known.attributes:
                yield f"{node}: attribute {name!r} is not supported"
        for inner in node.graphs():
            yield from missing(inner)
