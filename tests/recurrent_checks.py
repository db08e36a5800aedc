"""What test_recurrent checks of each op. Imported as `recurrent_checks`.

The reference runs in float64 on the same numbers, so that its own rounding does not count against the op.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import foldgate
from foldgate import ops, reference
from recurrent_cases import RecurrentOp
from support import Array, assert_close, recurrent_bound, steps_arguments, using_threads


def lanes(dtype: Any) -> int:
    """Elements of a vector of the tier in use."""
    return int({"avx512": 64, "avx2": 32}.get(foldgate.get_isa(), 16) // np.dtype(dtype).itemsize)


def in_float64(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with every float array in float64."""
    return {
        name: value.astype(np.float64) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value
        for name, value in arguments.items()
    }


def run(module: Any, op: RecurrentOp, operands: dict[str, Any], **arguments: Any) -> Any:
    """The sequence op of a module."""
    return getattr(module, op.name)(**operands, **op.options, **arguments)


def run_backward(
    module: Any, op: RecurrentOp, operands: dict[str, Any], y: Any, cache: Any, **arguments: Any
) -> Any:
    """The sequence op's backward of a module."""
    named = {"dy": None, "bias": None, **operands, **arguments}
    return getattr(module, f"{op.name}_backward")(**named, y=y, cache=cache, **op.options)


def gradients_of(
    op: RecurrentOp, rng: np.random.Generator, n: int, steps: int, units: int, dtype: Any
) -> Any:
    """dy and the gradients of the last states, by argument name."""
    shapes = {"dy": (n, steps, units), **{f"d{state}": (n, units) for state in op.states}}
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def everything(
    op: RecurrentOp, operands: dict[str, Any], given: dict[str, Any], **arguments: Any
) -> list[Array]:
    """All outputs and all gradients of one op; dx None is left out."""
    *outputs, cache = run(ops, op, operands, **arguments, return_cache=True)
    gradients = run_backward(ops, op, operands, outputs[0], cache, **given, **arguments)
    return [array for array in (*outputs, *gradients) if array is not None]


def check_against_reference(
    op: RecurrentOp, rng: np.random.Generator, sizes: tuple[int, int, int, int], dtype: Any, **arguments: Any
) -> None:
    """Outputs, states and gradients of sizes (N, T, D, U) against the reference in float64."""
    n, steps, inputs, units = sizes
    operands = op.operands(rng, n, steps, inputs, units, dtype)
    given = gradients_of(op, rng, n, steps, units, dtype)
    exact = in_float64(operands)
    *expected, expected_cache = run(reference, op, exact, **arguments, return_cache=True)
    *actual, cache = run(ops, op, operands, **arguments, return_cache=True)
    names = ("y", *op.states)
    weights = operands["recurrent_kernel"]
    atol = recurrent_bound(dtype, steps, inputs + units, operands["x"], weights)
    for name, a, e in zip(names, actual, expected, strict=True):
        assert_close(a, e.astype(dtype), atol * (1 + float(np.abs(e).max(initial=0))), name)

    dexpected = run_backward(
        reference, op, exact, expected[0], expected_cache, **in_float64(given), **arguments
    )
    dactual = run_backward(ops, op, operands, actual[0], cache, **given, **arguments)
    for name, a, e in zip(dexpected._fields, dactual, dexpected, strict=True):
        if e is None:
            assert a is None
            continue
        scale = 1 + float(np.abs(e).max(initial=0))
        assert_close(a, e.astype(dtype), atol * scale, name)


