"""What a wrong argument is told: the op that was called, the argument's name, what was found and expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import ops

X = np.ones((1, 4, 4, 2))
KERNEL = np.ones((1, 1, 2, 3))
DY, TAPS = np.ones((1, 2, 2, 3)), np.zeros((1, 2, 2, 3), np.uint8)
HEADS = np.ones((1, 2, 3, 4))
ONE = np.ones(3)
DEPTHWISE, POINTWISE = np.ones((1, 1, 2, 1)), np.ones((1, 1, 2, 3))


def pooled(**wrong: Any) -> Any:
    return ops.conv_max_pool_backward(**{"dy": DY, "x": X, "kernel": KERNEL, "taps": TAPS, **wrong})


CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: ops.softmax(ONE, axis=np.array([0])), TypeError, "softmax: axis is array([0]); expected an int"),
    (lambda: ops.softmax(ONE, axis=None), TypeError, "softmax: axis is None; expected an int"),
    (lambda: ops.log_softmax(ONE, axis=(0, 1)), TypeError, "log_softmax: axis is (0, 1); expected an int"),
    (
        lambda: ops.dropout(ONE, 0.5, seed=np.array([1])),
        TypeError,
        "dropout: seed is array([1]); expected an int",
    ),
    (
        lambda: ops.random_uniform((2,), seed=1, offset=1.0),
        TypeError,
        "random_uniform: offset is 1.0; expected an int",
    ),
    (
        lambda: ops.random_uniform((np.array([1]),), seed=1),
        TypeError,
        "random_uniform: shape is (array([1]),); expected a tuple of ints",
    ),
    (
        lambda: ops.softmax_cross_entropy(np.ones((1, 3)), np.array([0]), ignore_index=np.array([0])),
        TypeError,
        "softmax_cross_entropy: ignore_index is array([0]); expected an int or None",
    ),
    (
        lambda: ops.embedding_backward(np.ones((1, 3)), np.array([0]), np.array([4])),
        TypeError,
        "embedding_backward: rows is array([4]); expected an int",
    ),
    (
        lambda: ops.attention(HEADS, HEADS, HEADS, heads_axis=2.0),
        ValueError,
        "attention: heads_axis is 2.0; expected 1 or 2",
    ),
    (
        lambda: ops.attention(HEADS, HEADS, HEADS, heads_axis=np.array([1])),
        ValueError,
        "attention: heads_axis is array([1]); expected 1 or 2",
    ),
    (
        lambda: ops.attention(HEADS, HEADS, HEADS, heads_axis=0),
        ValueError,
        "attention: heads_axis is 0; expected 1 or 2",
    ),
    (lambda: ops.global_lp_pool(X, p="x"), TypeError, "global_lp_pool: p is 'x'; expected a number"),
    (
        lambda: ops.global_lp_pool_backward(np.ones((1, 2)), X, np.ones((1, 2)), p=0),
        ValueError,
        "global_lp_pool_backward: p is 0; expected a finite number above 0",
    ),
    (
        lambda: pooled(taps=None),
        TypeError,
        "conv_max_pool_backward: taps is a NoneType; expected a numpy.ndarray of uint8",
    ),
    (
        lambda: pooled(taps=TAPS.astype(np.int64)),
        TypeError,
        "conv_max_pool_backward: taps has dtype int64; expected uint8",
    ),
    (
        lambda: pooled(taps=TAPS[..., 1:]),
        ValueError,
        "conv_max_pool_backward: taps has shape (1, 2, 2, 2); expected (1, 2, 2, 3)",
    ),
    (
        lambda: pooled(x=X[0], kernel=KERNEL[0]),
        ValueError,
        "conv_max_pool_backward: kernel has shape (1, 2, 3); expected (H, W, Cin / groups, Cout)",
    ),
    (lambda: pooled(taps=TAPS + 4), IndexError, "conv_max_pool_backward: taps hold 4; expected 0 to 3"),
    (
        lambda: pooled(dy=DY[:, 1:]),
        ValueError,
        "conv_max_pool_backward: dy has shape (1, 1, 2, 3); expected (1, 2, 2, 3)",
    ),
    (
        lambda: pooled(x=X[..., :1]),
        ValueError,
        "conv_max_pool_backward: kernel has shape (1, 1, 2, 3); expected (*kernel_size, 1, Cout)",
    ),
    (
        lambda: pooled(groups=2),
        ValueError,
        "conv_max_pool_backward: groups is 2; expected a divisor of x's 2 channels and of kernel's 3",
    ),
    (
        lambda: pooled(strides=4),
        ValueError,
        "conv_max_pool_backward: the convolution has (1, 1) positions; expected at least 2 along each axis",
    ),
    (
        lambda: ops.separable_conv(X, DEPTHWISE, POINTWISE, padding=2**31),
        ValueError,
        "separable_conv: padding is 2147483648; expected fewer than 2**63 padded values",
    ),
    (
        lambda: ops.sgd_update(np.ones(3, int), ONE),
        TypeError,
        "sgd_update: variable has dtype int64; expected float32 or float64",
    ),
    (
        lambda: ops.sgd_update(ONE.copy(), ONE, learning_rate=np.inf),
        ValueError,
        "sgd_update: learning_rate is inf; expected a finite number of at least 0",
    ),
    (
        lambda: ops.clip_by_global_norm([ONE], -1.0),
        ValueError,
        "clip_by_global_norm: clip_norm is -1.0; expected a finite number above 0",
    ),
    (
        lambda: ops.embedding(np.array([0]), np.ones((0, 3))),
        IndexError,
        "embedding: ids hold 0; expected none, as there are no rows",
    ),
    (
        lambda: ops.random_uniform((2**50,), seed=1),
        MemoryError,
        "random_uniform: no memory for an array of shape (1125899906842624,)",
    ),
]


@pytest.mark.parametrize("call, error, message", CASES, ids=[message for *_, message in CASES])
def test_message(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match="^" + re.escape(message)):
        call()


@pytest.mark.parametrize("rate", [np.int64(1), np.float32(1), 1])
def test_numbers_of_numpys_are_rates(rate: Any) -> None:
    w = np.ones(3)
    ops.sgd_update(w, ONE, learning_rate=rate)
    np.testing.assert_array_equal(w, 0)


@pytest.mark.parametrize("option", ["clipnorm", "global_clipnorm"])
def test_a_norm_without_bound_clips_nothing(option: str) -> None:
    w = foldgate.Variable(np.ones(3))
    foldgate.optimizers.SGD(1.0, **{option: np.inf}).apply([ONE], [w])  # type: ignore[arg-type]
    np.testing.assert_array_equal(w, 0)
