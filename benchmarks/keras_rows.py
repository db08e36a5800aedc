"""The layers that keras_backends.py measures: the sizes that people use, and a ladder from 1 x 8 x 8 up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Row = tuple[str, dict[str, Any], tuple[int, ...]]
RECURRENT: list[Row] = [
    ("LSTM", {"units": 128, "return_sequences": True}, (32, 100, 64)),
    ("LSTM", {"units": 32}, (1, 50, 16)),
    ("LSTM", {"units": 64}, (8, 100, 32)),
    ("LSTM", {"units": 256}, (16, 64, 256)),
    ("GRU", {"units": 128, "return_sequences": True}, (32, 100, 64)),
    ("GRU", {"units": 32}, (1, 50, 16)),
    ("GRU", {"units": 64}, (8, 100, 32)),
    ("GRU", {"units": 256}, (16, 64, 256)),
    ("SimpleRNN", {"units": 128, "return_sequences": True}, (32, 100, 64)),
    ("Bidirectional", {"layer": ("LSTM", {"units": 64, "return_sequences": True})}, (16, 80, 64)),
    ("Bidirectional", {"layer": ("GRU", {"units": 64, "return_sequences": True})}, (16, 80, 64)),
    ("ConvLSTM2D", {"filters": 16, "kernel_size": 3, "padding": "same"}, (4, 8, 32, 32, 8)),
]
WINDOWS: list[Row] = [
    ("Conv1D", {"filters": 64, "kernel_size": 5, "padding": "same"}, (16, 128, 32)),
    ("Conv1D", {"filters": 8, "kernel_size": 3}, (1, 8, 8)),
    ("Conv2D", {"filters": 32, "kernel_size": 3}, (32, 28, 28, 1)),
    ("Conv2D", {"filters": 64, "kernel_size": 3, "padding": "same"}, (8, 32, 32, 64)),
    ("Conv2D", {"filters": 128, "kernel_size": 1}, (8, 28, 28, 64)),
    ("Conv2D", {"filters": 64, "kernel_size": 3, "padding": "same", "strides": 2}, (8, 32, 32, 32)),
    ("Conv2D", {"filters": 8, "kernel_size": 3, "padding": "same"}, (1, 8, 8, 8)),
    ("Conv3D", {"filters": 16, "kernel_size": 3}, (2, 16, 16, 16, 8)),
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same"}, (8, 56, 56, 64)),
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same"}, (1, 8, 8, 8)),
    ("SeparableConv2D", {"filters": 64, "kernel_size": 3, "padding": "same"}, (8, 32, 32, 32)),
    ("Conv2DTranspose", {"filters": 32, "kernel_size": 3, "strides": 2, "padding": "same"}, (8, 16, 16, 64)),
    ("MaxPooling2D", {}, (8, 64, 64, 32)),
    ("MaxPooling2D", {}, (1, 8, 8, 8)),
    ("MaxPooling1D", {}, (16, 128, 64)),
    ("AveragePooling2D", {"pool_size": 2}, (8, 64, 64, 32)),
    ("AveragePooling2D", {"pool_size": 2}, (1, 8, 8, 8)),
    ("AdaptiveAveragePooling2D", {"output_size": 7}, (8, 32, 32, 64)),
    ("AdaptiveMaxPooling2D", {"output_size": 7}, (8, 32, 32, 64)),
]
_SEQUENCES: tuple[tuple[int, ...], ...] = ((1, 8, 8), (1, 50, 16), (8, 50, 32), (16, 128, 64), (16, 64, 256))
_IMAGES: tuple[tuple[int, ...], ...] = ((1, 8, 8, 8), (1, 14, 14, 32), (4, 16, 16, 32), (8, 32, 32, 64))
_VOLUMES: tuple[tuple[int, ...], ...] = ((1, 8, 8, 8, 1), (1, 8, 8, 8, 8), (2, 16, 16, 16, 8))
_CONVOLUTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("", {"kernel_size": 3, "padding": "same"}),
    ("", {"kernel_size": 1}),
    ("", {"kernel_size": 5, "strides": 2}),
    ("", {"kernel_size": 3, "padding": "same", "data_format": "channels_first"}),
    ("Transpose", {"kernel_size": 3, "strides": 2, "padding": "same"}),
)


def ladder() -> Iterator[Row]:
    """Every kind of layer, from 1 x 8 x 8 up."""
    for shape in _SEQUENCES:
        units = min(max(8, shape[2]), 256)
        for kind in ("LSTM", "GRU", "SimpleRNN"):
            yield kind, {"units": units, "return_sequences": True}, shape
        yield "Bidirectional", {"layer": ("GRU", {"units": units})}, shape
    for shape in (*_SEQUENCES, (1, 8, 8, 1), *_IMAGES, *_VOLUMES):
        yield from _windows(len(shape) - 2, shape)


def _windows(rank: int, shape: tuple[int, ...]) -> Iterator[Row]:
    filters = max(8, shape[-1])
    for suffix, options in _CONVOLUTIONS:
        turned = options.get("data_format") == "channels_first"
        given = (shape[0], shape[-1], *shape[1:-1]) if turned else shape
        yield f"Conv{rank}D{suffix}", {"filters": filters, **options}, given
    if rank < 3:
        yield f"DepthwiseConv{rank}D", {"kernel_size": 3, "padding": "same"}, shape
        yield f"SeparableConv{rank}D", {"filters": filters, "kernel_size": 3, "padding": "same"}, shape
    for kind in ("Max", "Average"):
        yield f"{kind}Pooling{rank}D", {"pool_size": 2}, shape
        yield f"{kind}Pooling{rank}D", {"pool_size": 3, "strides": 1}, shape
        yield f"Adaptive{kind}Pooling{rank}D", {"output_size": 3}, shape
