"""conv_step: pieces of a sequence give what the causal convolution of the whole gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from support import Array, assert_close, integers

OPTIONS: list[dict[str, Any]] = [
    {},
    {"dilation_rate": 3},
    {"groups": 2, "activation": "relu"},
    {"groups": 6, "dilation_rate": 2},
]


def operands(rng: np.random.Generator, options: dict[str, Any], size: int, dtype: Any) -> tuple[Array, ...]:
    x = integers(rng, (2, 23, 6), dtype)
    return x, integers(rng, (size, 6 // options.get("groups", 1), 6), dtype), integers(rng, (6,), dtype)


@pytest.mark.parametrize("piece", [1, 2, 5, 23])
@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("options", OPTIONS)
def test_pieces_equal_the_whole(
    options: dict[str, Any], size: int, piece: int, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, bias = operands(rng, options, size, dtype)
    whole = reference.conv(x, kernel, bias, padding="causal", **options)
    for module in (ops, reference):
        state, parts = None, []
        for t in range(0, 23, piece):
            y, state = module.conv_step(x[:, t : t + piece], state, kernel, bias, **options)
            assert state.shape == (2, (size - 1) * options.get("dilation_rate", 1), 6)
            parts.append(y)
        assert_close(np.concatenate(parts, axis=1), whole, 0)


def test_the_state_is_an_array_of_its_own(rng: np.random.Generator) -> None:
    x, kernel, bias = operands(rng, {}, 3, np.float32)
    _, state = ops.conv_step(x, None, kernel, bias)
    np.testing.assert_array_equal(state, x[:, -2:])
    assert state.base is None and state.flags.c_contiguous
    before = state.copy()
    ops.conv_step(x[:, :1], state, kernel, bias)
    np.testing.assert_array_equal(state, before)


def test_empty_batch() -> None:
    y, state = ops.conv_step(np.zeros((0, 4, 3)), None, np.zeros((3, 3, 5)))
    assert y.shape == (0, 4, 5) and state.shape == (0, 2, 3)
