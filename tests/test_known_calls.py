"""Ops whose calls are known by shape and options: a call like an earlier one leaves out the function.

It gives the same bits and the same errors, whatever changes between two calls.
"""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import _native, ops
from support import flat

Case = tuple[tuple[Any, ...], dict[str, Any]]


def array(*shape: int, seed: int = 0, dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(seed + len(shape)).standard_normal(shape).astype(dtype)


def cases(seed: int, dtype: Any) -> dict[str, Case]:
    """A call of each op, none of whose arrays is another."""

    def new(*shape: int) -> np.ndarray:
        nonlocal seed
        seed += 1
        return array(*shape, seed=seed, dtype=dtype)

    images, kernel = new(2, 5, 6, 4), new(3, 3, 8, 4)
    y, taps = ops.max_pool(images, 2, return_indices="taps")
    _, positions = ops.max_pool(images, 3, 2, "same", return_indices=True)
    found: dict[str, Case] = {
        "conv_transpose": ((images, kernel, new(8)), {"strides": 2, "padding": "same"}),
        "conv_transpose_backward": ((new(2, 10, 12, 8), images, kernel), {"strides": 2, "padding": "same"}),
        "max_pool_backward": ((new(*y.shape), taps, images.shape, 2), {}),
        "average_pool_backward": ((new(*y.shape), images.shape, 2), {}),
        "adaptive_average_pool": ((images, 2), {}),
        "adaptive_max_pool": ((images, (2, 3)), {"return_indices": True}),
        "global_average_pool": ((images,), {"keepdims": True}),
        "global_max_pool": ((images,), {"return_indices": True}),
        "lp_pool": ((images, 2), {"p": 3}),
        "batch_norm": ((images, new(4), new(4)), {"epsilon": 1e-2}),
        "batch_norm_inference": ((images, new(4), abs(new(4)), new(4), new(4)), {"activation": "relu"}),
        "group_norm": ((images, new(4), new(4)), {"groups": 2, "return_statistics": True}),
        "instance_norm": ((images, new(4), new(4)), {}),
        "layer_norm": ((images, new(4), new(4)), {"return_statistics": True}),
        "rms_norm": ((images, new(4)), {"axis": -1}),
        "attention": ((new(2, 2, 3, 4), new(2, 2, 5, 4), new(2, 2, 5, 6)), {"causal": True}),
    }
    assert positions.dtype == np.int64
    for name, gates in (("lstm", 4), ("gru", 3), ("simple_rnn", 1)):
        x, states = new(2, 5, 3), [new(2, 8) for _ in range(2 if gates == 4 else 1)]
        bias = (2, 24) if gates == 3 else (8 * gates,)
        first, second = ((new(3, 8 * gates), new(8, 8 * gates), new(*bias)) for _ in range(2))
        found[name] = ((x, *first), {"reverse": True, "return_cache": True})
        y, *_, cache = getattr(ops, name)(x, *first, return_cache=True)
        found[f"{name}_backward"] = ((new(*y.shape), x, *first, y, cache), {"need_dx": False})
        found[f"bidirectional_{name}"] = ((x, *first, *second), {"return_sequences": False})
        found[f"{name}_step"] = ((x[:, 0].copy(), *states, *first), {})
    return found


def runs_python(call: Callable[[], Any], function: Any) -> bool:
    """Whether a call enters the Python function."""
    seen = []
    sys.setprofile(lambda frame, event, _: seen.append(frame.f_code))
    try:
        call()
    finally:
        sys.setprofile(None)
    return function.__wrapped__.__code__ in seen


NAMES = list(cases(0, np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_a_learned_call_gives_the_bits_of_the_function(name: str, dtype: Any) -> None:
    op = getattr(ops, name)
    (operands, options), (others, _) = cases(0, dtype)[name], cases(100, dtype)[name]
    op(*operands, **options)
    assert not runs_python(lambda: op(*others, **options), op)
    for values in (operands, others):
        known, long = op(*values, **options), op.__wrapped__(*values, **options)
        assert type(known) is type(long)
        for a, b in zip(flat(known), flat(long), strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_plain_array_goes_the_long_way(name: str) -> None:
    op = getattr(ops, name)
    operands, options = cases(0, np.float32)[name]
    op(*operands, **options)
    big = operands[0].astype(">f4")
    if sys.byteorder == "little":
        assert runs_python(lambda: op(big, *operands[1:], **options), op)
    with pytest.raises(TypeError, match=f"{name}: "):
        op(operands[0].tolist(), *operands[1:], **options)
    with pytest.raises(TypeError, match=name):
        op(*operands, **options, nonsense=1)
    if len(operands) > 1 and isinstance(operands[1], np.ndarray) and operands[1].dtype == np.float32:
        with pytest.raises(TypeError, match=f"{name}: "):  # of mixed dtypes
            op(operands[0], operands[1].astype(np.float64), *operands[2:], **options)


def test_one_array_in_two_places() -> None:
    q, k, v = (array(1, 2, 4, 4, seed=seed) for seed in (1, 2, 3))
    for operands in ((q, q, q), (q, k, k), (q, k, v), (q, k, q)):
        for _ in range(2):
            expected = ops.attention.__wrapped__(*operands)
            np.testing.assert_array_equal(ops.attention(*operands), expected)


def test_the_axis_of_the_heads_tells_calls_apart() -> None:
    q, k, v = (array(2, 2, 2, 4, seed=seed) for seed in (1, 2, 3))
    for axis in (1, 2, 1, 2):
        expected = ops.attention.__wrapped__(q, k, v, heads_axis=axis)
        np.testing.assert_array_equal(ops.attention(q, k, v, heads_axis=axis), expected)
    assert not np.array_equal(ops.attention(q, k, v), ops.attention(q, k, v, heads_axis=2))


def test_an_error_comes_again() -> None:
    x, kernel, wrong = array(1, 5, 3), array(2, 3, 3), np.zeros(5, np.float32)
    for _ in range(3):
        for op in (ops.conv, ops.conv_transpose):
            expected = op(x, kernel, strides=1)
            with pytest.raises(ValueError, match=f"{op.__name__}: bias has shape"):
                op(x, kernel, wrong)
            with pytest.raises(TypeError, match="strides is True"):  # which equals 1
                op(x, kernel, strides=True)
            np.testing.assert_array_equal(op(x, kernel, strides=1), expected)
        with pytest.raises(IndexError, match="max_pool_backward"):
            ops.max_pool_backward(array(1, 2, 3), np.full((1, 2, 3), 9, np.uint8), (1, 4, 3), 2)


@pytest.mark.parametrize("op", [ops.conv, ops.conv_transpose])
def test_the_algorithm_of_the_process_counts(op: Any) -> None:
    x, kernel = array(1, 16, 16, 32), array(3, 3, 32, 32)
    by_shape = op(x, kernel)
    foldgate.set_conv_algorithm("direct")
    try:
        direct = op(x, kernel)
    finally:
        foldgate.set_conv_algorithm(None)
    assert np.any(direct != by_shape)  # by Winograd
    np.testing.assert_array_equal(direct, op(x, kernel, algorithm="direct"))
    np.testing.assert_array_equal(op(x, kernel), by_shape)


def test_it_is_the_function_to_who_looks_at_it() -> None:
    plain = ops.conv.__wrapped__
    assert ops.conv.__name__ == "conv" and ops.conv.__doc__ == plain.__doc__
    assert inspect.signature(ops.conv) == inspect.signature(plain) and inspect.isroutine(ops.conv)
    assert pickle.loads(pickle.dumps(ops.conv)) is copy.deepcopy(ops.conv) is ops.conv
    assert inspect.getmodule(ops.conv).__name__ == "foldgate.ops.conv"
    x, kernel = array(2, 6, 6, 4), array(3, 3, 4, 8)
    method = type("Holder", (), {"conv": ops.conv})
    with pytest.raises(TypeError):
        method().conv(x, kernel)  # bound, as a function's attribute is
    np.testing.assert_array_equal(method.conv(x, kernel), ops.conv(x, kernel))
    for function in (lambda *x: x, lambda **x: x, lambda x, /: x, len):
        with pytest.raises((TypeError, AttributeError)):
            _native.Calls(1).first(function)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_known_pools_answer_as_the_first_call(dtype: Any) -> None:
    x = array(2, 6, 6, 4, dtype=dtype)
    other = -x
    for pool in (ops.max_pool, ops.average_pool):
        assert np.array_equal(pool(x, 2, padding="same"), pool(x, 2, padding="same"))
        assert np.array_equal(pool(other, 2, padding="same"), pool(other + 0, 2, None, "same"))
    for taps in (True, "taps"):
        first, again = (ops.max_pool(x, 3, 1, return_indices=taps) for _ in range(2))
        assert type(again) is tuple and all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        assert first[1].dtype == again[1].dtype


def test_a_mutable_option_is_read_anew() -> None:
    x, kernel = array(2, 6, 6, 4), array(3, 3, 4, 8)
    strides = [1, 1]
    assert ops.conv(x, kernel, strides=strides).shape == (2, 4, 4, 8)
    strides[:] = [2, 2]
    assert ops.conv(x, kernel, strides=strides).shape == (2, 2, 2, 8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_repeated_calls_give_the_same(dtype: Any) -> None:
    operands = (2, 6, 6, 4), (3, 3, 4, 8), (8,)
    x, kernel, bias = (np.rint(4 * array(*shape, dtype=dtype)) for shape in operands)
    y = ops.conv(x, kernel, bias, padding="same", activation="relu")
    first = ops.conv_backward(y, x, kernel, y=y, padding="same", activation="relu", need_dx=False)
    again = ops.conv_backward(y, x, kernel, y=y, padding="same", activation="relu", need_dx=False)
    assert type(first) is type(again) is foldgate.gradients.ConvGradients
    assert first.dx is None and again.dx is None
    np.testing.assert_array_equal(first.dkernel, again.dkernel)
    np.testing.assert_array_equal(first.dbias, again.dbias)
    a, b = x.reshape(2, -1, 4), kernel[0, 0]
    for _ in range(2):
        np.testing.assert_array_equal(ops.matmul(a, b, bias), a @ b + bias)
        np.testing.assert_array_equal(ops.matmul(b, b, transpose_a=True), b.T @ b)
