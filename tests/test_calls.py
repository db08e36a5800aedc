"""The table of known calls (`_native.Calls`) by itself: what it keeps, learns, and refuses."""

from __future__ import annotations

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


def test_learn_takes_a_call_only_where_it_sees_every_operand() -> None:
    a, b, option = np.arange(3.0), np.ones(3), "as given"

    def native(*arguments: Any) -> tuple[Any, ...]:
        return arguments

    calls = _native.Calls(2)
    assert calls.learn(None, native, (option, a, 5, b), a, b, option) == (option, a, 5, b)
    again = calls.run(b, a, option)
    assert again[0] == option and again[1] is b and again[3] is a
    assert calls.learn(len, native, (a, None), a, None, 7) == 2 and calls.run(b, None, 7) == 2
    for arguments, key in (
        ((b, a), (a, b, 1)),  # in another order
        ((a,), (a, b, 2)),  # not all of them
        ((a, b, np.ones(2)), (a, b, 3)),  # an array that is no operand
        ((a, b), (a, b, [4])),  # an option that may change
        ((a, b, *range(30)), (a, b, 5)),
    ):
        assert len(calls.learn(None, native, arguments, *key)) == len(arguments)
        assert calls.run(a, b, key[2]) is None
    with pytest.raises(ZeroDivisionError):
        calls.learn(None, lambda a, b: 1 // 0, (a, b), a, b, 6)
    assert calls.run(a, b, 6) is None
    for wrong in ((), (None, native), (None, native, [a, b], a, b), (None, native, (a, b), a)):
        with pytest.raises(TypeError, match=r"Calls\.learn"):
            calls.learn(*wrong)
