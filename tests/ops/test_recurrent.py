"""lstm, gru and simple_rnn against the reference: sizes, masks, threads, layouts, NaN, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import recurrent_checks as checks
import recurrent_refusals as refusals

from foldgate import ops
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import MASK_KINDS

each_op = pytest.mark.parametrize("op", RECURRENT_OPS, ids=lambda op: op.label)
each_direction = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


@each_op
def test_sizes(op: RecurrentOp, dtype: Any, isa: str, rng: np.random.Generator) -> None:
    checks.check_sizes(op, rng, dtype)


@each_op
@each_direction
@pytest.mark.parametrize("kind", MASK_KINDS)
def test_masks(
    op: RecurrentOp, kind: str, reverse: bool, dtype: Any, isa: str, rng: np.random.Generator
) -> None:
    checks.check_masks(op, rng, dtype, kind, reverse)


@each_op
@pytest.mark.parametrize("kind", MASK_KINDS)
@pytest.mark.parametrize("split", checks.THREADED_SIZES)
def test_threads(op: RecurrentOp, split: str, kind: str, dtype: Any, rng: np.random.Generator) -> None:
    checks.check_threads(op, rng, checks.THREADED_SIZES[split], kind, dtype)


@each_op
def test_threads_on_every_tier(op: RecurrentOp, isa: str, rng: np.random.Generator) -> None:
    checks.check_threads(op, rng, checks.THREADED_SIZES["batch"], "lengths", np.float32)


@each_op
def test_rows_are_independent(op: RecurrentOp, dtype: Any, isa: str, rng: np.random.Generator) -> None:
    checks.check_rows_are_independent(op, rng, dtype)


@each_op
def test_optional_parts(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    checks.check_optional_parts(op, rng, dtype)


@each_op
def test_masked_values_are_not_read(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    checks.check_masked_values_are_not_read(op, rng, dtype)


@each_op
def test_non_finite(op: RecurrentOp, dtype: Any, isa: str, rng: np.random.Generator) -> None:
    checks.check_non_finite(op, rng, dtype)


@each_op
def test_layouts(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    checks.check_layouts(op, rng, dtype)


@each_op
def test_refusals(op: RecurrentOp, rng: np.random.Generator) -> None:
    refusals.check_refusals(op, rng)


@each_op
def test_backward_refusals(op: RecurrentOp, rng: np.random.Generator) -> None:
    refusals.check_backward_refusals(op, rng)


def test_cache_of_another_tier_is_refused() -> None:
    """Its layout depends on the tier's vectors; 64 units fill those of every tier, so that sizes agree."""
    x, kernel, recurrent = np.ones((2, 3, 2)), np.ones((2, 256)), np.ones((64, 256))
    y, *_, cache = ops.lstm(x, kernel, recurrent, return_cache=True)
    ops.lstm_backward(y, x, kernel, recurrent, None, y, cache)
    cache[1] *= 2
    with pytest.raises(ValueError, match=r"lstm_backward: cache was made .* on another instruction-set tier"):
        ops.lstm_backward(y, x, kernel, recurrent, None, y, cache)


@pytest.mark.parametrize("reset_after, shape", [(True, (6,)), (False, (2, 6))])
def test_bias_of_the_other_kind_is_refused(reset_after: bool, shape: tuple[int, ...]) -> None:
    expected = r"\(2, 6\)" if reset_after else r"\(6,\)"
    with pytest.raises(ValueError, match=f"gru: bias has shape .*; expected {expected}"):
        ops.gru(np.ones((1, 2, 2)), np.ones((2, 6)), np.ones((2, 6)), np.ones(shape), reset_after=reset_after)


def test_cache_of_the_other_kind_is_refused() -> None:
    x, kernel, recurrent = np.ones((1, 2, 2)), np.ones((2, 6)), np.ones((2, 6))
    y, _, cache = ops.gru(x, kernel, recurrent, return_cache=True)
    with pytest.raises(ValueError, match="gru_backward: cache"):
        ops.gru_backward(y, x, kernel, recurrent, None, y, cache, reset_after=False)


@pytest.mark.parametrize("activation", ["gelu", ""])
def test_other_activations_are_refused(activation: Any) -> None:
    one = np.ones((1, 1))
    with pytest.raises(ValueError, match=f"simple_rnn: activation is {activation!r}; expected one of linear"):
        ops.simple_rnn(one[None], one, one, activation=activation)


@each_op
def test_gradients_of_no_features_and_no_bias(op: RecurrentOp, dtype: Any, rng: np.random.Generator) -> None:
    x, gates = np.zeros((2, 3, 0), dtype), {"lstm": 4, "gru": 3, "simple_rnn": 1}[op.name]
    kernel = np.zeros((0, gates * 4), dtype)
    around = rng.standard_normal((4, gates * 4)).astype(dtype)
    y, *_, cache = getattr(ops, op.name)(x, kernel, around, **op.options, return_cache=True)
    backward = getattr(ops, f"{op.name}_backward")
    gradients = backward(np.ones_like(y), x, kernel, around, None, y, cache, **op.options)
    assert gradients.dkernel.shape == kernel.shape and gradients.drecurrent_kernel.shape == around.shape
