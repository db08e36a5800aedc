"""Valid arguments of every op, to spoil one at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bad_inputs.recurrent_arguments import (
    GATES,
    bidirectional_arguments,
    bidirectional_backward_arguments,
    sequence_arguments,
    sequence_backward_arguments,
    step_arguments,
    step_backward_arguments,
)
from bad_inputs.rows import Arguments, floats
from bad_inputs.window_arguments import (
    ADAPTIVE,
    GLOBAL,
    TRANSPOSED,
    UNPOOL,
    WINDOWED,
)
from elementwise_cases import FROM_RESULT, FUNCTIONS
from foldgate import ops


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
