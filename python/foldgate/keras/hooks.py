"""Where foldgate steps into Keras: the functions of its backend's `nn`, and the loop over a layer's steps."""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

from foldgate.keras import counts, loading, pools, recurrent, windows

_WINDOW = {"strides", "padding", "data_format"}
_CONV = _WINDOW | {"inputs", "kernel", "dilation_rate"}
_POOL = _WINDOW | {"inputs", "pool_size"}
_ADAPTIVE = {"inputs", "output_size", "data_format"}
_FUNCTIONS: dict[str, tuple[Any, set[str]]] = {
    "conv": (windows.conv, _CONV),
    "depthwise_conv": (windows.depthwise_conv, _CONV),
    "separable_conv": (
        windows.separable_conv,
        _WINDOW | {"inputs", "depthwise_kernel", "pointwise_kernel", "dilation_rate"},
    ),
    "conv_transpose": (windows.conv_transpose, _CONV | {"output_padding"}),
    "max_pool": (pools.max_pool, _POOL),
    "average_pool": (pools.average_pool, _POOL),
    "adaptive_max_pool": (pools.adaptive_max_pool, _ADAPTIVE),
    "adaptive_average_pool": (pools.adaptive_average_pool, _ADAPTIVE),
}
_SINCE = {"adaptive_max_pool", "adaptive_average_pool"}  # came with Keras 3.13
_LAYERS = {"rnn.rnn": "RNN", "rnn.lstm": "LSTM", "rnn.gru": "GRU"}
_LOOP = {"self", "sequences", "initial_state", "mask", "training"}


def replacements(backend: str) -> list[tuple[Any, str, Any]]:
    """(owner, attribute, function) of all that foldgate replaces.

    Raises:
      RuntimeError: a function is not there or has other arguments than the tested versions have; nothing
        was replaced then.
    """
    room = importlib.import_module(f"foldgate.keras.{backend}_backend")
    nn = importlib.import_module(f"keras.src.backend.{backend}.nn")
    found = []
    for name, (make, arguments) in _FUNCTIONS.items():
        if name in _SINCE and not hasattr(nn, name):
            continue
        original = _checked(nn, name, arguments)
        if backend == "numpy" and not loading.has_jax():
            original = room.widened(name, original)
        found.append((nn, name, _replacement(room, name, original, make)))
    for module, name in _LAYERS.items():
        layer = getattr(importlib.import_module(f"keras.src.layers.{module}"), name)
        original = _checked(layer, "inner_loop", _LOOP)
        found.append((layer, "inner_loop", recurrent.inner_loop(room, original)))
    room.prepare()
    return found


def _replacement(room: Any, name: str, original: Any, make: Any) -> Any:
    """What foldgate makes of a function, and the function itself where that is None or a tracer reads."""
    attempt = functools.wraps(original)(make(room, original))

    @functools.wraps(original)
    def replacement(*given: Any, **named: Any) -> Any:
        if not room.is_traced():
            result = attempt(*given, **named)
            if result is not None:
                counts.ran(name)
                return result
            counts.left(name)
        return original(*given, **named)

    return replacement


def _checked(owner: Any, name: str, arguments: set[str]) -> Any:
    function = vars(owner).get(name)
    found = set(inspect.signature(function).parameters) if callable(function) else None
    if found != arguments:
        raise RuntimeError(
            f"foldgate.keras: {owner.__name__}.{name} takes {found and sorted(found)}; expected "
            f"{sorted(arguments)}, as in the versions of Keras that foldgate was tested with"
        )
    return function
