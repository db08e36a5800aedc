"""The simple RNN against the reference: sizes, masks, threads, layouts, NaN and infinities, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import recurrent_checks as checks

from foldgate import ops
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import MASK_KINDS

each_op = pytest.mark.parametrize(
    "op", [op for op in RECURRENT_OPS if op.name == "simple_rnn"], ids=lambda op: op.label
)
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
    checks.check_refusals(op, rng)


@each_op
def test_backward_refusals(op: RecurrentOp, rng: np.random.Generator) -> None:
    checks.check_backward_refusals(op, rng)


@pytest.mark.parametrize("activation", ["sigmoid", None, 1])
def test_other_activations_are_refused(activation: Any) -> None:
    one = np.ones((1, 1))
    with pytest.raises(
        ValueError, match=f"simple_rnn: activation is {activation!r}; expected 'tanh' or 'relu'"
    ):
        ops.simple_rnn(one[None], one, one, activation=activation)
