"""One call of every public op, for the tests that hold for all of them: threads, fork, process state, tiers.

An op that is not listed here fails ``test_every_op_has_a_call`` in test_threads.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from optimizer_cases import CASES, run
from recurrent_op_calls import Call, recurrent_calls

from elementwise_cases import FUNCTIONS


def op_calls(ops: Any, dtype: Any = np.float32, size: int = 1) -> dict[str, Call]:
    """Every op of the module `ops` by name, on inputs whose work grows with `size`.

    At size 1 everything is small enough to stay on the caller's thread; at size 4 every op that uses threads
    at all has work for several.
    """
    random = np.random.default_rng(0)

    def array(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(dtype)

    calls: dict[str, Call] = {}
    calls |= _matmul_calls(ops, array, size)
    calls |= _elementwise_calls(ops, array, size)
    calls |= _softmax_calls(ops, array, size)
    calls |= _layer_calls(ops, array, size)
    calls |= _conv_calls(ops, array, size)
    calls |= _pool_calls(ops, array, size)
    calls |= _norm_calls(ops, array, size)
    calls |= _attention_calls(ops, array, size)
    calls |= _optimizer_calls(ops, array, size)
    calls |= recurrent_calls(ops, array, size)
    return calls


def _matmul_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    a, b, bias = array(37 * size, 70 * size), array(70 * size, 45 * size), array(45 * size)
    return {"matmul": lambda: ops.matmul(a, b, bias, activation="relu")}


def _elementwise_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    x, dy = array(60 * size, 50 * size, size), array(60 * size, 50 * size, size)
    calls: dict[str, Call] = {}
    for name in FUNCTIONS:
        calls[name] = partial(getattr(ops, name), x)
        calls[f"{name}_backward"] = partial(getattr(ops, f"{name}_backward"), dy, x)
    return calls


def _softmax_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    x, dy = array(100 * size, 85 * size), array(100 * size, 85 * size)
    labels = np.arange(100 * size) % (85 * size)
    y, log_y = ops.softmax(x), ops.log_softmax(x, axis=0)
    loss, log_sum_exp = ops.softmax_cross_entropy(x, labels)
    return {
        "softmax": lambda: (ops.softmax(x), ops.softmax(x, axis=0)),
        "softmax_backward": lambda: ops.softmax_backward(dy, y),
        "log_softmax": lambda: (ops.log_softmax(x), ops.log_softmax(x, axis=0)),
        "log_softmax_backward": lambda: ops.log_softmax_backward(dy, log_y, axis=0),
        "softmax_cross_entropy": lambda: (
            ops.softmax_cross_entropy(x, labels),
            ops.softmax_cross_entropy(x, y),
        ),
        "softmax_cross_entropy_backward": lambda: ops.softmax_cross_entropy_backward(
            loss, x, labels, log_sum_exp
        ),
        "sigmoid_cross_entropy": lambda: ops.sigmoid_cross_entropy(x, y),
        "sigmoid_cross_entropy_backward": lambda: ops.sigmoid_cross_entropy_backward(dy, x, y),
    }


def _layer_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    x, dy, bias = array(100 * size, 85 * size), array(100 * size, 85 * size), array(85 * size)
    ids, table = np.arange(100 * size) * 7 % 40, array(40, 85 * size)
    y = ops.bias_add(x, bias, activation="tanh")
    return {
        "dropout": lambda: ops.dropout(x, 0.3, seed=5, offset=9),
        "dropout_backward": lambda: ops.dropout_backward(dy, 0.3, seed=5, offset=9),
        "random_uniform": lambda: ops.random_uniform(x.shape, seed=5, dtype=x.dtype),
        "embedding": lambda: ops.embedding(ids, table),
        "embedding_backward": lambda: ops.embedding_backward(dy, ids, 40),
        "bias_add": lambda: ops.bias_add(x, bias, activation="tanh"),
        "bias_add_backward": lambda: ops.bias_add_backward(dy, y, activation="tanh"),
        "add_relu": lambda: ops.add_relu(x, dy),
        "add_relu_backward": lambda: ops.add_relu_backward(dy, y),
    }


def _conv_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    extent = 7 * size
    x, kernel, bias = array(2, extent, extent + 1, 6), array(3, 3, 6, 5 * size), array(5 * size)
    y = ops.conv(x, kernel, bias, padding="same", activation="tanh")
    dy, columns = array(*y.shape), ops.im2col(x, (3, 3), padding="same")
    wide_kernel = array(3, 3, 5 * size, 6)  # Cout, Cin
    wide = ops.conv_transpose(x, wide_kernel, bias, strides=2, activation="tanh")
    dwide = array(*wide.shape)
    steps, step_kernel = array(2, 40 * size, 6), array(5, 6, 5 * size)
    each, mix = array(3, 3, 6, 2), array(1, 1, 12, 5 * size)
    pooled, taps = ops.conv_max_pool(x, kernel, bias, padding="same", activation="relu", return_taps=True)
    dpooled = array(*pooled.shape)
    deep, deep_kernel = array(2, extent, extent, 3 * size), array(3, 3, 1, 3 * size)
    return {
        "conv": lambda: (
            ops.conv(x, kernel, bias, padding="same", activation="tanh"),
            ops.conv(x, kernel, strides=2),
            ops.conv(deep, deep_kernel, groups=3 * size),
        ),
        "conv_backward": lambda: ops.conv_backward(dy, x, kernel, y=y, padding="same", activation="tanh"),
        "conv_step": lambda: ops.conv_step(
            steps, None, step_kernel, bias, dilation_rate=2, activation="tanh"
        ),
        "separable_conv": lambda: ops.separable_conv(x, each, mix, bias, padding="same", activation="tanh"),
        "separable_conv_backward": lambda: ops.separable_conv_backward(
            dy, x, each, mix, y=y, padding="same", activation="tanh"
        ),
        "conv_transpose": lambda: ops.conv_transpose(x, wide_kernel, bias, strides=2, activation="tanh"),
        "conv_transpose_backward": lambda: ops.conv_transpose_backward(
            dwide, x, wide_kernel, y=wide, strides=2, activation="tanh"
        ),
        "conv_max_pool": lambda: ops.conv_max_pool(
            x, kernel, bias, padding="same", activation="relu", return_taps=True
        ),
        "conv_max_pool_backward": lambda: ops.conv_max_pool_backward(
            dpooled, x, kernel, taps, y=pooled, padding="same", activation="relu"
        ),
        "im2col": lambda: ops.im2col(x, (3, 3), padding="same"),
        "col2im": lambda: ops.col2im(columns, x.shape, (3, 3), padding="same"),
    }


def _pool_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    x = array(3, 14 * size, 12 * size, 5 * size)
    y, indices = ops.max_pool(x, 2, return_indices="taps")
    dy = array(*y.shape)
    return {
        "max_pool": lambda: ops.max_pool(x, 3, 2, "same", return_indices=True),
        "max_pool_backward": lambda: ops.max_pool_backward(dy, indices, x.shape, 2),
        "average_pool": lambda: ops.average_pool(x, 3, 2, "same"),
        "average_pool_backward": lambda: ops.average_pool_backward(dy, x.shape, 2),
        "adaptive_average_pool": lambda: ops.adaptive_average_pool(x, (3, 1)),
        "adaptive_average_pool_backward": lambda: ops.adaptive_average_pool_backward(dy, x.shape),
        **_other_pool_calls(ops, array, size),
    }


def _other_pool_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    x = array(3, 14 * size, 12 * size, 5 * size)
    y, positions = ops.max_pool(x, 2, return_indices=True)
    dy, norms = array(*y.shape), ops.lp_pool(x, p=3)
    parts, part_positions = ops.adaptive_max_pool(x, (3, 5), return_indices=True)
    flat_y, flat_positions = ops.global_max_pool(x, return_indices=True)
    flat_norms = ops.global_lp_pool(x)
    return {
        "adaptive_max_pool": lambda: ops.adaptive_max_pool(x, (3, 5), return_indices=True),
        "adaptive_max_pool_backward": lambda: ops.adaptive_max_pool_backward(parts, part_positions, x.shape),
        "lp_pool": lambda: ops.lp_pool(x, p=3),
        "lp_pool_backward": lambda: ops.lp_pool_backward(dy, x, norms, p=3),
        "max_unpool": lambda: ops.max_unpool(y, positions, x.shape),
        "max_unpool_backward": lambda: ops.max_unpool_backward(x, positions),
        "global_average_pool": lambda: ops.global_average_pool(x),
        "global_average_pool_backward": lambda: ops.global_average_pool_backward(flat_y, x.shape),
        "global_max_pool": lambda: ops.global_max_pool(x, return_indices=True),
        "global_max_pool_backward": lambda: ops.global_max_pool_backward(flat_y, flat_positions, x.shape),
        "global_lp_pool": lambda: ops.global_lp_pool(x),
        "global_lp_pool_backward": lambda: ops.global_lp_pool_backward(flat_y, x, flat_norms),
    }


def _norm_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    x, dy = array(3, 16 * size, 9 * size, 8 * size), array(3, 16 * size, 9 * size, 8 * size)
    gamma, beta = array(8 * size), array(8 * size)
    _, *batch = ops.batch_norm(x, gamma, beta)
    _, *group = ops.group_norm(x, gamma, groups=4, return_statistics=True)
    _, *instance = ops.instance_norm(x, return_statistics=True)
    _, *layer = ops.layer_norm(x, return_statistics=True)
    _, _, rstd = ops.rms_norm(x, return_statistics=True)
    relu = {"activation": "relu"}
    return {
        "batch_norm": lambda: (ops.batch_norm(x, gamma, beta, **relu), ops.batch_norm(x, axis=1)),
        "batch_norm_backward": lambda: ops.batch_norm_backward(dy, x, *batch, gamma, beta, **relu),
        "batch_norm_inference": lambda: ops.batch_norm_inference(x, *batch, gamma, beta),
        "batch_norm_inference_backward": lambda: ops.batch_norm_inference_backward(dy, x, *batch, gamma),
        "group_norm": lambda: (
            ops.group_norm(x, gamma, beta, groups=4),
            ops.group_norm(x, groups=8, axis=1, return_statistics=True),
        ),
        "group_norm_backward": lambda: ops.group_norm_backward(dy, x, *group, gamma, groups=4),
        "instance_norm": lambda: ops.instance_norm(x, gamma, beta),
        "instance_norm_backward": lambda: ops.instance_norm_backward(dy, x, *instance, gamma),
        "layer_norm": lambda: ops.layer_norm(x, gamma, beta),
        "layer_norm_backward": lambda: ops.layer_norm_backward(dy, x, *layer, gamma),
        "rms_norm": lambda: ops.rms_norm(x, gamma),
        "rms_norm_backward": lambda: ops.rms_norm_backward(dy, x, rstd, gamma),
    }


def _attention_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    q, k, v = array(2, 3, 60 * size, 9), array(2, 3, 50 * size, 9), array(2, 3, 50 * size, 11)
    y, lse = ops.attention(q, k, v, causal=True, return_statistics=True)
    return {
        "attention": lambda: ops.attention(q, k, v),
        "attention_backward": lambda: ops.attention_backward(y, q, k, v, y, lse, causal=True),
    }


def _optimizer_calls(ops: Any, array: Callable[..., np.ndarray], size: int) -> dict[str, Call]:
    """Each optimizer in every form; two steps, as the second reads what the first wrote."""
    variable, gradients = array(90 * size, 80 * size), [array(90 * size, 80 * size) for _ in range(2)]
    forms: dict[str, list[str]] = {}
    for case, (op, *_) in CASES.items():
        forms.setdefault(op, []).append(case)

    def steps(cases: list[str]) -> list[np.ndarray]:
        return [a for case in cases for a in run(ops, case, variable, gradients).values()]

    return {
        **{op: partial(steps, cases) for op, cases in forms.items()},
        "global_norm": lambda: [np.array(ops.global_norm(gradients))],
        "clip_by_global_norm": lambda: ops.clip_by_global_norm(gradients, 1.0),
    }
