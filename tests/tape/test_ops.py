"""Every op is one node of the tape: its gradient is that of central differences, computed only where read."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from tape.op_cases import CASES, NOT_RECORDED

import foldgate
from foldgate import GradientTape, Tensor, Variable, ops

NAMES = sorted(CASES)


def flat(result):
    return [part for part in (result if isinstance(result, tuple) else (result,)) if part is not None]


@pytest.mark.parametrize("name", NAMES)
def test_gradient(name):
    function, operands = CASES[name]
    foldgate.check_gradients(lambda *inputs: flat(function(*inputs)), *operands, atol=2e-7)


@pytest.mark.parametrize("name", NAMES)
def test_each_operand_alone(name):
    """The gradient of one operand is the same whether or not the others are watched."""
    function, operands = CASES[name]
    with GradientTape() as tape:
        inputs = tape.watch(operands)
        results = flat(function(*inputs))
    together = tape.gradient(results, inputs)
    for i, expected in enumerate(together):
        with GradientTape() as tape:
            x = tape.watch(operands[i])
            results = flat(function(*operands[:i], x, *operands[i + 1 :]))
        np.testing.assert_allclose(tape.gradient(results, x), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_arrays_come_out_where_nothing_is_recorded(name):
    function, operands = CASES[name]
    expected = flat(function(*operands))
    outside = flat(function(*[Tensor(operand) for operand in operands]))
    with GradientTape() as tape, foldgate.no_grad():
        paused = flat(function(*[tape.watch(operand) for operand in operands]))
    with GradientTape():
        untouched = flat(function(*operands))
        constant = flat(function(*[Tensor(operand) for operand in operands]))
    for results in (outside, paused, untouched):
        for result, array in zip(results, expected, strict=True):
            assert type(result) is np.ndarray
            np.testing.assert_array_equal(result, array)
    assert all(type(result) is Tensor for result in constant)


@pytest.mark.parametrize("name", NAMES)
def test_float32(name):
    function, operands = CASES[name]
    with GradientTape() as tape:
        inputs = tape.watch(tuple(operand.astype(np.float32) for operand in operands))
        results = flat(function(*inputs))
    assert {result.dtype for result in results} == {np.dtype(np.float32)}
    for gradient, operand in zip(tape.gradient(results, inputs), operands, strict=True):
        assert (gradient.dtype, gradient.shape) == (np.float32, operand.shape)


def test_every_op_has_a_case():
    tested = {name.split()[0] for name in NAMES}
    functions = {name for name in ops.__all__ if not name.endswith("_backward")} - NOT_RECORDED
    assert sorted(functions - tested) == []
    assert sorted(tested - functions) == []


@pytest.mark.parametrize("name", ["conv", "lstm", "max_pool", "matmul", "tanh"])
def test_the_gradient_of_a_kernel_is_not_differentiated(name):
    function, operands = CASES[name]
    with GradientTape() as outer:
        with GradientTape() as inner:
            inputs = outer.watch(inner.watch(operands))
            result = flat(function(*inputs))[0]
            y = np.sum(result * result)
        gradients = inner.gradient(y, inputs)
        total = np.sum(gradients[0] * 2.0)
    with pytest.raises(NotImplementedError, match=f"{name}: its gradient was computed by a fused kernel"):
        outer.gradient(total, inputs)


def test_a_first_layer_computes_no_gradient_of_its_input(monkeypatch):
    asked = []
    native = inspect.getmodule(ops.conv)._native
    plan = native.ConvBackwardPlan

    def spy(*arguments, **more):
        asked.append(list(arguments[9:12]))  # after the shapes and the options
        return plan(*arguments, **more)

    monkeypatch.setattr(native, "ConvBackwardPlan", spy)
    x, kernel, bias = CASES["conv"][1]
    x = np.concatenate([x, x, x])  # of a shape that is met here alone: known calls plan nothing
    kernel, bias = Variable(kernel), Variable(bias)
    with GradientTape(persistent=True) as tape:
        y = np.sum(ops.conv(x, kernel, bias))
        z = np.sum(ops.conv(tape.watch(x), kernel, bias))
    tape.gradient(y, [kernel, bias])
    tape.gradient(z, [kernel])
    assert asked == [[False, True, True], [False, True, False]]


@pytest.mark.parametrize("op", ["conv", "matmul"])
def test_a_gradient_that_somebody_reads_is_not_written_over(op):
    rng = np.random.default_rng(3)
    x, kernel = (rng.standard_normal(shape) for shape in ((2, 5, 4), (3, 4, 4) if op == "conv" else (4, 4)))
    bias, seed = rng.standard_normal(4), rng.standard_normal((2, 20))
    options = {"padding": "same"} if op == "conv" else {}

    def call(x, bias):
        return getattr(ops, op)(x, kernel, bias, activation="tanh", **options)

    def both(x, bias):
        first = call(x, bias)
        return first, call(first, bias), call(call(first, bias), bias)

    def joined(x, bias):  # two of them have one gradient, of another shape than what it is a view of
        first, second, third = both(x, bias)
        return np.reshape(first + second + third, (2, 20)) * seed

    assert foldgate.check_gradients(joined, x, bias) < 1e-7
    given = seed.copy()
    with GradientTape() as tape:
        _, second, third = both(tape.watch(x), tape.watch(bias))
        total = np.reshape(second + third, (2, 20))
    found = tape.gradient(total, [second, third, total], given)
    np.testing.assert_array_equal(given, seed)
    for gradient in found:
        np.testing.assert_array_equal(gradient.ravel(), seed.ravel())


def test_a_conv_without_activation_lets_go_of_its_result():
    import weakref

    x, kernel, _ = CASES["conv"][1]
    kernel = Variable(kernel)
    with GradientTape() as tape:
        y = ops.conv(x, kernel)
        result = weakref.ref(y.numpy())
        loss = np.sum(y)
        del y
        assert result() is None
    assert tape.gradient(loss, kernel).shape == kernel.shape


def test_statistics_of_a_batch_are_constants():
    with GradientTape():
        y, mean, variance = ops.batch_norm(Variable(np.arange(6.0).reshape(3, 2)))
    assert type(y) is Tensor and type(mean) is type(variance) is np.ndarray


def test_errors_name_the_op():
    x = Variable(np.ones((1, 4, 2)))
    with GradientTape():
        with pytest.raises(ValueError, match="lstm: return_cache is True for a recorded Tensor"):
            ops.lstm(x, np.ones((2, 12)), np.ones((3, 12)), return_cache=True)
        with pytest.raises(ValueError, match="tanh: out is an array for a recorded Tensor"):
            ops.tanh(x, out=np.ones((1, 4, 2)))
        with pytest.raises(TypeError, match="conv: kernel has dtype float32 but x has dtype float64"):
            ops.conv(x, Variable(np.ones((2, 2, 2), np.float32)))
        with pytest.raises(TypeError, match="conv_backward: dy is a Variable; expected a numpy"):
            ops.conv_backward(x, np.ones((1, 5, 2)), np.ones((2, 2, 2)))
