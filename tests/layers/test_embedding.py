"""Masking and Embedding, which stand before recurrent layers."""

from __future__ import annotations

import numpy as np
import pytest

import foldgate as keras
from foldgate import layers
from support import using_threads


def test_masking_zeroes_what_it_masks() -> None:
    x = np.array([[[9.0, 9.0], [9.0, 1.0], [0.0, 0.0]]], np.float32)
    masking = layers.Masking(9.0)
    np.testing.assert_array_equal(masking(x), [[[0.0, 0.0], [9.0, 1.0], [0.0, 0.0]]])
    np.testing.assert_array_equal(masking.compute_mask(x), [[False, True, True]])
    np.testing.assert_array_equal(
        layers.Embedding(4, 2, mask_zero=True).compute_mask(np.array([0, 3])), [0, 1]
    )


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
