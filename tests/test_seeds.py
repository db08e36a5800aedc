"""Random streams: part of a layer's state, decided by seeds."""

from __future__ import annotations

import numpy as np
import pytest

import foldgate as keras
from foldgate.layers import Identity
from foldgate.random.seeds import generator


def test_random_streams_belong_to_the_state() -> None:
    layer = Identity()
    layer.stream = keras.random.SeedGenerator(3)
    assert layer.weights == [] and [v.shape for v in layer.non_trainable_variables] == [(2,)]
    first, second = layer.stream.next_key(), layer.stream.next_key()
    assert first == (3, 0) and second == (3, 1 << 32)


def test_seeds_decide() -> None:
    keras.random.set_seed(5)
    a = keras.random.normal((4,))
    assert not np.array_equal(a, keras.random.normal((4,)))
    keras.random.set_seed(5)
    np.testing.assert_array_equal(a, keras.random.normal((4,)))
    np.testing.assert_array_equal(keras.random.uniform((3,), seed=1), keras.random.uniform((3,), seed=1))
    with pytest.raises(ValueError, match="seed is -1"):
        keras.random.set_seed(-1)


@pytest.mark.parametrize("seed", [0, 5, 2**32 - 1])
def test_a_generator_has_the_bits_of_its_key_whatever_was_drawn_before(seed: int) -> None:
    def fresh() -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[seed, 0]))

    generator(7).integers(0, 9, 3, dtype=np.uint32)  # leaves half a word behind
    for draw in ("standard_normal", "random"):
        assert np.array_equal(getattr(generator(seed), draw)(9), getattr(fresh(), draw)(9))
    words = [one.integers(0, 2**32, 5, dtype=np.uint32) for one in (generator(seed), fresh())]
    assert np.array_equal(*words)


def test_two_generators_at_once_draw_what_each_would_alone() -> None:
    first, second = generator(1), generator(2)
    found = [(first.random(), second.random()) for _ in range(6)]
    assert np.array_equal(np.transpose(found), [generator(seed).random(6) for seed in (1, 2)])
