"""Optimizer updates and clipping against the reference; in place, on every tier, the same for any threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from memory_layouts import guarded
from optimizer_cases import CASES, run

from foldgate import ops, reference
from support import assert_close, using_threads

SIZES = [1, 3, 15, 16, 17, 33, 130]


def data(rng: np.random.Generator, shape: Any, dtype: Any, steps: int = 4) -> tuple[Any, list[Any]]:
    variable = rng.standard_normal(shape).astype(dtype)
    return variable, [rng.standard_normal(shape).astype(dtype) for _ in range(steps)]


@pytest.mark.parametrize("case", CASES)
def test_as_the_reference(case: str, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    """Four steps of a few roundings each; a root or quotient of small values may magnify them a little."""
    for size in SIZES:
        variable, gradients = data(rng, (size,), dtype)
        expected = run(reference, case, variable, gradients, initial=0.1)
        for name, found in run(ops, case, variable, gradients, initial=0.1).items():
            scale = max(1.0, float(np.abs(expected[name]).max()))
            assert_close(found, expected[name], 100 * float(np.finfo(dtype).eps) * scale, name)


@pytest.mark.parametrize("case", CASES)
def test_bit_identical_for_any_number_of_threads(case: str, rng: np.random.Generator) -> None:
    variable, gradients = data(rng, (500, 700), np.float32, steps=2)
    results = []
    for threads in (1, 2, 3):
        with using_threads(threads):
            results.append(run(ops, case, variable, gradients))
    for other in results[1:]:
        for name, array in results[0].items():
            np.testing.assert_array_equal(other[name], array)


@pytest.mark.parametrize("case", CASES)
def test_nothing_beyond_the_arrays_is_touched(case: str, isa: str, rng: np.random.Generator) -> None:
    name, slots, options = CASES[case]
    options = {**options, **{key: 1 for key in ("step", "u_product") if key in options}}
    for size in SIZES:
        for at_end in (True, False):
            arrays = [guarded(rng.standard_normal(size).astype(np.float32), at_end) for _ in range(2)]
            memory = {slot: guarded(np.ones(size, np.float32), at_end) for slot in slots}
            before = arrays[0].copy()
            getattr(ops, name)(*arrays, **memory, **options)
            assert not np.array_equal(arrays[0], before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("case", CASES)
def test_what_is_not_finite_stays_where_it_is(case: str, value: float, isa: str) -> None:
    gradient = np.ones(37, np.float32)
    gradient[[5, 36]] = value
    fine = np.ones(37, np.float32)
    with np.errstate(invalid="ignore"):
        expected = run(reference, case, fine, [gradient, fine], initial=0.5)
    found = run(ops, case, fine, [gradient, fine], initial=0.5)
    for name, array in expected.items():
        np.testing.assert_array_equal(np.isnan(found[name]), np.isnan(array), err_msg=f"{case} {name}")
        np.testing.assert_array_equal(np.isinf(found[name]), np.isinf(array), err_msg=f"{case} {name}")
    if np.isnan(value):
        assert np.isnan(found["variable"][[5, 36]]).all()


def test_a_gradient_of_any_memory_is_read(rng: np.random.Generator) -> None:
    variable, (gradient,) = data(rng, (6, 8), np.float64, steps=1)
    expected = run(ops, "adam", variable, [gradient])
    for laid in (np.asfortranarray(gradient), gradient.astype(">f8"), np.repeat(gradient, 2, axis=1)[:, ::2]):
        for name, array in run(ops, "adam", variable, [laid]).items():
            np.testing.assert_array_equal(array, expected[name])


@pytest.mark.parametrize("case", CASES)
def test_nothing_to_update(case: str) -> None:
    empty = np.zeros((0, 3), np.float32)
    assert run(ops, case, empty, [empty])["variable"].shape == (0, 3)


def test_global_norm_and_clipping(isa: str, dtype: Any, rng: np.random.Generator) -> None:
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in ((3,), (40, 50), (), (200, 700), (0, 2))]
    exact = float(np.sqrt(sum(np.square(a, dtype=np.float64).sum() for a in arrays)))
    assert abs(ops.global_norm(arrays) - exact) <= 16 * float(np.finfo(dtype).eps) * exact
    clipped = ops.clip_by_global_norm(arrays, 2.0)
    for found, expected in zip(clipped, reference.clip_by_global_norm(arrays, 2.0), strict=True):
        assert_close(found, expected, 32 * float(np.finfo(dtype).eps))
    for found, array in zip(ops.clip_by_global_norm(arrays, 1e9), arrays, strict=True):
        np.testing.assert_array_equal(found, array)
        assert found is not array
    assert ops.global_norm([]) == 0.0 and ops.clip_by_global_norm([], 1.0) == []


def test_the_norm_is_the_same_for_any_number_of_threads(rng: np.random.Generator) -> None:
    array = rng.standard_normal((1000, 1500), dtype=np.float32)
    norms = set()
    for threads in (1, 2, 3):
        with using_threads(threads):
            norms.add(ops.global_norm([array, array]))
    assert len(norms) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_clipping_by_a_norm_that_is_not_finite_gives_nan(value: float) -> None:
    arrays = [np.array([1.0, value]), np.ones(3)]
    assert not np.isfinite(ops.global_norm(arrays))
    assert all(np.isnan(a).all() for a in ops.clip_by_global_norm(arrays, 1.0))
