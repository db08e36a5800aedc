"""Keras' pooling by foldgate: `max_pool(inputs, pool_size, ...)` of a backend's `nn` and its relatives."""

from __future__ import annotations

from typing import Any

from foldgate.keras import kernels
from foldgate.keras.geometry import adaptive_window, data_format_of, fixed, pool_window


def max_pool(room: Any, original: Any) -> Any:
    """`max_pool` of a backend."""
    return _pool(room, original, "max_pool", kernels.MaxPool, True)


def average_pool(room: Any, original: Any) -> Any:
    """`average_pool` of a backend."""
    return _pool(room, original, "average_pool", kernels.AveragePool, room.AVERAGES_OVER_THE_IMAGE)


def _pool(room: Any, original: Any, name: str, kernel: type[kernels.Kernel], any_padding: bool) -> Any:
    """`any_padding`: whether the backend counts no padding that is wider on one side; foldgate never does."""
    pays = room.pooling_worth(name)

    def attempt(
        inputs: Any,
        pool_size: Any,
        strides: Any = None,
        padding: Any = "valid",
        data_format: Any = None,
    ) -> Any:
        options = (pool_size, strides, padding, data_format)
        operands = room.operands(room.tensor(inputs)) if pays(inputs) else None
        if operands is not None:
            (x,) = operands
            window = pool_window(
                tuple(x.shape),
                fixed(pool_size),
                fixed(strides),
                fixed(padding),
                data_format_of(data_format),
            )
            if window is not None and (any_padding or window.symmetric):
                return room.run(kernel(window.options), lambda x: original(x, *options), x)[0]
        return None

    return attempt


def adaptive_max_pool(room: Any, original: Any) -> Any:
    """`adaptive_max_pool` of a backend."""
    return _adaptive(room, original, "adaptive_max_pool", kernels.AdaptiveMaxPool)


def adaptive_average_pool(room: Any, original: Any) -> Any:
    """`adaptive_average_pool` of a backend."""
    return _adaptive(room, original, "adaptive_average_pool", kernels.AdaptiveAveragePool)


def _adaptive(room: Any, original: Any, name: str, kernel: type[kernels.Kernel]) -> Any:
    pays = room.pooling_worth(name)

    def attempt(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
        operands = room.operands(room.tensor(inputs)) if pays(inputs) else None
        if operands is not None:
            (x,) = operands
            window = adaptive_window(tuple(x.shape), fixed(output_size), data_format_of(data_format))
            if window is not None:
                options = (output_size, data_format)
                return room.run(kernel(window.options), lambda x: original(x, *options), x)[0]
        return None

    return attempt
