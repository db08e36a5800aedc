"""Calls of a trace that write their result over their first argument."""

from __future__ import annotations

from typing import Any


def writes(node: Any, parts: dict[str, Any]) -> bool:
    """Whether a node writes over an argument; `x += y` is `x + y` to torch.fx.

    Args:
      node: of a trace by torch.fx.
      parts: the module's, by their paths.
    """
    if node.op == "call_module":
        return getattr(parts[node.target], "inplace", False) is True
    if node.op not in ("call_function", "call_method"):
        return False
    name = node.target if isinstance(node.target, str) else node.target.__name__
    in_place = name.endswith("_") and not name.endswith("__")
    return in_place or node.kwargs.get("inplace") is True or node.kwargs.get("out") is not None
