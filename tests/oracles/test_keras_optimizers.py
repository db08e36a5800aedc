"""Every optimizer and schedule against that of Keras of the same name and arguments: ten steps."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras

import foldgate
from foldgate import optimizers
from foldgate.optimizers import schedules

pytestmark = pytest.mark.filterwarnings("ignore:__array__")  # of torch tensors that Keras gives NumPy
CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "rho": 0.8}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "beta_1": 0.8, "clipnorm": 0.5}),
    ("Adam", {"global_clipnorm": 0.5}),
    ("Adam", {"clipvalue": 0.25, "use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3}),
    ("Adam", {"gradient_accumulation_steps": 3, "loss_scale_factor": 2.0}),
    ("AdamW", {"weight_decay": 0.1}),
    ("Adagrad", {"initial_accumulator_value": 0.5}),
    ("Adadelta", {}),
    ("Adamax", {}),
    ("Nadam", {}),
    ("Lion", {"weight_decay": 0.05}),
]
IDS = [f"{name}-{'-'.join(options)}" for name, options in CASES]
SHAPES = [(3, 4), (4,), ()]


def values_of(variables: Any) -> list[Any]:
    return [
        np.asarray(keras.ops.convert_to_numpy(v) if hasattr(v, "_trainable") else v.value) for v in variables
    ]


def both(name: str, options: dict[str, Any], rate: Any, rng: np.random.Generator) -> Any:
    start = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]
    mine = [foldgate.Variable(value, name=f"w{i}") for i, value in enumerate(start)]
    theirs = [keras.Variable(value, name=f"w{i}") for i, value in enumerate(start)]
    our_rate, their_rate = rate if isinstance(rate, tuple) else (rate, rate)
    return (
        getattr(optimizers, name)(learning_rate=our_rate, **options),
        mine,
        getattr(keras.optimizers, name)(learning_rate=their_rate, **options),
        theirs,
    )


def agree(found: Any, expected: Any) -> None:
    # Ten steps of 0.1, each off by up to eps / (1 - 0.999): Keras takes that difference in float32.
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=6e-5, atol=6e-5)


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_ten_steps(name: str, options: dict[str, Any], rng: np.random.Generator) -> None:
    optimizer, mine, other, theirs = both(name, options, 0.1, rng)
    for _ in range(10):
        gradients = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]
        optimizer.apply(gradients, mine)
        other.apply([keras.ops.convert_to_tensor(g) for g in gradients], theirs)
        agree(values_of(mine), values_of(theirs))
    # the slots are Keras' by name and order, so that files of either load in the other
    names = [slot.path.split("/")[-1] for slot in optimizer.variables]
    expected = [variable.path.split("/")[-1] for variable in other.variables]
    assert [name for name in names if name != "u_product"] == [n for n in expected if n[:8] != "variable"]
    agree([slot.numpy() for slot in optimizer.variables], values_of(other.variables))


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_state_goes_both_ways(name: str, options: dict[str, Any], rng: np.random.Generator) -> None:
    optimizer, mine, other, theirs = both(name, options, 0.1, rng)
    gradients = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]
    optimizer.apply(gradients, mine)
    other.build(theirs)
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    other.load_own_variables(store)
    agree(values_of(other.variables), [slot.numpy() for slot in optimizer.variables])
    again = optimizers.get(name)
    again = type(again).from_config(optimizer.get_config())
    again.build(mine)
    back: dict[str, Any] = {}
    other.save_own_variables(back)
    again.load_own_variables(back)
    agree([slot.numpy() for slot in again.variables], [slot.numpy() for slot in optimizer.variables])
    for variable, value in zip(theirs, mine, strict=True):
        variable.assign(value.value)
    again.apply(gradients, mine)
    other.apply([keras.ops.convert_to_tensor(g) for g in gradients], theirs)
    agree(values_of(mine), values_of(theirs))


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_configurations(name: str, options: dict[str, Any]) -> None:
    mine, theirs = getattr(optimizers, name)(**options), getattr(keras.optimizers, name)(**options)
    config = json.loads(json.dumps(mine.get_config()))
    expected = theirs.get_config()
    rates = config.pop("learning_rate"), expected.pop("learning_rate")
    assert config.pop("name").split("_")[0] == expected.pop("name").split("_")[0]
    assert rates[0] == pytest.approx(rates[1], rel=1e-6)
    assert config == expected
    assert optimizers.deserialize(keras.optimizers.serialize(theirs)).get_config().items() >= config.items()
    assert keras.optimizers.deserialize(optimizers.serialize(mine)).get_config().items() >= config.items()


SCHEDULES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("ExponentialDecay", (0.1, 4, 0.5), {}),
    ("ExponentialDecay", (0.1, 4, 0.5), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 4, 0.5), {}),
    ("InverseTimeDecay", (0.1, 4, 0.5), {"staircase": True}),
    ("PiecewiseConstantDecay", ([2, 5, 7], [0.1, 0.2, 0.3, 0.4]), {}),
    ("PolynomialDecay", (0.1, 5), {}),
    ("PolynomialDecay", (0.1, 5, 0.01, 2.0), {"cycle": True}),
    ("CosineDecay", (0.1, 8), {"alpha": 0.25}),
    ("CosineDecay", (0.01, 8), {"warmup_target": 0.1, "warmup_steps": 4}),
    ("CosineDecayRestarts", (0.1, 3), {"m_mul": 0.5, "alpha": 0.125}),
    ("CosineDecayRestarts", (0.1, 3), {"t_mul": 1.0}),
]


@pytest.mark.parametrize(("name", "args", "options"), SCHEDULES)
def test_schedules(
    name: str, args: tuple[Any, ...], options: dict[str, Any], rng: np.random.Generator
) -> None:
    mine = getattr(schedules, name)(*args, **options)
    theirs = getattr(keras.optimizers.schedules, name)(*args, **options)
    for step in range(15):
        assert mine(step) == pytest.approx(float(theirs(step)), rel=2e-5, abs=1e-8)
    assert mine.get_config() == theirs.get_config()
    assert (
        schedules.deserialize(keras.optimizers.schedules.serialize(theirs)).get_config() == mine.get_config()
    )
    again = keras.optimizers.schedules.deserialize(schedules.serialize(mine))
    assert again.get_config() == mine.get_config()
    optimizer, ours, other, others = both("SGD", {}, (mine, theirs), rng)
    for _ in range(6):
        gradients = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]
        optimizer.apply(gradients, ours)
        other.apply([keras.ops.convert_to_tensor(g) for g in gradients], others)
    agree(values_of(ours), values_of(others))