def sizes_around_lanes(dtype: Any) -> list[tuple[int, int, int, int]]:
    """(N, T, D, U): units around whole vectors, rows around the tiles' heights (3 to 14)."""
    lane = lanes(dtype)
    units = [1, max(lane - 1, 2), lane, lane + 1, 2 * lane + 1, 4 * lane, 8 * lane]
    rows = [1, 3, 7, 8, 9, 15, 29]
    inputs = [1, 2, lane, lane + 1, 5, 3, 2 * lane - 1]
    cases = [(n, 4, d, u) for n, d, u in zip(rows, inputs, units, strict=True)]
    return [*cases, (2, 1, 3, lane), (0, 3, 2, 4), (3, 0, 2, 4), (2, 3, 0, 4)]


def check_sizes(op: RecurrentOp, rng: np.random.Generator, dtype: Any) -> None:
    """The reference's results for sizes around every edge."""
    for sizes in sizes_around_lanes(dtype):
        check_against_reference(op, rng, sizes, dtype)


def check_masks(op: RecurrentOp, rng: np.random.Generator, dtype: Any, kind: str, reverse: bool) -> None:
    """The reference's results with masked steps of every pattern, for a few rows (x ahead) and for many."""
    for n in (5, 23):
        for zero in (False, True):
            arguments = {"reverse": reverse, "zero_output_for_mask": zero, **steps_arguments(kind, n, 6)}
            check_against_reference(op, rng, (n, 6, 3, lanes(dtype) + 2), dtype, **arguments)


THREADED_SIZES = {
    "batch": (41, 10, 40, 96),  # split by rows, unevenly
    "units": (3, 12, 50, 500),  # split by units, whose last vector is partial
    "one_row": (1, 12, 32, 640),
}


def check_threads(
    op: RecurrentOp, rng: np.random.Generator, sizes: tuple[int, int, int, int], kind: str, dtype: Any
) -> None:
    """The same bits for 1, 2 and 3 threads, on sizes that are really split."""
    n, steps, inputs, units = sizes
    operands = op.operands(rng, n, steps, inputs, units, dtype)
    given = gradients_of(op, rng, n, steps, units, dtype)
    arguments = steps_arguments(kind, n, steps)
    results = []
    for threads in (1, 2, 3):
        with using_threads(threads):
            results.append(everything(op, operands, given, **arguments))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def check_rows_are_independent(op: RecurrentOp, rng: np.random.Generator, dtype: Any) -> None:
    """A sequence's result is the same bits alone and in any batch: its sums are one chain in any tile."""
    operands = op.operands(rng, 17, 5, 9, 2 * lanes(dtype) + 3, dtype)
    y = run(ops, op, operands)[0]
    by_row = ("x", "initial_h", "initial_c")
    for rows in (slice(0, 1), slice(3, 7), slice(2, 17)):
        part = {name: a[rows] if name in by_row else a for name, a in operands.items()}
        np.testing.assert_array_equal(run(ops, op, part)[0], y[rows])


def check_optional_parts(op: RecurrentOp, rng: np.random.Generator, dtype: Any) -> None:
    """No bias, no initial states, no dx, no sequences: the same as zeros, or as leaving the part out."""
    operands = op.operands(rng, 6, 5, 4, 9, dtype)
    bare = {name: operands[name] for name in ("x", "kernel", "recurrent_kernel")}
    zeroed = {name: a if name in bare else np.zeros_like(a) for name, a in operands.items()}
    given = gradients_of(op, rng, 6, 5, 9, dtype)
    y, *states, cache = run(ops, op, bare, return_cache=True)
    np.testing.assert_array_equal(y, run(ops, op, zeroed)[0])
    zeroed_gradients = run_backward(ops, op, zeroed, y, cache, **given)
    gradients = run_backward(ops, op, bare, y, cache, **given)
    assert gradients.dbias is None
    for name in set(gradients._fields) - {"dbias"}:
        np.testing.assert_array_equal(getattr(gradients, name), getattr(zeroed_gradients, name))
    without = run_backward(ops, op, bare, y, cache, **given, need_dx=False)
    assert without.dx is None
    np.testing.assert_array_equal(without.dkernel, gradients.dkernel)
    no_y, *last = run(ops, op, bare, return_sequences=False)
    assert no_y is None
    for a, b in zip(last, states, strict=True):
        np.testing.assert_array_equal(a, b)
    for name in given:  # each gradient alone, against the reference
        exact = in_float64(bare)
        ey, *_, ecache = run(reference, op, exact, return_cache=True)
        expected = run_backward(reference, op, exact, ey, ecache, **{name: given[name].astype(np.float64)})
        actual = run_backward(ops, op, bare, y, cache, **{name: given[name]})
        for field, a, e in zip(expected._fields, actual, expected, strict=True):
            if e is not None:
                assert_close(a, e.astype(dtype), recurrent_bound(dtype, 5, 13) * (1 + np.abs(e).max()), field)


