"""The generator against the known answers that came with its paper's code, and dropout's expectation."""

from __future__ import annotations

import numpy as np

from foldgate import reference
from foldgate.reference.dropout import philox_words


def test_known_words() -> None:
    """philox4x32-7 of Random123's kat_vectors: counter and key of zeros."""
    words = philox_words(4, 0, 0)
    assert [hex(word) for word in words] == ["0x5f6fb709", "0xd893f64", "0x4f121f81", "0x4f730a48"]


def test_offsets_and_keys_are_64_bits() -> None:
    np.testing.assert_array_equal(philox_words(8, 5, 2**64 - 1)[4:], philox_words(4, 5, 0))
    words = {philox_words(1, seed, offset)[0] for seed in (1, 2**32, 2**63) for offset in (0, 2**32, 2**63)}
    assert len(words) == 9


def test_the_gradient_is_dropout_of_the_gradient() -> None:
    """Linear in x: the derivative along d is dropout(d), by the same mask."""
    random = np.random.default_rng(0)
    x, d, dy = random.standard_normal((3, 5, 7))
    change = reference.dropout(x + d, 0.4, seed=3) - reference.dropout(x, 0.4, seed=3)
    dx = reference.dropout_backward(dy, 0.4, seed=3)
    np.testing.assert_allclose(np.sum(dy * change), np.sum(dx * d), rtol=1e-13)
