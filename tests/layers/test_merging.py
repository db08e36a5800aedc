"""Merging layers in float64, and their errors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import _masks, layers


def _inputs(*shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("kind", "function"),
    [
        ("Add", lambda a, b, c: a + b + c),
        ("Multiply", lambda a, b, c: a * b * c),
        ("Average", lambda a, b, c: (a + b + c) / 3),
        ("Maximum", lambda a, b, c: np.maximum(np.maximum(a, b), c)),
        ("Minimum", lambda a, b, c: np.minimum(np.minimum(a, b), c)),
    ],
)
def test_values_and_gradients(kind: str, function: Any) -> None:
    layer = getattr(layers, kind)(dtype="float64")
    inputs = _inputs((2, 3, 4), (2, 3, 1), (2, 3, 4))
    np.testing.assert_allclose(layer(inputs), function(*inputs), rtol=1e-14)
    assert foldgate.check_gradients(lambda *x: np.sin(layer(list(x))), *inputs) < 1e-6


def test_the_inputs_stay_as_they_are() -> None:
    inputs = _inputs((2, 3), (2, 3), (2, 3))
    before = [x.copy() for x in inputs]
    layers.Add(dtype="float64")(inputs)
    for x, y in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("axes", "shapes", "equation"),
    [
        (1, [(2, 3), (2, 3)], "nk,nk->n"),
        ((1, 2), [(2, 3, 4), (2, 5, 3)], "nka,nbk->nab"),
        (-1, [(2, 3, 4), (2, 5, 4)], "nak,nbk->nab"),
        ((2, 1), [(2, 3, 4), (2, 4)], "nak,nk->na"),
        ((2, 3), [(2, 3, 4), (2, 5, 6, 4)], "nak,nbck->nabc"),
    ],
)
@pytest.mark.parametrize("normalize", [False, True])
def test_dot(axes: Any, shapes: list[tuple[int, ...]], equation: str, normalize: bool) -> None:
    layer = layers.Dot(axes, normalize, dtype="float64")
    inputs = _inputs(*shapes)
    pair = (axes, axes) if isinstance(axes, int) else axes
    factors = inputs
    if normalize:
        factors = [x / np.linalg.norm(x, axis=a, keepdims=True) for x, a in zip(inputs, pair, strict=True)]
    expected = np.einsum(equation, *factors)
    expected = expected[:, None] if expected.ndim == 1 else expected
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-12, atol=1e-12)
    assert foldgate.check_gradients(lambda *x: np.sin(layer(list(x))), *inputs) < 1e-6


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Add()(np.zeros((2, 3))), "Add: inputs have shape"),
        (lambda: layers.Add()([np.zeros((2, 3)), np.zeros((2, 4))]), "Add: inputs have shapes"),
        (lambda: layers.Add()([np.zeros((2, 3)), np.zeros((4, 3))]), "expected one batch size"),
        (lambda: layers.Subtract()([np.zeros((2, 3))]), "Subtract: inputs are 1 arrays; expected exactly 2"),
        (
            lambda: layers.Concatenate()([np.zeros((2, 3)), np.zeros((3, 3))]),
            "equal extents except on axis",
        ),
        (lambda: layers.Concatenate(2)([np.zeros((2, 3))]), "axis 2 among"),
        (lambda: layers.Dot("a"), "Dot: axes is 'a'"),
        (lambda: layers.Dot((1, 2, 3)), r"Dot: axes is \(1, 2, 3\)"),
        (lambda: layers.Dot(0)([np.zeros((2, 3)), np.zeros((2, 3))]), "not the batch"),
        (lambda: layers.Dot(1)([np.zeros((2, 3)), np.zeros((2, 4))]), "expected equal extents on the axes"),
    ],
)
def test_errors(make: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        make()


@pytest.mark.parametrize(
    "kind", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]
)
def test_what_does_not_fit_later_is_refused_as_at_first(kind: str) -> None:
    layer = getattr(layers, kind)()
    x = np.ones((2, 3, 3), np.float32)
    layer([x, x])
    for other in (np.ones((3, 3, 3)), np.ones((2, 2, 4)) if kind == "Concatenate" else np.ones((2, 3, 4))):
        with pytest.raises(ValueError, match=rf"{kind}: inputs have shapes .*{re.escape(str(other.shape))}"):
            layer([x, other])


def test_a_third_input_is_no_part_of_a_difference_or_product() -> None:
    x = np.ones((2, 3), np.float32)
    for layer in (layers.Subtract(), layers.Dot(1)):
        layer([x, x])
        with pytest.raises(ValueError, match="inputs are 3 arrays; expected exactly 2"):
            layer([x, x, x])
    with pytest.raises(ValueError, match=r"Dot: inputs have shapes \(2, 3\) and \(2, 4\)"):
        layer([x, np.ones((2, 4), np.float32)])


def test_lists_that_were_seen_before_take_the_quick_way_alone() -> None:
    """Masks, dtypes and ranks that come later are seen."""
    layer = layers.Add()
    x, y = (a.astype(np.float32) for a in _inputs((2, 3, 4), (2, 3, 4)))
    for _ in range(3):
        np.testing.assert_array_equal(layer([x, y]), x + y)
    np.testing.assert_array_equal(layer([x, y[:, 0]]), x + y[:, :1])
    assert layer([x, y.astype(np.float64)]).dtype == np.float32
    mask = np.array([[True, False, True]] * 2)
    for part in (x, y):
        _masks.set_mask(part, mask)
    np.testing.assert_array_equal(_masks.get_mask(layer([x, y])), mask)
    with foldgate.GradientTape() as tape:
        watched = tape.watch(x)
        total = np.sum(layer([watched, watched]))
    np.testing.assert_array_equal(tape.gradient(total, watched), np.full_like(x, 2))
    regularized = layers.Add(activity_regularizer="l2")
    for _ in range(3):
        regularized([x, y])
        assert len(regularized.losses) == 1
