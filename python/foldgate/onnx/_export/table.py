"""Which function writes which layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foldgate import layers
from foldgate.onnx._export import (
    activations,
    attention,
    attention_heads,
    conv_lstm,
    convolution,
    dense,
    merging,
    normalization,
    pooling,
    preparation,
    recurrent,
    reshaping,
)

Handler = Callable[..., Any]
_ROOMS = (
    activations, attention, attention_heads, conv_lstm, convolution, dense, merging, normalization,
    pooling, preparation, recurrent, reshaping,
)  # fmt: skip
_TABLE: dict[Any, Handler] = {
    getattr(layers, name): handler for room in _ROOMS for name, handler in room.HANDLERS.items()
}


def handler_of(layer: Any) -> Handler | None:
    """What writes a layer: that of its class, or of the class whose `call` it has."""
    kinds: tuple[Any, ...] = type(layer).__mro__
    for kind in kinds:
        if kind in _TABLE:
            return _TABLE[kind] if type(layer).call is kind.call else None
    return None
