"""Errors that name their node."""

from __future__ import annotations

from foldgate.onnx.graph import Node

_KINDS = (IndexError, MemoryError, TypeError, NotImplementedError, ValueError)
CAUGHT = (*_KINDS, ArithmeticError, AttributeError, LookupError)
"""What a node that does not fit its operator, or its values, may raise."""


def at_load(error: Exception, node: Node) -> Exception:
    """The error with its node before it: a wrong file is a ValueError, whatever it broke."""
    return (MemoryError if isinstance(error, MemoryError) else ValueError)(f"{node}: {error}")


def at_run(error: Exception, node: Node | None) -> Exception:
    """The error with its node before it; what is of no kind that says more becomes a ValueError."""
    return next((kind for kind in _KINDS if isinstance(error, kind)), ValueError)(f"{node}: {error}")
