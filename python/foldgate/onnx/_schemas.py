"""What ONNX says of an operator's nodes: the counts and types of operands, attributes of which kinds."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foldgate.onnx._package import onnx_package
from foldgate.onnx.graph import Graph, Node

_RANGES = {"axis": (-(2**31), 2**31 - 1), "batch_dims": (0, 2**31 - 1)}
"""Of attributes that onnx itself does not look at before it reads memory by them."""


def check_node(node: Node, proto: Any) -> None:
    """Refuses a node that is none of its operator; of operators that ONNX does not know nothing is asked.

    Args:
      node: as it was read of `proto`.
      proto: the NodeProto.

    Raises:
      ValueError: a count, an attribute's kind or its range is another than ONNX says, or an attribute that
        it must have is not there.
    """
    schema = _schema(node.op, node.opset, node.domain)
    if schema is None:
        return
    for what, names, least, most in (
        ("inputs", node.inputs, schema.min_input, schema.max_input),
        ("outputs", node.outputs, schema.min_output, schema.max_output),
    ):
        if not least <= len(names) <= most:
            expected = f"{least} to {most}" if most > least else least
            raise ValueError(f"{node} has {len(names)} {what}; expected {expected}")
    for name, formal in zip(node.inputs, schema.inputs, strict=False):
        if not name and formal.option == formal.option.Single:
            raise ValueError(f"{node} has no input {formal.name!r}; expected one")
    ranges = {**_RANGES, "num_outputs": (len(node.outputs),) * 2}
    for attribute in proto.attribute:
        known = schema.attributes.get(attribute.name)
        if known is not None and attribute.type != known.type.value:
            found, wanted = _kind(attribute.type), _kind(known.type.value)
            raise ValueError(f"{node}: attribute {attribute.name!r} is {found}; expected {wanted}")
        least, most = ranges.get(attribute.name, (attribute.i, attribute.i))
        if not least <= attribute.i <= most:
            raise ValueError(f"{node}: {attribute.name} is {attribute.i}; expected {least} to {most}")
    for name, known in schema.attributes.items():
        if known.required and name not in node.attributes:
            raise ValueError(f"{node} has no attribute {name!r}; expected one")


def check_types(graph: Graph, around: Mapping[str, np.dtype[Any]]) -> None:
    """Refuses nodes on values of types, as far as they are known, that ONNX does not let them have.

    Args:
      graph: with the graphs inside it.
      around: the types of what it may read from around it.

    Raises:
      ValueError: an operator is not for a type, or its operands differ where they must not.
    """
    types = {**around, **graph.types, **{name: value.dtype for name, value in graph.constants.items()}}
    for node in graph.nodes:
        schema = _schema(node.op, node.opset, node.domain)
        if schema is not None and schema.inputs:
            _check_operands(node, schema.inputs, types)
        for inner in node.graphs():
            check_types(inner, types)


def _check_operands(node: Node, formals: Sequence[Any], types: Mapping[str, np.dtype[Any]]) -> None:
    bound: dict[str, tuple[str, str]] = {}
    for i, name in enumerate(node.inputs):
        formal = formals[min(i, len(formals) - 1)]
        found = _type_of(types[name]) if name in types else None
        if found is None or not formal.is_homogeneous:
            continue
        if found not in formal.types:
            expected = ", ".join(sorted(formal.types))
            raise ValueError(f"{node}: input {name!r} is a {found}; expected one of {expected}")
        first, kind = bound.setdefault(formal.type_str, (name, found))
        if kind != found:
            raise ValueError(f"{node}: input {name!r} is a {found}; expected a {kind}, as {first!r} is")


@functools.lru_cache(maxsize=64)
def _type_of(dtype: np.dtype[Any]) -> str | None:
    """A type as schemas spell it."""
    try:
        code = onnx_package("helper").np_dtype_to_tensor_dtype(dtype)
    except ValueError:
        return None
    return f"tensor({onnx_package().TensorProto.DataType.Name(code).lower()})"


def _kind(number: int) -> str:
    """An attribute's kind as ONNX names it, `ints` for example; a file may hold any number."""
    kinds = onnx_package().AttributeProto.AttributeType
    return str(kinds.Name(number)).lower() if number in kinds.values() else f"kind {number}"


@functools.lru_cache(maxsize=256)
def _schema(op: str, opset: int, domain: str) -> Any:
    defs = onnx_package("defs")
    try:
        return defs.get_schema(op, max_inclusive_version=opset, domain=domain)
    except defs.SchemaError:
        return None
