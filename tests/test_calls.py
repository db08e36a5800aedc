"""Known calls (`_native.Calls`): the same result as the long way, whatever changes between two calls."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import _native, ops


def operands(dtype: Any = np.float32) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    return tuple(random.integers(-4, 5, shape).astype(dtype) for shape in ((2, 6, 6, 4), (3, 3, 4, 8), (8,)))


def planned() -> tuple[Any, ...]:
    x, kernel, bias = operands()
    plan = _native.ConvPlan(x.shape, kernel.shape, (1, 1), (0, 0, 0, 0), (1, 1), 1, False, 0, 0)
    return plan, x, kernel, bias


def test_a_kept_call_is_run_and_others_are_not_known() -> None:
    plan, x, kernel, bias = planned()
    calls = _native.Calls(3)
    one, two = "one", (2, "two", None, True, 0.5)
    assert calls.run(x, kernel, bias, one, two) is None
    calls.keep(plan, x, kernel, bias, one, two)
    np.testing.assert_array_equal(calls.run(x, kernel, bias, one, two), ops.conv(x, kernel, bias))
    # other values in arrays of these shapes
    np.testing.assert_array_equal(calls.run(-x, kernel, bias, one, two), ops.conv(-x, kernel, bias))
    equal, word = (2, *two[1:]), "".join(["o", "ne"])
    assert equal == two and equal is not two and word == one and word is not one
    np.testing.assert_array_equal(calls.run(x, kernel, bias, one, equal), ops.conv(x, kernel, bias))
    for arguments in (
        (x, kernel, None, one, two),  # no bias
        (x[:1], kernel, bias, one, two),  # another batch
        (x, kernel, bias, one),
        (x, kernel, bias, one, two, None),
        (x, kernel, bias, two, one),
        (x, kernel, bias, word, two),  # a str by identity alone
        (x, kernel, bias, one, (2.0, *two[1:])),  # numbers by kind and value
        (x, kernel, bias, one, (2, "two", None, 1, 0.5)),
        (x, kernel, bias, one, (2, "two", None, True, -0.5)),
        (x, kernel, bias, one, (2, "two", None, (True, 0.5))),
        (x, kernel, bias, one, (2**64, *two[1:])),
        (x, kernel, bias.astype(np.float64), one, two),  # of mixed dtypes
        (x, kernel, bias.tolist(), one, two),
        (x.transpose(0, 2, 1, 3), kernel, bias, one, two),  # strided
        (x.astype(">f4"), kernel, bias, one, two),
        (x.view(np.ma.MaskedArray), kernel, bias, one, two),
        (),
    ):
        assert calls.run(*arguments) is None


def test_what_could_change_is_not_kept() -> None:
    plan, x, kernel, bias = planned()
    calls = _native.Calls(3)
    for option in ([1], ([1],), {}, np.int64(1), object()):
        calls.keep(plan, x, kernel, bias, option)
        assert calls.run(x, kernel, bias, option) is None
    calls.keep(plan, x[:, ::2], kernel, bias)
    assert calls.run(x[:, ::2], kernel, bias) is None


def test_a_full_table_forgets_and_stays_right() -> None:
    kernel = np.ones((2, 1, 1), np.float32)
    calls = _native.Calls(3, slots=2)
    for length in range(2, 40):
        x = np.arange(length, dtype=np.float32).reshape(1, length, 1)
        plan = _native.ConvPlan(x.shape, kernel.shape, (1,), (0, 0), (1,), 1, False, 0, 0)
        calls.keep(plan, x, kernel, None)
        np.testing.assert_array_equal(calls.run(x, kernel, None), x[:, :-1] + x[:, 1:])


def test_wrong_use_is_refused() -> None:
    plan, x, kernel, bias = planned()
    for operands_, slots, words in ((0, 2, "operands is 0"), (9, 2, "operands is 9"), (3, 3, "slots is 3")):
        with pytest.raises(ValueError, match=words):
            _native.Calls(operands_, slots)
    with pytest.raises(TypeError):
        _native.Calls("3")
    calls = _native.Calls(3)
    for arguments in ((), (x, kernel, bias), (None,)):
        with pytest.raises(TypeError, match="planned call"):
            calls.keep(*arguments)
    with pytest.raises(TypeError, match="takes 3 operands"):
        _native.Calls(2).keep(plan, x, kernel, bias)
    calls.keep(plan, None, kernel, bias)  # an operand that the plan cannot do without
    with pytest.raises(TypeError, match=r"conv: x is not a numpy\.ndarray"):
        calls.run(None, kernel, bias)
    calls.keep(plan, x, kernel, bias[:1])
    with pytest.raises(ValueError, match="bias has shape"):
        calls.run(x, kernel, bias[:1])


def test_a_function_is_called_where_the_call_is_not_known() -> None:
    plan, x, kernel, bias = planned()
    calls, came = _native.Calls(3), []

    @calls.first
    def conv(x: Any, kernel: Any, bias: Any = None, *, one: object = 1, algorithm: object = None) -> Any:
        """Says so."""
        came.append((x, kernel, bias, one, algorithm))
        return "function"

    assert conv(x, kernel, bias) == "function" and came.pop()[3:] == (1, None)
    calls.keep(plan, x, kernel, bias, 1, None)
    expected = ops.conv(x, kernel, bias)
    for known in (conv(x, kernel, bias), conv(x, kernel, bias, one=1), conv(bias=bias, x=x, kernel=kernel)):
        np.testing.assert_array_equal(known, expected)
    np.testing.assert_array_equal(conv(x, kernel, bias=bias, algorithm=None), expected)
    assert not came
    for arguments, options in (((x, kernel), {}), ((x, kernel, bias), {"one": 2}), ((-1, kernel, bias), {})):
        assert conv(*arguments, **options) == "function" and came.pop()[1] is kernel
    foldgate.set_conv_algorithm("direct")
    try:
        assert conv(x, kernel, bias) == "function"  # another algorithm is not known
        calls.keep(plan, x, kernel, bias, 1, foldgate.get_conv_algorithm())
        assert conv(x, kernel, bias) is not None and len(came) == 1
    finally:
        foldgate.set_conv_algorithm(None)
    for wrong in (
        lambda: conv(x),
        lambda: conv(x, kernel, bias, 1),
        lambda: conv(x, kernel, kernel=kernel),
        lambda: conv(x, kernel, bias, two=2),
    ):
        with pytest.raises(TypeError, match="conv"):
            wrong()


def test_it_is_the_function_to_who_looks_at_it() -> None:
    plain = ops.conv.__wrapped__
    assert ops.conv.__name__ == "conv" and ops.conv.__doc__ == plain.__doc__
    assert inspect.signature(ops.conv) == inspect.signature(plain) and inspect.isroutine(ops.conv)
    assert pickle.loads(pickle.dumps(ops.conv)) is copy.deepcopy(ops.conv) is ops.conv
    assert inspect.getmodule(ops.conv).__name__ == "foldgate.ops.conv"
    x, kernel, _ = operands()
    method = type("Holder", (), {"conv": ops.conv})
    with pytest.raises(TypeError):
        method().conv(x, kernel)  # bound, as a function's attribute is
    np.testing.assert_array_equal(method.conv(x, kernel), ops.conv(x, kernel))
    for function in (lambda *x: x, lambda **x: x, lambda x, /: x, len):
        with pytest.raises((TypeError, AttributeError)):
            _native.Calls(1).first(function)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_known_pools_answer_as_the_first_call(dtype: Any) -> None:
    x, _, _ = operands(dtype)
    other = -x
    for pool in (ops.max_pool, ops.average_pool):
        assert np.array_equal(pool(x, 2, padding="same"), pool(x, 2, padding="same"))
        assert np.array_equal(pool(other, 2, padding="same"), pool(other + 0, 2, None, "same"))
    for taps in (True, "taps"):
        first, again = (ops.max_pool(x, 3, 1, return_indices=taps) for _ in range(2))
        assert type(again) is tuple and all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        assert first[1].dtype == again[1].dtype


def test_an_error_comes_again() -> None:
    x, kernel, bias = operands()
    for _ in range(3):
        with pytest.raises(ValueError, match="bias has shape"):
            ops.conv(x, kernel, bias[:3])
        with pytest.raises(TypeError, match="strides is True"):
            ops.conv(x, kernel, bias, strides=True)
        np.testing.assert_array_equal(ops.conv(x, kernel, bias, strides=1), ops.conv(x, kernel, bias))


def test_a_mutable_option_is_read_anew() -> None:
    x, kernel, _ = operands()
    strides = [1, 1]
    assert ops.conv(x, kernel, strides=strides).shape == (2, 4, 4, 8)
    strides[:] = [2, 2]
    assert ops.conv(x, kernel, strides=strides).shape == (2, 2, 2, 8)


def test_the_algorithm_of_the_process_counts() -> None:
    x = np.random.default_rng(1).standard_normal((1, 16, 16, 32)).astype(np.float32)
    kernel = np.random.default_rng(2).standard_normal((3, 3, 32, 32)).astype(np.float32)
    by_shape = ops.conv(x, kernel)
    foldgate.set_conv_algorithm("direct")
    try:
        direct = ops.conv(x, kernel)
    finally:
        foldgate.set_conv_algorithm(None)
    assert np.any(direct != by_shape)  # by Winograd
    np.testing.assert_array_equal(direct, ops.conv(x, kernel, algorithm="direct"))
    np.testing.assert_array_equal(ops.conv(x, kernel), by_shape)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_repeated_calls_give_the_same(dtype: Any) -> None:
    x, kernel, bias = operands(dtype)
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
