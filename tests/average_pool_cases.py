"""Cases of average pooling that its tests share."""

from __future__ import annotations

from typing import Any

FORMATS = ["channels_last", "channels_first"]
# (spatial, pool_size, strides, arguments)
CASES: list[tuple[tuple[int, ...], Any, Any, dict[str, Any]]] = [
    ((9,), 2, None, {}),
    ((9,), 3, 2, {"padding": "same"}),
    ((40,), 3, 1, {"padding": 1, "count_include_pad": True}),
    ((40,), 4, 3, {"padding": ((2, 1),), "ceil_mode": True}),
    ((40,), 4, 3, {"padding": 2, "ceil_mode": True, "count_include_pad": True}),
    ((40,), 3, 2, {"dilation_rate": 4, "padding": 4}),
    ((9, 70), 2, 2, {}),
    ((9, 41), (3, 2), (2, 1), {"padding": "same"}),
    ((9, 41), 3, 2, {"padding": 1, "ceil_mode": True, "count_include_pad": True}),
    *(((width,), 3, 3, {}) for width in (6, 23, 24, 25, 47, 48, 49, 50, 98)),  # thirds of vectors
    ((9, 70), 2, 3, {"padding": 1}),
    ((7, 7), 7, None, {}),
    ((4, 5, 6), (2, 3, 2), (1, 2, 2), {"padding": (1, 0, 1)}),
    ((4, 5, 6), 2, None, {"ceil_mode": True}),
]
PARTS: list[tuple[tuple[int, ...], Any]] = [
    ((9,), 4),
    ((9,), 12),
    ((9, 8), 1),
    ((9, 8), (3, 2)),
    ((9, 8), (2, 5)),
    ((4, 5, 6), (2, 1, 4)),
]


def image_shape(spatial: tuple[int, ...], channels: int, data_format: str, batch: int = 2) -> tuple[int, ...]:
    if data_format == "channels_first":
        return (batch, channels, *spatial)
    return (batch, *spatial, channels)
