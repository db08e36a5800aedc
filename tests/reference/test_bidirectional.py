"""The bidirectional reference: gradients against finite differences, its directions against one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import MASK_KINDS, check_gradients, steps_arguments

N, T, D, U = 5, 4, 3, 2
each_op = pytest.mark.parametrize("op", RECURRENT_OPS, ids=lambda op: op.label)


def _operands(op: RecurrentOp, rng: np.random.Generator) -> dict[str, Any]:
    forward, other = (op.operands(rng, N, T, D, U) for _ in range(2))
    reverse = {f"reverse_{name}": other[name] for name in ("kernel", "recurrent_kernel", "bias")}
    states = {
        name: np.concatenate([a, other[name]], axis=1)
        for name, a in forward.items()
        if name.startswith("initial")
    }
    return {**forward, **reverse, **states}


@each_op
@pytest.mark.parametrize("kind", MASK_KINDS)
def test_gradients(op: RecurrentOp, kind: str, rng: np.random.Generator) -> None:
    operands, options = _operands(op, rng), {**op.options, **steps_arguments(kind, N, T)}
    function = getattr(reference, f"bidirectional_{op.name}")
    *results, cache = function(**operands, **options, return_cache=True)
    upstream = [rng.standard_normal(a.shape) for a in results]

    def loss(**operands: Any) -> float:
        found = function(**operands, **options)
        return float(sum(np.sum(d * a) for d, a in zip(upstream, found, strict=True)))

    named = dict(zip(("dy", "dh", "dc"), upstream, strict=False))
    backward = getattr(reference, f"bidirectional_{op.name}_backward")
    gradients = backward(**named, **operands, y=results[0], cache=cache, **options)
    check_gradients(loss, operands, {name: getattr(gradients, f"d{name}") for name in operands}, rng)


@each_op
def test_flipping_time_swaps_the_directions(op: RecurrentOp, rng: np.random.Generator) -> None:
    operands = _operands(op, rng)
    swapped = {
        name: operands[name.removeprefix("reverse_") if name.startswith("reverse_") else f"reverse_{name}"]
        for name in operands
        if name.endswith(("kernel", "bias"))
    }
    states = {name: np.roll(a, U, axis=1) for name, a in operands.items() if name.startswith("initial")}
    function = getattr(reference, f"bidirectional_{op.name}")
    y, h, *_ = function(**operands, **op.options)
    flipped, flipped_h, *_ = function(operands["x"][:, ::-1], **swapped, **states, **op.options)
    np.testing.assert_array_equal(np.roll(flipped[:, ::-1], U, axis=2), y)
    np.testing.assert_array_equal(np.roll(flipped_h, U, axis=1), h)
