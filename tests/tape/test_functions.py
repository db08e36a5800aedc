"""Every recorded NumPy function: its value is NumPy's, its gradients those of central differences."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tape.cases import CASES

import foldgate
from foldgate import _rules, ops

NAMES = sorted(CASES)


@pytest.mark.parametrize("name", NAMES)
def test_value(name):
    function, operands, _ = CASES[name]
    with foldgate.GradientTape() as tape:
        recorded = function(*tape.watch(operands))
    assert isinstance(recorded, foldgate.Tensor)
    plain = function(*[foldgate.Tensor(operand) for operand in operands])
    assert isinstance(plain, (np.ndarray, np.generic))  # nothing is recorded outside
    expected = function(*operands)
    np.testing.assert_array_max_ulp(recorded.numpy(), np.asarray(expected), 4)
    np.testing.assert_array_equal(np.asarray(plain), expected)


@pytest.mark.parametrize("name", NAMES)
def test_gradient(name):
    case = CASES[name]
    foldgate.check_gradients(case.function, *case.operands)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_of_the_gradient(name):
    function, operands, second_order = CASES[name]

    def gradient(*inputs):
        with foldgate.GradientTape() as tape:
            inputs = tape.watch(inputs)
            y = np.sum(np.sin(function(*inputs)))
        return tape.gradient(y, inputs, unconnected_gradients="zero")

    if second_order:
        foldgate.check_gradients(gradient, *operands, rtol=1e-5, atol=1e-6)
    else:
        with pytest.raises(NotImplementedError, match="prod: its gradient was computed by a fused kernel"):
            foldgate.check_gradients(gradient, *operands)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_have_the_dtype_of_their_operands(name, dtype):
    function, operands, _ = CASES[name]
    operands = tuple(operand.astype(dtype) for operand in operands)
    with foldgate.GradientTape() as tape:
        inputs = tape.watch(operands)
        y = function(*inputs)
    for operand, gradient in zip(operands, tape.gradient(y, inputs), strict=True):
        assert (gradient.dtype, gradient.shape) == (operand.dtype, operand.shape)
        assert gradient.flags.writeable and gradient.flags.c_contiguous


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "x"),
    [(np.std, [[2, 2], [1, 3]]), (ops.norm, [[0, 0], [3, 4]])],
)
def test_roots_of_sums_are_flat_where_they_are_0(function, x, dtype):
    """As PyTorch has it; by the chain rule it would be infinity times 0."""
    with foldgate.GradientTape() as tape:
        x = tape.watch(np.array(x, dtype))
        y = function(x, axis=1)
    assert y.numpy().tolist() == [0, function(x.numpy()[1])] and y.dtype == dtype
    gradient = tape.gradient(y, x)
    assert gradient[0].tolist() == [0, 0] and np.all(gradient[1]) and gradient.dtype == dtype


def test_every_rule_runs_in_some_case():
    called = set()
    sys.setprofile(lambda frame, event, argument: called.add(frame.f_code) if event == "call" else None)
    try:
        for function, operands, _ in CASES.values():
            with foldgate.GradientTape() as tape:
                inputs = tape.watch(operands)
                y = function(*inputs)
            tape.gradient(y, inputs)
    finally:
        sys.setprofile(None)
    gradients = [(ufunc, gradient) for ufunc, (found, _) in _rules.UFUNCS.items() for gradient in found]
    gradients += [(function, rule) for function, (rule, *_) in _rules.FUNCTIONS.items()]
    assert len(gradients) > 80
    assert [function.__name__ for function, gradient in gradients if gradient.__code__ not in called] == []
