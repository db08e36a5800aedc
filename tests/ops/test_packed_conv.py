"""PackedConv: the answers of conv, from weights that are copied, packed once, and never stale."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import foldgate
from conv_cases import AROUND_LANES, AROUND_TILES, DEPTHWISE, GROUPS, OPTIONS, Case, integer_operands, name_of
from foldgate import ops, reference
from support import assert_close, bound, using_threads

FORMATS = ["channels_last", "channels_first"]
WINOGRAD_FACTOR = 300.0  # as tests/ops/test_winograd.py


def operands(case: Case, data_format: str, rng: np.random.Generator, dtype: Any) -> tuple[np.ndarray, ...]:
    shapes = (case.x_shape(data_format), case.kernel_shape, (case.out,))
    x, kernel, bias = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    return x, kernel, bias


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case", [*AROUND_LANES[::3], *AROUND_TILES[::4], *OPTIONS, *GROUPS, *DEPTHWISE[::3]], ids=name_of
)
def test_exact_on_whole_numbers(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, bias = integer_operands(case, rng, dtype, data_format)
    options = {**case.options, "data_format": data_format, "activation": "relu"}
    packed = ops.PackedConv(kernel, bias, **options)
    expected = reference.conv(x, kernel, bias, **options)
    for _ in range(2):
        assert_close(packed(x), expected, 0)
    longer = np.concatenate([x, x, x])  # another shape, which may want another form
    assert_close(packed(longer), np.concatenate([expected] * 3), 0)


@pytest.mark.parametrize("algorithm", ["direct", "im2col", "depthwise"])
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", [*OPTIONS[::4], *GROUPS[::2], DEPTHWISE[1], DEPTHWISE[8]], ids=name_of)
def test_every_algorithm(case: Case, data_format: str, algorithm: str, rng: np.random.Generator) -> None:
    if algorithm == "depthwise" and case.groups != case.channels:
        pytest.skip("not a depthwise shape")
    x, kernel, bias = integer_operands(case, rng, np.float32, data_format)
    options = {**case.options, "data_format": data_format}
    packed = ops.PackedConv(kernel, bias, algorithm=algorithm, **options)
    assert_close(packed(x), reference.conv(x, kernel, bias, **options), 0)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case",
    [
        Case((7, 7), 64, 130, (3, 3), {"padding": 1}, batch=1),
        Case((7, 7), 400, 380, (3, 3), {"padding": 1}, batch=1),
        # F(2 x 2): F(4 x 4) would take 21 MB
        Case((7, 7), 400, 380, (3, 3), {"padding": 1, "algorithm": "winograd"}, batch=1),
        Case((14, 13), 260, 200, (3, 3), {"padding": 1}, batch=1),  # U beyond L2, few tiles
        Case((26, 30), 17, 40, (3, 3), {"padding": (0, 2)}),
        Case((50, 45), 33, 20, (3, 3), {"padding": 1}, batch=3),
        Case((20, 14), 60, 45, (3, 3), {"padding": 1, "groups": 3}),  # Winograd's, two groups a slab
        Case((9, 13), 256, 256, (3, 3), {"padding": 1, "groups": 16}),
        Case((14, 14), 600, 64, (1, 1), batch=1),
        Case((13, 13), 80, 40, (5, 5), {"padding": 2}, batch=1),  # panels: one, three, five
        Case((7, 7), 300, 160, (1, 1), batch=1),
        Case((7, 7), 220, 300, (1, 1), batch=1),
        Case((30, 30), 64, 96, (3, 3), {"strides": 2, "padding": 1}),
    ],
    ids=name_of,
)
def test_within_the_bound_and_bit_identical_for_any_number_of_threads(
    case: Case, data_format: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, bias = operands(case, data_format, rng, dtype)
    options = {**case.options, "data_format": data_format, "activation": "tanh"}
    packed = ops.PackedConv(kernel, bias, **options)
    results = []
    for threads in (1, 2, 3):
        with using_threads(threads):
            results.append(packed(x))
            results.append(ops.PackedConv(kernel, bias, **options)(x))
    for other in results[1:]:
        np.testing.assert_array_equal(results[0], other)
    terms = int(np.prod(case.kernel_shape[:-1]))
    allowed = bound(dtype, terms, x, kernel) + WINOGRAD_FACTOR * float(np.finfo(dtype).eps)
    assert_close(results[0], reference.conv(x, kernel, bias, **options), allowed)


def test_weights_are_never_stale(rng: np.random.Generator) -> None:
    for size, channels in (((3, 3), 40), ((1, 1), 40), ((2, 2), 7)):
        case = Case((14, 15), channels, 33, size)
        x, kernel, bias = operands(case, "channels_last", rng, np.float32)
        packed = ops.PackedConv(kernel, bias)
        first = packed(x)
        taken, taken_bias = kernel.copy(), bias.copy()
        kernel[...] = np.nan
        bias[...] = np.nan
        np.testing.assert_array_equal(packed(x), first)
        np.testing.assert_array_equal(packed(x[:, 1:]), ops.PackedConv(taken, taken_bias)(x[:, 1:]))
        other = np.ascontiguousarray(taken[..., ::-1])
        packed.update(other)
        np.testing.assert_array_equal(packed(x), ops.PackedConv(other)(x))
        packed.update(other[..., :5].copy(), taken_bias[:5])  # other channels, the same window
        assert packed(x).shape[-1] == 5


def test_the_tier_may_change_between_calls(rng: np.random.Generator) -> None:
    case = Case((14, 15), 40, 33, (3, 3), {"padding": 1})
    x, kernel, bias = integer_operands(case, rng, np.float32, "channels_last")
    packed = ops.PackedConv(kernel, bias, algorithm="direct", **case.options)
    expected = reference.conv(x, kernel, bias, **case.options)
    before = foldgate.get_isa()
    try:
        for tier in [None, "baseline", "avx2", None, "baseline"]:
            if before != "neon" or tier is None:
                foldgate.set_max_isa(tier)
            assert_close(packed(x), expected, 0)
    finally:
        foldgate.set_max_isa(before)


def test_many_shapes_in_turn(rng: np.random.Generator) -> None:
    kernel = rng.integers(-3, 4, (3, 5, 6)).astype(np.float64)
    packed = ops.PackedConv(kernel, padding="same", strides=2)
    for _ in range(2):
        for steps in range(1, 40):
            x = rng.integers(-3, 4, (2, steps, 5)).astype(np.float64)
            assert_close(packed(x), reference.conv(x, kernel, padding="same", strides=2), 0)


def test_an_infinity_stays_in_its_narrow_group(rng: np.random.Generator) -> None:
    case = Case((6, 5), 8, 8, (3, 3), {"groups": 4, "padding": 1})
    x, kernel, _ = operands(case, "channels_last", rng, np.float32)
    packed = ops.PackedConv(kernel, **case.options)
    for value in (1.0, np.inf, np.nan, 1.0):
        x[0, 2, 2, 0] = value
        found = packed(x)
        with np.errstate(invalid="ignore"):
            expected = reference.conv(x, kernel, **case.options)
        np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))


def test_an_empty_batch() -> None:
    packed = ops.PackedConv(np.ones((3, 3, 2, 4), np.float32))
    assert packed(np.ones((0, 5, 5, 2), np.float32)).shape == (0, 3, 3, 4)
    assert packed(np.ones((1, 5, 5, 2), np.float32)).shape == (1, 3, 3, 4)


def test_callers_from_many_python_threads(rng: np.random.Generator) -> None:
    kernel = rng.standard_normal((3, 3, 24, 24)).astype(np.float32)
    images = [rng.standard_normal((1, 9 + i, 17, 24)).astype(np.float32) for i in range(4)]
    expected = [ops.PackedConv(kernel)(x) for x in images]
    packed = ops.PackedConv(kernel)
    with ThreadPoolExecutor(4) as pool:
        for i, y in enumerate(pool.map(packed, images * 20)):
            np.testing.assert_array_equal(y, expected[i % 4])


def test_any_memory(rng: np.random.Generator) -> None:
    kernel = rng.integers(-3, 4, (2, 2, 3, 4)).astype(np.float32)
    x = rng.integers(-3, 4, (2, 6, 7, 3)).astype(np.float32)
    expected = reference.conv(x, kernel)
    packed = ops.PackedConv(np.asfortranarray(kernel).astype(">f4"))
    assert_close(packed(np.asfortranarray(x)), expected, 0)
    assert_close(packed(x.astype(">f4")), expected, 0)
    assert_close(packed(np.repeat(x, 2, 2)[:, :, ::2]), expected, 0)
    assert not np.may_share_memory(packed(x), packed(x))
