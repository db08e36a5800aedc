"""Optimizers: what may be assigned, left out or forgotten, and what wrong use says."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import optimizers


def weights() -> list[Any]:
    return [foldgate.Variable(np.ones(3), name="kernel"), foldgate.Variable(np.ones(2), name="bias")]


def ones() -> list[Any]:
    return [np.ones(3), np.ones(2)]


def test_learning_rate_is_assignable() -> None:
    optimizer, variables = optimizers.SGD(0.5), weights()
    optimizer.apply(ones(), variables)
    optimizer.learning_rate = 0.25
    optimizer.apply(ones(), variables)
    optimizer.learning_rate.assign(optimizer.learning_rate * 0.5)
    optimizer.apply_gradients(zip(ones(), variables, strict=True))
    np.testing.assert_array_equal(variables[0].value, np.full(3, 1 - 0.5 - 0.25 - 0.125))
    assert int(optimizer.iterations) == 3
    assert f"{optimizer.learning_rate:.3f}" == "0.125"


def test_a_schedule_gives_the_learning_rate() -> None:
    optimizer, variables = optimizers.SGD(optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)), weights()
    for _ in range(3):
        optimizer.apply(ones(), variables)
    np.testing.assert_array_equal(variables[0].value, np.full(3, 1 - 1 - 0.5 - 0.25))
    with pytest.raises(TypeError, match="ExponentialDecay"):
        optimizer.learning_rate = 0.1
    again = optimizers.SGD.from_config(optimizer.get_config())
    assert again.learning_rate == 1.0


def test_a_function_gives_the_learning_rate() -> None:
    rates = iter([1.0, 0.5])
    optimizer, variables = optimizers.SGD(lambda: next(rates)), weights()
    optimizer.apply(ones(), variables)
    optimizer.apply(ones(), variables)
    np.testing.assert_array_equal(variables[0].value, np.full(3, -0.5))
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate) == 0.25


def test_constraints_follow_the_update() -> None:
    class Bounded(foldgate.Variable):  # type: ignore[misc]
        def constraint(self, value: Any) -> Any:
            return np.clip(value, 0.75, 2.0)

    variable = Bounded(np.ones(2))
    optimizers.SGD(1.0).apply([np.ones(2)], [variable])
    np.testing.assert_array_equal(variable.value, [0.75, 0.75])


def test_weight_decay_leaves_out_what_it_is_told_to() -> None:
    variables = weights()
    optimizer = optimizers.AdamW(0.5, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([np.zeros(3), np.zeros(2)], variables)
    np.testing.assert_array_equal(variables[0].value, np.full(3, 0.75))
    np.testing.assert_array_equal(variables[1].value, np.ones(2))
    with pytest.raises(ValueError, match="exclude_from_weight_decay"):
        optimizer.exclude_from_weight_decay(var_list=variables)


def test_no_gradient_leaves_a_variable_alone() -> None:
    optimizer, variables = optimizers.SGD(0.5), weights()
    with pytest.warns(UserWarning, match="bias"):
        optimizer.apply([np.ones(3), None], variables)
    np.testing.assert_array_equal(variables[1].value, np.ones(2))
    with pytest.raises(ValueError, match="no gradient"):
        optimizer.apply([None, None], variables)


def test_a_variable_twice_is_updated_twice() -> None:
    twice, once = foldgate.Variable(np.array([1.0, 2.0])), foldgate.Variable(np.array([1.0, 2.0]))
    gradients = [np.array([1.0, 3.0]), np.array([2.0, -1.0])]
    optimizers.SGD(0.5).apply(gradients, [twice, twice])
    separate = optimizers.SGD(0.5)
    for gradient in gradients:
        separate.apply([gradient], [once])
    np.testing.assert_array_equal(twice.value, once.value)


def test_the_average_is_what_variables_become() -> None:
    optimizer, variables = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5), weights()
    optimizer.apply(ones(), variables)  # 0
    optimizer.apply(ones(), variables)  # -1
    optimizer.finalize_variable_values(variables)
    np.testing.assert_array_equal(variables[0].value, np.full(3, -0.5))


def test_a_file_of_another_optimizer_is_left_alone() -> None:
    optimizer, other = optimizers.Adam(), optimizers.SGD()
    optimizer.build(weights())
    store: dict[str, Any] = {}
    other.save_own_variables(store)
    with pytest.warns(UserWarning, match="2 variables"):
        optimizer.load_own_variables(store)


def test_set_weights() -> None:
    optimizer, again = optimizers.Adam(0.5), optimizers.Adam(0.25)
    optimizer.apply(ones(), weights())
    again.build(weights())
    again.set_weights([slot.numpy() for slot in optimizer.variables])
    assert float(again.learning_rate) == 0.5 and int(again.iterations) == 1


@pytest.mark.parametrize("name", ["SGD", "adam", "RMSprop", "adamw", "LION"])
def test_names(name: str) -> None:
    assert type(optimizers.get(name)).__name__.lower() == name.lower()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: optimizers.get("sdg"), ValueError, "'sdg' is not known"),
        (lambda: optimizers.Adam("fast"), ValueError, "Adam: learning_rate is 'fast'"),
        (lambda: optimizers.Adam(momentum=0.9), TypeError, "Adam: momentum is not an argument"),
        (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), ValueError, "clipnorm and clipvalue"),
        (
            lambda: optimizers.Adam(gradient_accumulation_steps=1),
            ValueError,
            "gradient_accumulation_steps is 1",
        ),
        (lambda: optimizers.Adam(use_ema=True, ema_momentum=2.0), ValueError, "ema_momentum is 2"),
        (lambda: optimizers.SGD(momentum=2.0), ValueError, "SGD: momentum is 2"),
        (lambda: optimizers.AdamW(weight_decay=None), ValueError, "AdamW: weight_decay is None"),
        (lambda: optimizers.SGD().apply([np.ones(3)]), ValueError, "trainable_variables is None"),
        (lambda: optimizers.SGD().apply([np.ones(4)], weights()[:1]), ValueError, "sgd_update: gradient"),
        (lambda: optimizers.SGD().apply(ones(), weights()[:1]), ValueError, "2 members; expected 1"),
        (lambda: optimizers.Optimizer().apply(ones(), weights()), NotImplementedError, "update_step"),
        (lambda: optimizers.Adam().set_weights([]), ValueError, "build"),
    ],
)
def test_wrong_use(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words), warnings.catch_warnings():
        call()


def test_a_stranger_among_the_variables() -> None:
    optimizer = optimizers.SGD()
    optimizer.build(weights())
    with pytest.raises(ValueError, match="'kernel' is not one of those"):
        optimizer.apply(ones(), weights())


@pytest.mark.parametrize("kind", [optimizers.SGD, optimizers.Adam, optimizers.Lion])
def test_gradients_of_another_dtype_are_taken_in_the_variables(kind: Any) -> None:
    variables = [foldgate.Variable(np.ones(3, np.float32)) for _ in range(2)]
    first, second = kind(0.5), kind(0.5)
    first.apply([np.full(3, 0.25), [1, 2, 3]], variables)
    others = [foldgate.Variable(np.ones(3, np.float32)) for _ in range(2)]
    second.apply([np.full(3, 0.25, np.float32), np.array([1, 2, 3], np.float32)], others)
    for a, b in zip(variables, others, strict=True):
        assert a.dtype == np.float32
        np.testing.assert_array_equal(a.value, b.value)


def test_a_gradient_that_is_no_numbers_is_named() -> None:
    variable = foldgate.Variable(np.ones(1, np.float32), name="kernel")
    with pytest.raises(TypeError, match=r"sgd.*gradient of 'kernel' is 'a'; expected an array of numbers"):
        optimizers.SGD(0.5, name="sgd").apply(["a"], [variable])