def check_masked_values_are_not_read(op: RecurrentOp, rng: np.random.Generator, dtype: Any) -> None:
    """NaN where x is masked changes nothing; dx is 0 there."""
    n, steps = 9, 6
    operands = op.operands(rng, n, steps, 5, 11, dtype)
    given = gradients_of(op, rng, n, steps, 11, dtype)
    mask = steps_arguments("every", n, steps)["mask"]
    poisoned = {**operands, "x": np.where(mask[:, :, None], operands["x"], dtype(np.nan))}
    clean, other = (everything(op, each, given, mask=mask) for each in (operands, poisoned))
    for a, b in zip(clean, other, strict=True):
        np.testing.assert_array_equal(a, b)
    dx = clean[1 + len(op.states)]
    assert dx.shape == operands["x"].shape
    np.testing.assert_array_equal(dx[~mask], 0)


def check_non_finite(op: RecurrentOp, rng: np.random.Generator, dtype: Any) -> None:
    """NaN stays in its row and reaches its later steps; infinities saturate the gates."""
    operands = op.operands(rng, 10, 4, 3, lanes(dtype) + 1, dtype)
    operands["x"][2, 1, 0] = np.nan
    operands["x"][5, 2, 1] = np.inf
    operands["x"][6, 0, 2] = -np.inf
    with np.errstate(all="ignore"):
        expected = run(reference, op, in_float64(operands))[0]
    y = run(ops, op, operands)[0]
    np.testing.assert_array_equal(np.isnan(y), np.isnan(expected))
    assert np.isnan(y[2, 1:]).any() and not np.isnan(y[[0, 1, 3, 4, 7, 8, 9]]).any()
    finite = np.isfinite(expected) & (np.abs(expected) < 1e6)
    assert_close(y[finite], expected[finite].astype(dtype), recurrent_bound(dtype, 4, 20) * 4)


def awkward(array: Array) -> dict[str, Array]:
    """The same numbers as no kernel reads them: strided, byte-swapped, read-only, unaligned."""
    strided = np.empty((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)[..., ::2]
    strided[...] = array
    read_only = array.copy()
    read_only.flags.writeable = False
    unaligned = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    unaligned[...] = array
    return {
        "strided": strided,
        "reversed": array[::-1].copy()[::-1],
        "big_endian": array.astype(array.dtype.newbyteorder(">")),
        "read_only": read_only,
        "unaligned": unaligned,
    }


def check_layouts(op: RecurrentOp, rng: np.random.Generator, dtype: Any) -> None:
    """Any strides, byte order and alignment of every operand: the right answer, and no operand is written."""
    operands = op.operands(rng, 5, 4, 3, 7, dtype)
    given = gradients_of(op, rng, 5, 4, 7, dtype)
    expected = everything(op, operands, given)
    variants = {name: awkward(a) for name, a in {**operands, **given}.items()}
    for kind in variants["x"]:
        changed = {name: each[kind] for name, each in variants.items()}
        actual = everything(
            op, {name: changed[name] for name in operands}, {name: changed[name] for name in given}
        )
        for a, b in zip(actual, expected, strict=True):
            np.testing.assert_array_equal(a, b)
