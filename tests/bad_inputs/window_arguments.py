"""Valid arguments of convolutions and pools, by the number of spatial axes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from bad_inputs.rows import Arguments, floats


def conv_arguments(rank: int) -> Arguments:
    """5 positions an axis, 4 channels to 6, a window of 3."""
    return {"x": floats(2, *[5] * rank, 4), "kernel": floats(*[3] * rank, 4, 6), "bias": floats(6)}


def conv_backward_arguments(rank: int) -> Arguments:
    valid = conv_arguments(rank)
    del valid["bias"]
    return {**valid, "dy": floats(2, *[3] * rank, 6)}


def conv_transpose_arguments(rank: int) -> Arguments:
    """3 positions an axis, 4 channels to 6, a window of 3."""
    return {"x": floats(2, *[3] * rank, 4), "kernel": floats(*[3] * rank, 6, 4), "bias": floats(6)}


def conv_transpose_backward_arguments(rank: int) -> Arguments:
    valid = conv_transpose_arguments(rank)
    del valid["bias"]
    return {**valid, "dy": floats(2, *[5] * rank, 6)}


def im2col_arguments(rank: int) -> Arguments:
    return {"x": floats(2, *[5] * rank, 4), "kernel_size": 3}


def col2im_arguments(rank: int) -> Arguments:
    return {
        "columns": floats(2, *[3] * rank, 3**rank * 4),
        "input_shape": (2, *[5] * rank, 4),
        "kernel_size": 3,
    }


def max_pool_arguments(rank: int) -> Arguments:
    return {"x": floats(2, *[5] * rank, 4), "pool_size": 3, "strides": 1}


def max_pool_backward_arguments(rank: int) -> Arguments:
    shape = (2, *[3] * rank, 4)
    return {
        "dy": floats(*shape),
        "indices": np.zeros(shape, np.uint8),
        "input_shape": (2, *[5] * rank, 4),
        "pool_size": 3,
        "strides": 1,
    }


def average_pool_backward_arguments(rank: int) -> Arguments:
    valid = max_pool_backward_arguments(rank)
    del valid["indices"]
    return valid


def adaptive_average_pool_arguments(rank: int) -> Arguments:
    return {"x": floats(2, *[5] * rank, 4), "output_size": 2}


def adaptive_average_pool_backward_arguments(rank: int) -> Arguments:
    return {"dy": floats(2, *[2] * rank, 4), "input_shape": (2, *[5] * rank, 4)}


def adaptive_max_pool_backward_arguments(rank: int) -> Arguments:
    shared = 2 * (5**rank - 1) // 4  # the middle, (2, 2, ...), is of both parts of every axis
    indices = np.full((2, *[2] * rank, 4), shared, np.int64)
    return {**adaptive_average_pool_backward_arguments(rank), "indices": indices}


def max_unpool_arguments(rank: int) -> Arguments:
    shape = (2, *[2] * rank, 4)
    return {"x": floats(*shape), "indices": np.zeros(shape, int), "output_shape": (2, *[5] * rank, 4)}


def max_unpool_backward_arguments(rank: int) -> Arguments:
    return {"dy": floats(2, *[5] * rank, 4), "indices": np.zeros((2, *[2] * rank, 4), int)}


def lp_pool_backward_arguments(rank: int) -> Arguments:
    y = floats(2, *[3] * rank, 4)
    return {"dy": y, "x": floats(2, *[5] * rank, 4), "y": y.copy(), "pool_size": 3, "strides": 1}


def global_pool_arguments(op: str, rank: int) -> Arguments:
    """Of a pool over all positions or its gradient."""
    x, dy = floats(2, *[5] * rank, 4), floats(2, 4)
    if not op.endswith("_backward"):
        return {"x": x}
    if op == "global_lp_pool_backward":
        return {"dy": dy, "x": x, "y": dy.copy()}
    valid = {"dy": dy, "input_shape": x.shape}
    return {**valid, "indices": np.zeros((2, 4), int)} if op == "global_max_pool_backward" else valid


WINDOWED: dict[str, Callable[[int], Arguments]] = {
    "conv": conv_arguments,
    "conv_backward": conv_backward_arguments,
    "im2col": im2col_arguments,
    "col2im": col2im_arguments,
    "max_pool": max_pool_arguments,
    "max_pool_backward": max_pool_backward_arguments,
    "average_pool": max_pool_arguments,
    "average_pool_backward": average_pool_backward_arguments,
    "lp_pool": max_pool_arguments,
    "lp_pool_backward": lp_pool_backward_arguments,
}


TRANSPOSED: dict[str, Callable[[int], Arguments]] = {
    "conv_transpose": conv_transpose_arguments,
    "conv_transpose_backward": conv_transpose_backward_arguments,
}


ADAPTIVE: dict[str, Callable[[int], Arguments]] = {
    "adaptive_average_pool": adaptive_average_pool_arguments,
    "adaptive_average_pool_backward": adaptive_average_pool_backward_arguments,
    "adaptive_max_pool": adaptive_average_pool_arguments,
    "adaptive_max_pool_backward": adaptive_max_pool_backward_arguments,
}


UNPOOL: dict[str, Callable[[int], Arguments]] = {
    "max_unpool": max_unpool_arguments,
    "max_unpool_backward": max_unpool_backward_arguments,
}


GLOBAL: dict[str, Callable[[int], Arguments]] = {
    op: partial(global_pool_arguments, op)
    for name in ("global_average_pool", "global_max_pool", "global_lp_pool")
    for op in (name, f"{name}_backward")
}
