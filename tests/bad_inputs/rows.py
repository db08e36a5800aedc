"""What a row of bad input is, and valid arguments of every op to spoil one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from elementwise_cases import FROM_RESULT, FUNCTIONS
from foldgate import ops

Arguments = dict[str, Any]


class Row(NamedTuple):
    """A call that must raise `error` with every one of `words` in its message."""

    name: str
    function: Callable[..., Any]
    arguments: Arguments
    error: type[Exception]
    words: tuple[str, ...]


def floats(*shape: int) -> np.ndarray:
    """Float32 values without a pattern that an op could miss."""
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def spoil(name: str, op: str, valid: Arguments, error: type[Exception], words: Any, **replaced: Any) -> Row:
    """The op called with some of its valid arguments replaced; one string of words or several."""
    words = (words,) if isinstance(words, str) else tuple(words)
    return Row(f"{op}: {name}", getattr(ops, op), {**valid, **replaced}, error, words)


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


def elementwise_arguments(op: str) -> Arguments:
    """Of a function of every value, or of its derivative from the result or from x."""
    if not op.endswith("_backward"):
        return {"x": floats(3, 5)}
    v = "y" if op.removesuffix("_backward") in FROM_RESULT else "x"
    return {"dy": floats(3, 5), v: floats(3, 5)}


SOFTMAX: dict[str, Arguments] = {
    "softmax": {"x": floats(3, 5)},
    "softmax_backward": {"dy": floats(3, 5), "y": floats(3, 5)},
    "log_softmax": {"x": floats(3, 5), "axis": 0},
    "log_softmax_backward": {"dy": floats(3, 5), "y": floats(3, 5), "axis": 0},
    "softmax_cross_entropy": {"logits": floats(3, 5), "labels": floats(3, 5)},
    "softmax_cross_entropy_backward": {
        "logits": floats(3, 5),
        "dloss": floats(3),
        "labels": floats(3, 5),
        "log_sum_exp": floats(3),
    },
    "sigmoid_cross_entropy": {"logits": floats(3, 5), "labels": floats(3, 5)},
    "sigmoid_cross_entropy_backward": {
        "logits": floats(3, 5),
        "dloss": floats(3, 5),
        "labels": floats(3, 5),
    },
}

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

NORMS = [
    f"{norm}{direction}"
    for norm in (
        "batch_norm",
        "batch_norm_inference",
        "group_norm",
        "instance_norm",
        "layer_norm",
        "rms_norm",
    )
    for direction in ("", "_backward")
]


def norm_arguments(op: str) -> Arguments:
    """x (2, 3, 4) with its channels last."""
    x, four = floats(2, 3, 4), np.linspace(1, 2, 4, dtype=np.float32)
    norm = op.removesuffix("_backward")
    statistics: Arguments = {"mean": four, "variance": four}
    if "batch" not in norm:
        shape = {"group_norm": (2, 2), "instance_norm": (2, 4)}.get(norm, (2, 3))
        statistics = {"mean": floats(*shape), "rstd": floats(*shape)}
    if norm == "rms_norm":
        del statistics["mean"]
    given: Arguments = {"gamma": four}
    if norm != "rms_norm" and ("batch" in norm or norm == op):
        given["beta"] = four
    if norm == "group_norm":
        given["groups"] = 2
    if norm != op:
        return {"x": x, "dy": floats(2, 3, 4), **statistics, **given}
    return {"x": x, **(statistics if "inference" in op else {}), **given}


def attention_arguments() -> Arguments:
    """2 samples of 3 heads, 4 queries, 5 keys, 6 features and 7 values."""
    return {"q": floats(2, 3, 4, 6), "k": floats(2, 3, 5, 6), "v": floats(2, 3, 5, 7)}


def attention_backward_arguments() -> Arguments:
    y, lse = ops.attention(**attention_arguments(), return_statistics=True)
    return {**attention_arguments(), "dy": floats(*y.shape), "y": y, "lse": lse}


GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}
BATCH, STEPS, FEATURES, UNITS = 2, 3, 4, 5


def weights(cell: str) -> Arguments:
    columns = GATES[cell] * UNITS
    bias = floats(2, columns) if cell == "gru" else floats(columns)
    return {"kernel": floats(FEATURES, columns), "recurrent_kernel": floats(UNITS, columns), "bias": bias}


def sequence_arguments(cell: str) -> Arguments:
    valid = {"x": floats(BATCH, STEPS, FEATURES), **weights(cell), "initial_h": floats(BATCH, UNITS)}
    return {**valid, "initial_c": floats(BATCH, UNITS)} if cell == "lstm" else valid


def sequence_backward_arguments(cell: str) -> Arguments:
    valid = sequence_arguments(cell)
    y, *_, cache = getattr(ops, cell)(**valid, return_cache=True)
    state = floats(BATCH, UNITS)
    gradients = {"dh": state, "dc": state} if cell == "lstm" else {"dh": state}
    return {**valid, "dy": floats(*y.shape), "y": y, "cache": cache, **gradients}


def bidirectional_arguments(cell: str) -> Arguments:
    both = {**weights(cell), **{f"reverse_{name}": value for name, value in weights(cell).items()}}
    valid = {"x": floats(BATCH, STEPS, FEATURES), **both, "initial_h": floats(BATCH, 2 * UNITS)}
    return {**valid, "initial_c": floats(BATCH, 2 * UNITS)} if cell == "lstm" else valid


def bidirectional_backward_arguments(cell: str) -> Arguments:
    valid = bidirectional_arguments(cell)
    y, *_, cache = getattr(ops, f"bidirectional_{cell}")(**valid, return_cache=True)
    state = floats(BATCH, 2 * UNITS)
    gradients = {"dh": state, "dc": state} if cell == "lstm" else {"dh": state}
    return {**valid, "dy": floats(*y.shape), "y": y, "cache": cache, **gradients}


def step_arguments(cell: str) -> Arguments:
    valid = {"x": floats(BATCH, FEATURES), "h": floats(BATCH, UNITS), **weights(cell)}
    return {**valid, "c": floats(BATCH, UNITS)} if cell == "lstm" else valid


def step_backward_arguments(cell: str) -> Arguments:
    valid = step_arguments(cell)
    cache = getattr(ops, f"{cell}_step")(**valid, return_cache=True)[-1]
    gradients = {"dh": floats(BATCH, UNITS)}
    if cell == "lstm":
        gradients["dc"] = floats(BATCH, UNITS)
    return {**valid, **gradients, "cache": cache}


def every_op() -> Iterator[tuple[str, Arguments]]:
    """(op, valid arguments) for every op and, where it has one, every rank."""
    yield "matmul", {"a": floats(3, 4), "b": floats(4, 5), "bias": floats(5)}
    for function in FUNCTIONS:
        for op in (function, f"{function}_backward"):
            yield op, elementwise_arguments(op)
    yield from SOFTMAX.items()
    yield "dropout", {"x": floats(3, 5), "rate": 0.5, "seed": 1}
    yield "dropout_backward", {"dy": floats(3, 5), "rate": 0.5, "seed": 1}
    yield "bias_add", {"x": floats(3, 5), "bias": floats(5)}
    yield "bias_add", {"x": floats(3, 5, 2), "bias": floats(5), "data_format": "channels_first"}
    yield "bias_add_backward", {"dy": floats(3, 5), "y": floats(3, 5), "activation": "relu"}
    yield "add_relu", {"a": floats(3, 5), "b": floats(3, 5)}
    yield "add_relu_backward", {"dy": floats(3, 5), "y": floats(3, 5)}
    for op, arguments in (WINDOWED | TRANSPOSED | ADAPTIVE | UNPOOL | GLOBAL).items():
        for rank in (1, 2, 3):
            yield op, arguments(rank)
    for op in NORMS:
        yield op, norm_arguments(op)
    yield "attention", attention_arguments()
    yield "attention_backward", attention_backward_arguments()
    for cell in GATES:
        yield cell, sequence_arguments(cell)
        yield f"{cell}_backward", sequence_backward_arguments(cell)
        yield f"bidirectional_{cell}", bidirectional_arguments(cell)
        yield f"bidirectional_{cell}_backward", bidirectional_backward_arguments(cell)
        yield f"{cell}_step", step_arguments(cell)
        yield f"{cell}_step_backward", step_backward_arguments(cell)
