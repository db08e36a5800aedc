"""Recurrent layers in both directions: the op of one direction twice, its outputs side by side.

    y = [forward y, reverse y]    h = [forward h, reverse h]    (concatenated along the last axis)

The gradient of x is the sum of the directions'; everything else has its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate.gradients import BidirectionalGradients
from foldgate.reference._types import Array

__all__ = ["backward", "forward"]

_OF_BOTH = ("y", "dy", "initial_h", "initial_c", "dh", "dc")
"""What holds the forward direction's half and beside it the reverse one's."""


def _half(array: Array | None, direction: int) -> Any:
    """What a direction has of an array `(..., 2U)`."""
    return None if array is None else np.split(array, 2, axis=-1)[direction]


def _of_direction(arguments: dict[str, Any], direction: int) -> dict[str, Any]:
    """What the op of one direction takes of the arguments of both."""
    own = {
        name: _half(value, direction) if name in _OF_BOTH else value
        for name, value in arguments.items()
        if not name.startswith("reverse_")
    }
    if direction:
        own |= {name: arguments[f"reverse_{name}"] for name in ("kernel", "recurrent_kernel", "bias")}
    return {**own, "reverse": direction == 1}


def forward(op: Callable[..., tuple[Any, ...]], arguments: dict[str, Any]) -> tuple[Any, ...]:
    """What the op gives in both directions, of the arguments of `bidirectional_<op>` by name."""
    if (arguments["bias"] is None) != (arguments["reverse_bias"] is None):
        raise ValueError(f"bidirectional_{op.__name__}: one of bias and reverse_bias is None; expected both")
    parts = list(zip(*(op(**_of_direction(arguments, d)) for d in range(2)), strict=True))
    caches = [np.stack(parts.pop())] if arguments["return_cache"] else []
    return (*(None if part[0] is None else np.concatenate(part, axis=-1) for part in parts), *caches)


def backward(op: Callable[..., Any], arguments: dict[str, Any]) -> BidirectionalGradients:
    """The gradients of both directions, of the arguments of `bidirectional_<op>` by name."""
    forward, reverse = (
        op(**{**_of_direction(arguments, d), "cache": arguments["cache"][d]}) for d in range(2)
    )
    dinitial_c = None
    if hasattr(forward, "dinitial_c"):
        dinitial_c = np.concatenate([forward.dinitial_c, reverse.dinitial_c], axis=-1)
    return BidirectionalGradients(
        None if forward.dx is None else forward.dx + reverse.dx,
        forward.dkernel,
        forward.drecurrent_kernel,
        forward.dbias,
        reverse.dkernel,
        reverse.drecurrent_kernel,
        reverse.dbias,
        np.concatenate([forward.dinitial_h, reverse.dinitial_h], axis=-1),
        dinitial_c,
    )
