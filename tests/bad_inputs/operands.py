"""Arrays of the wrong kind, dtype, rank or shape, in every operand of every op."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.arguments import NORMS, every_op
from bad_inputs.rows import Arguments, Row, spoil
from elementwise_cases import FUNCTIONS

GLOBAL_FORWARD = ("global_average_pool", "global_max_pool", "global_lp_pool")
OPTIONAL = {"gamma", "beta", "bias", "reverse_bias", "initial_h", "initial_c", "dy", "dh", "dc", "y"}
INDEX_DTYPES = "expected int64 (positions)"


class Arrayish:
    """NumPy would convert it; the ops do not."""

    def __array__(self) -> np.ndarray:
        return np.zeros(3, np.float32)


def _wrong_dtypes(array: np.ndarray) -> Iterator[np.ndarray]:
    for dtype in (
        np.int64,
        np.bool_,
        np.complex64,
        np.float16,
        np.longdouble,
        np.object_,
        "S4",
        "U3",
        "M8[s]",
    ):
        yield np.zeros(array.shape, dtype)
    yield np.zeros(array.shape, [("a", np.float32)])


def _operand_rows(op: str, valid: Arguments, name: str, array: np.ndarray) -> Iterator[Row]:
    is_index = name == "indices"
    for wrong in _wrong_dtypes(array):
        if (is_index or (op.startswith("softmax_cross") and name == "labels")) and wrong.dtype == np.int64:
            continue
        words = [
            f"{op}: {name} has dtype {wrong.dtype}",
            INDEX_DTYPES if is_index else "expected float32 or float64",
        ]
        yield spoil(f"{name} of {wrong.dtype}", op, valid, TypeError, words, **{name: wrong})
    for wrong in (array.tolist(), 1.5, "x", Arrayish(), memoryview(array)):
        kind = type(wrong).__name__
        words = [f"{op}: {name} is a", kind, "expected a numpy.ndarray"]
        yield spoil(f"{name} that is a {kind}", op, valid, TypeError, words, **{name: wrong})
    if name not in OPTIONAL or (name == "y" and not op.startswith(("conv", "bias"))):
        words = [f"{op}: {name} is a NoneType; expected a numpy.ndarray"]
        if op != "max_pool_backward" or not is_index:
            yield spoil(f"{name} missing", op, valid, TypeError, words, **{name: None})
    if not is_index and next(iter(valid)) != name and op != "max_pool_backward":
        words = [f"{op}: ", "has dtype float64 but", "has dtype float32; convert one of them"]
        yield spoil(
            f"{name} of another precision", op, valid, TypeError, words, **{name: array.astype(np.float64)}
        )


def _shape_rows(op: str, valid: Arguments, name: str, array: np.ndarray) -> Iterator[Row]:
    """One more or one fewer of every axis, an axis too many, an axis too few, none at all."""
    shapes: dict[tuple[int, ...], None] = {}
    for axis in range(array.ndim):
        for change in (-1, 1):
            shape = list(array.shape)
            shape[axis] += change
            shapes[tuple(shape)] = None
    shapes[array.shape[1:]] = shapes[(*array.shape, 1)] = shapes[(1,) * 7] = shapes[()] = None
    for shape in shapes:
        wrong = np.zeros(shape, array.dtype)
        if _fits(op, name, shape, array):
            continue
        yield spoil(f"{name} of shape {shape}", op, valid, ValueError, (f"{op}: ",), **{name: wrong})


def _fits(op: str, name: str, shape: tuple[int, ...], array: np.ndarray) -> bool:
    """Whether the op can do with it after all."""
    if op in FUNCTIONS:
        return True
    if op.startswith("dropout"):
        return True
    if op == "bias_add" and name == "x":
        return shape[-1:] == (5,) if array.ndim == 2 else shape[1:2] == (5,)
    if op in ("softmax", "log_softmax"):
        return len(shape) >= 1
    if op == "matmul":
        if name == "bias":
            return False
        inner, other = (shape[-1:], 4) if name == "a" else (shape[-2:-1], 4)
        return len(shape) >= 2 and inner == (other,) and (name == "a" or shape[-1] == array.shape[-1])
    if op in (
        "max_pool",
        "average_pool",
        "lp_pool",
        "im2col",
    ):  # nothing disagrees with x alone while the window fits
        return 3 <= len(shape) <= 5 and all(extent >= 3 for extent in shape[1:-1])
    if op in ("adaptive_average_pool", "adaptive_max_pool") or (name == "x" and op in GLOBAL_FORWARD):
        return 3 <= len(shape) <= 5 and all(extent >= 1 for extent in shape[1:-1])
    if name == "x" and op in NORMS and not op.endswith("_backward"):
        return len(shape) >= 2 and shape[-1] == array.shape[-1]
    if len(shape) != array.ndim:
        return False
    if op == "attention":  # any number of queries, and of values
        free = {"q": 2, "v": 3}.get(name, -1)
        return all(a == b for i, (a, b) in enumerate(zip(shape, array.shape, strict=True)) if i != free)
    if op in ("adaptive_average_pool_backward", "max_unpool_backward") or (  # any number of positions
        op == "global_lp_pool_backward" and name == "x"
    ):
        return (shape[0], shape[-1]) == (array.shape[0], array.shape[-1])
    if op == "conv" and name == "x":
        return shape[-1] == array.shape[-1] and all(extent >= 3 for extent in shape[1:-1])
    if op == "conv" and name == "kernel":  # another window; other output channels disagree with the bias
        return shape[-2:] == array.shape[-2:] and all(extent <= 5 for extent in shape[:-2])
    if op == "conv_transpose" and name == "x":
        return shape[-1] == array.shape[-1]
    if op == "conv_transpose" and name == "kernel":
        return shape[-2:] == array.shape[-2:]
    if name == "x" and op.removeprefix("bidirectional_") in ("lstm", "gru", "simple_rnn"):
        return shape[0] == array.shape[0] and shape[2] == array.shape[2]
    return False


def operand_rows() -> Iterator[Row]:
    for op, valid in every_op():
        arrays: dict[str, Any] = {
            name: value for name, value in valid.items() if isinstance(value, np.ndarray)
        }
        for name, array in arrays.items():
            yield from _operand_rows(op, valid, name, array)
            yield from _shape_rows(op, valid, name, array)
