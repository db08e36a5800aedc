"""What ONNX says of an operator's nodes: how many inputs and outputs, attributes of which kinds."""

from __future__ import annotations

import functools
from typing import Any

from foldgate.onnx._package import onnx_package
from foldgate.onnx.graph import Node


def check_node(node: Node, proto: Any) -> None:
    """Refuses a node that is none of its operator; of operators that ONNX does not know nothing is asked.

    Args:
      node: as it was read of `proto`.
      proto: the NodeProto.

    Raises:
      ValueError: a count or an attribute's kind is another than ONNX says, or an attribute that it must have
        is not there.
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
    for attribute in proto.attribute:
        known = schema.attributes.get(attribute.name)
        if known is not None and attribute.type != known.type.value:
            found, wanted = _kind(attribute.type), _kind(known.type.value)
            raise ValueError(f"{node}: attribute {attribute.name!r} is {found}; expected {wanted}")
    for name, known in schema.attributes.items():
        if known.required and name not in node.attributes:
            raise ValueError(f"{node} has no attribute {name!r}; expected one")


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
