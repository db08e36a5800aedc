"""Values around images: zeros, a number, and what torch takes from the images themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import layers
from foldgate.models._from_torch.convert import Converter

FIRST = "channels_first"

_BEFORE: dict[str, Any] = {
    "reflect": lambda p: [slice(p, 0, -1)],
    "replicate": lambda p: [slice(0, 1)] * p,
    "circular": lambda p: [slice(-p, None)],
}
_AFTER: dict[str, Any] = {
    "reflect": lambda p: [slice(-2, -p - 2, -1)],
    "replicate": lambda p: [slice(-1, None)] * p,
    "circular": lambda p: [slice(0, p)],
}


def zero_padded(c: Converter, x: Any, pads: Sequence[tuple[int, int]]) -> Any:
    """x (N, C, *spatial) with zeros around it."""
    if not any(map(any, pads)):
        return x
    options = c.options("_padding")
    if len(pads) == 1:  # ZeroPadding1D knows channels last alone
        layer = layers.ZeroPadding1D(pads[0], **options)
        return np.swapaxes(layer(np.swapaxes(x, 1, 2)), 1, 2)
    return getattr(layers, f"ZeroPadding{len(pads)}D")(tuple(pads), data_format=FIRST, **options)(x)


def padded(
    c: Converter, x: Any, pads: Sequence[tuple[int, int]], mode: str = "constant", value: Any = None
) -> Any:
    """x (N, C, *spatial) with (before, after) values around each spatial axis, as by `functional.pad`."""
    if min(min(pair) for pair in pads) < 0:
        raise c.refuse(f"pads {list(pads)} have no counterpart here; expected none below 0")
    if mode == "constant":
        value = float(value or 0)
        return zero_padded(c, x, pads) if value == 0 else zero_padded(c, x - value, pads) + value
    for axis, (before, after) in enumerate(pads, 2):
        keys = [*(_BEFORE[mode](before) if before else ()), None, *(_AFTER[mode](after) if after else ())]
        rows = [x if key is None else x[(*(slice(None),) * axis, key)] for key in keys]
        x = rows[0] if len(rows) == 1 else np.concatenate(rows, axis=axis)
    return x


def pad(c: Converter, x: Any, pads: Any, mode: str = "constant", value: Any = None) -> Any:
    """functional.pad; torch names the last axis first."""
    pairs = [(pads[i], pads[i + 1]) for i in range(0, len(pads), 2)][::-1]
    rank = len(x.shape) - 2
    if len(pairs) > rank:
        raise c.refuse(f"pads {tuple(pads)} have no counterpart here; expected pads of spatial axes alone")
    return padded(c, x, [(0, 0)] * (rank - len(pairs)) + pairs, mode, value)


def _module(mode: str) -> Any:
    return lambda c, part, x: pad(c, x, tuple(part.padding), mode, getattr(part, "value", None))


MODULES: dict[str, Any] = {
    f"{name}Pad{rank}d": _module(mode)
    for rank in (1, 2, 3)
    for name, mode in {
        "Zero": "constant",
        "Constant": "constant",
        "Reflection": "reflect",
        "Replication": "replicate",
        "Circular": "circular",
    }.items()
}
FUNCTIONS = {"pad": pad, "_pad": pad}
