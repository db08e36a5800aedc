"""Masking and Embedding, which stand before recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import layers
from foldgate._masks import get_mask
from support import using_threads


def test_masking_zeroes_what_it_masks() -> None:
    x = np.array([[[9.0, 9.0], [9.0, 1.0], [0.0, 0.0]]], np.float32)
    masking = layers.Masking(9.0)
    np.testing.assert_array_equal(masking(x), [[[0.0, 0.0], [9.0, 1.0], [0.0, 0.0]]])
    np.testing.assert_array_equal(masking.compute_mask(x), [[False, True, True]])
    np.testing.assert_array_equal(
        layers.Embedding(4, 2, mask_zero=True).compute_mask(np.array([0, 3])), [0, 1]
    )


def test_the_mask_is_the_results_alone() -> None:
    """The first call and those of arrays like one that was seen."""
    x, masking = np.ones((1, 2, 3), np.float32), layers.Masking()
    for count in (2, 1, 2):
        x[0, count:] = 0
        y = masking(x)
        np.testing.assert_array_equal(y, x)
        np.testing.assert_array_equal(get_mask(y), [[True, count == 2]])
        assert get_mask(x) is None
        x[:] = 1


def test_what_extends_masking_masks_what_it_returns() -> None:
    class Doubled(layers.Masking):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) * 2

    doubled, x = Doubled(), np.array([[[1.0], [0.0]]], np.float32)
    for _ in range(2):
        np.testing.assert_array_equal(get_mask(doubled(x)), [[True, False]])


def test_embedding_gradient_does_not_depend_on_threads() -> None:
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 7, (64, 50))
    weights = rng.standard_normal((64, 50, 16), dtype=np.float32)
    layer = layers.Embedding(7, 16)
    found = []
    for threads in (1, 2, 3):
        with using_threads(threads):
            with keras.GradientTape() as tape:
                loss = np.sum(layer(ids) * weights)
            found.append(tape.gradient(loss, layer.embeddings))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    with pytest.raises(IndexError, match="7"):
        layer(np.array([7]))
