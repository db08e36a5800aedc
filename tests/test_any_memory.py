"""Every op reads arrays of any strides, alignment and byte order right, and leaves them as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bad_inputs.arguments import every_op
from memory_layouts import LAYOUTS, plain

from foldgate import ops
from support import flat

CASES = {f"{op}-{i}": (op, arguments) for i, (op, arguments) in enumerate(every_op())}


def _arrays(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@pytest.mark.parametrize("case", sorted(CASES))
def test_the_same_result_from_any_memory(case: str, layout: str) -> None:
    op, arguments = CASES[case]
    # A cache is what the forward op wrote: it cannot repeat itself.
    laid = {
        name: array if layout == "broadcast" and name == "cache" else LAYOUTS[layout](array)
        for name, array in _arrays(arguments).items()
    }
    before = {name: array.tobytes() for name, array in laid.items()}
    expected = flat(getattr(ops, op)(**{**arguments, **{name: plain(array) for name, array in laid.items()}}))
    found = flat(getattr(ops, op)(**{**arguments, **laid}))
    assert len(found) == len(expected) > 0
    for a, b in zip(found, expected, strict=True):
        assert type(a) is np.ndarray and a.dtype.isnative and a.flags.c_contiguous
        np.testing.assert_array_equal(a, b, strict=True)
    assert before == {name: array.tobytes() for name, array in laid.items()}


@pytest.mark.parametrize("case", sorted(CASES))
def test_no_result_shares_memory_with_an_operand(case: str) -> None:
    """A result may be written to without a change of what it was made from, or of another result."""
    op, arguments = CASES[case]
    results = flat(getattr(ops, op)(**arguments))
    for i, result in enumerate(results):
        for other in [*_arrays(arguments).values(), *results[:i]]:
            assert not np.may_share_memory(result, other)
