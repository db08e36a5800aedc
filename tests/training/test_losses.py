"""Losses: gradients in float64, logits behind probabilities, and what wrong use says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import losses, ops
from foldgate._logits import remember_logits

FUNCTIONS = sorted(
    name
    for name in losses.__all__
    if name.islower() and name not in ("get", "ctc", "serialize", "deserialize")
)


OF_CLASSES: dict[str, dict[str, float]] = {
    "categorical_generalized_cross_entropy": {"q": 0.25},
    "circle": {"gamma": 2.0},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name: str, rng: np.random.Generator) -> None:
    y_true, y_pred = 0.2 + 0.6 * rng.random((5, 4)), 0.2 + 0.6 * rng.random((5, 4))
    labels = rng.integers(0, 4, 5) if name.startswith("sparse") else y_true
    options = {}
    if name in OF_CLASSES:
        labels, options = np.array([0, 1, 0, 2, 1]), OF_CLASSES[name]
    function = getattr(losses, name)
    assert foldgate.check_gradients(lambda x: function(labels, x, **options), y_pred) < 1e-6


@pytest.mark.parametrize("length", [0, 1, 3])
def test_gradients_of_ctc(length: int, rng: np.random.Generator) -> None:
    labels = np.zeros((3, 3), np.int64)
    labels[:, :length] = rng.integers(1, 4, (3, length))
    assert foldgate.check_gradients(lambda x: losses.ctc(labels, x), rng.normal(size=(3, 7, 4))) < 1e-6


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_logits_behind_probabilities_are_used(activation: str, rng: np.random.Generator) -> None:
    scores = 100 * rng.normal(size=(6, 4))  # of which probabilities are exactly 0 and 1
    truth = np.eye(4)[rng.integers(0, 4, 6)]
    loss = losses.CategoricalCrossentropy if activation == "softmax" else losses.BinaryCrossentropy
    with foldgate.GradientTape() as tape:
        logits = tape.watch(foldgate.Tensor(scores))
        probabilities = getattr(ops, activation)(logits)
        remember_logits(activation, probabilities, logits)
        value = loss()(truth, probabilities)
    expected = loss(from_logits=True)(truth, scores)
    assert float(value) == pytest.approx(float(expected), rel=1e-12)
    assert np.all(np.isfinite(tape.gradient(value, logits)))
    assert float(value) > 20 > float(loss()(truth, getattr(ops, activation)(scores)))


def test_logits_go_with_their_probabilities() -> None:
    from foldgate import _logits

    with foldgate.GradientTape() as tape:
        logits = tape.watch(foldgate.Tensor(np.zeros((1, 2))))
        probabilities = ops.softmax(logits)
        remember_logits("softmax", probabilities, logits)
        assert _logits.logits_of("softmax", probabilities) is logits
        assert _logits.logits_of("sigmoid", probabilities) is None
        before = len(_logits._KNOWN)
        del probabilities
    assert len(_logits._KNOWN) == before - 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: losses.get("mee"), ValueError, "losses: 'mee' is not known; expected one of bce"),
        (lambda: losses.get(3), ValueError, "identifier is 3"),
        (lambda: losses.Huber(reduction="most"), ValueError, "Huber: reduction is 'most'"),
        (
            lambda: losses.mean_squared_error(np.ones((2, 3)), np.ones((2, 4))),
            ValueError,
            r"\(2, 3\).*\(2, 4\)",
        ),
        (
            lambda: losses.categorical_crossentropy(np.ones((2, 1)), np.ones((2, 4))),
            ValueError,
            "y_true has shape",
        ),
        (
            lambda: losses.sparse_categorical_crossentropy([1, 4], np.ones((2, 4))),
            IndexError,
            "4; expected 0 to 3",
        ),
        (
            lambda: losses.sparse_categorical_crossentropy([1], np.ones((2, 4))),
            ValueError,
            r"expected \(2,\)",
        ),
        (
            lambda: losses.BinaryCrossentropy(label_smoothing=2.0)([1.0], [0.5]),
            ValueError,
            "label_smoothing is 2",
        ),
        (
            lambda: losses.MeanSquaredError()([[1.0]], [[0.5]], np.ones(3)),
            ValueError,
            r"sample_weight.*\(3,\)",
        ),
        (lambda: losses.Loss()([1.0], [0.5]), NotImplementedError, "Loss: call"),
        (lambda: losses.ctc(np.ones(3), np.ones((2, 4))), ValueError, "ctc: y_true has shape"),
        (lambda: losses.ctc([[9]], np.ones((1, 3, 4))), IndexError, "expected 0 to 3"),
    ],
)
def test_wrong_use(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("from_logits", [False, True])
def test_wrong_labels_of_logits(from_logits: bool) -> None:
    with pytest.raises(IndexError, match="7"):
        losses.SparseCategoricalCrossentropy(from_logits=from_logits)(
            np.array([7]), np.ones((1, 4), np.float32)
        )


def test_a_dict_of_predictions() -> None:
    class Both(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return np.abs(y_true["a"] - y_pred["a"]) + np.abs(y_true["b"] - y_pred["b"])

    value = Both()({"a": [1], "b": [2]}, {"a": [0.0], "b": [0.0]})
    assert float(value) == 3.0


def test_a_mean_squared_error_can_be_differentiated_twice() -> None:
    x = foldgate.Variable(np.array([[1.0, 2.0], [3.0, -1.0]]))
    y = np.array([[0.5, 0.0], [1.0, 1.0]])
    with foldgate.GradientTape() as outer:
        with foldgate.GradientTape() as inner:
            loss = losses.MeanSquaredError()(y, x**2)
        first = inner.gradient(loss, x)
        total = np.sum(first * first)
    array = x.numpy()  # of mean((x^2 - y)^2): g = x (x^2 - y), and 2 g g' of its square
    g, slope = array * (array**2 - y), 3 * array**2 - y
    np.testing.assert_allclose(first.numpy(), g, rtol=1e-12)
    np.testing.assert_allclose(outer.gradient(total, x), 2 * g * slope, rtol=1e-12)
