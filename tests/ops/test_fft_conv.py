"""Convolution by Fourier transforms: its bound, its edges, what is not finite, the rule that takes it."""

from __future__ import annotations

import re
from math import ceil, log2, sqrt
from typing import Any

import numpy as np
import pytest

import foldgate
from conv_cases import Case, name_of, normal_operands, turned
from foldgate import ops, reference
from support import Array, assert_close, largest, same_on_threads

FORMATS = ["channels_last", "channels_first"]

EDGES = [
    Case((length,), channels, out, (taps,), options, batch=batch)
    for length, channels, out, taps, options, batch in [
        (1, 1, 1, 1, {}, 1),
        (300, 1, 1, 9, {"padding": "same"}, 1),  # lanes are blocks of a channel
        (70, 1, 1, 64, {"padding": 63}, 3),
        (600, 1, 20, 128, {}, 1),
        (130, 3, 5, 33, {"padding": "causal"}, 2),  # pairs side by side
        (95, 16, 16, 31, {"padding": "same"}, 2),
        (40, 17, 33, 24, {"padding": [(30, 25)]}, 1),  # pads beyond the kernel backward
        (91, 5, 9, 13, {"dilation_rate": 3, "padding": "same"}, 2),  # phases
        (50, 2, 2, 4, {"dilation_rate": 15, "padding": 3}, 1),  # more phases than outputs
        (900, 6, 6, 100, {"groups": 6, "padding": "same"}, 1),  # lane by lane
        (200, 20, 20, 50, {"groups": 20, "dilation_rate": 2}, 2),
        (130, 64, 64, 40, {"groups": 64, "padding": "causal"}, 1),
        (120, 8, 12, 30, {"groups": 4}, 2),
        (64, 4, 12, 20, {"groups": 4, "padding": "same"}, 1),  # a multiplier
        (3000, 2, 3, 1500, {"padding": "causal"}, 1),
    ]
]


def magnification(taps: int) -> float:
    """log2(F) sqrt(2 F) of the largest transform: the documented bound over that of the sums themselves."""
    size = max(64, 16 * 2 ** ceil(log2(taps)))
    return log2(size) * sqrt(2 * size)


def check(actual: Any, expected: Any, taps: int, products: int, *factors: Array) -> None:
    """Within the bound that always holds, and 32 eps of the results' standard deviation, as documented.

    A sum of `products` products of numbers of a normal distribution has a deviation of sqrt(products); no
    activation has a slope above 1.
    """
    exact, eps = expected.astype(actual.dtype), float(np.finfo(actual.dtype).eps)
    always = 4 * eps * magnification(taps) * products * max(1.0, largest(*factors))
    assert_close(actual, exact, always)
    assert_close(actual, exact, 32 * eps * sqrt(products))


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", EDGES, ids=name_of)
def test_within_the_bound_of_float64(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    options = {**case.options, "data_format": data_format}
    x, kernel, bias = normal_operands(case, rng, dtype, data_format)
    wide = [array.astype(np.longdouble if dtype == np.float64 else np.float64) for array in (x, kernel, bias)]
    taps = case.size[0]
    for activation in ("relu", "tanh", None):
        y = ops.conv(x, kernel, bias, activation=activation, algorithm="fft", **options)
        expected = reference.conv(*wide, activation=activation, **options)
        check(y, expected, taps, taps * case.channels // case.groups + 1, x, kernel)
    dy = rng.standard_normal(y.shape).astype(dtype)
    exact = reference.conv_backward(dy.astype(wide[0].dtype), *wide[:2], **options)
    actual = ops.conv_backward(dy, x, kernel, algorithm="fft", **options)
    check(actual.dx, exact.dx, taps, taps * case.out // case.groups, dy, kernel)
    positions = dy.size // case.out
    check(actual.dkernel, exact.dkernel, taps, positions, dy, x)
    check(actual.dbias, exact.dbias, taps, positions, dy)


def test_gradients_of_both_orders_of_the_tape(rng: np.random.Generator) -> None:
    x, kernel, dy = (rng.standard_normal(shape) for shape in [(2, 90, 3), (40, 3, 4), (2, 90, 4)])
    options = {"padding": "same", "algorithm": "fft"}
    xs, kernels = foldgate.Variable(x), foldgate.Variable(kernel)
    with foldgate.GradientTape() as tape:
        loss = (ops.conv(xs, kernels, **options) * dy).sum()
    dx, dkernel = tape.gradient(loss, [xs, kernels])
    exact = ops.conv_backward(dy, x, kernel, padding="same", algorithm="direct")
    assert_close(np.asarray(dx), exact.dx, 1e-12)
    assert_close(np.asarray(dkernel), exact.dkernel, 1e-12)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case",
    [
        Case((4000,), 1, 1, (200,), batch=3),
        Case((1500,), 24, 40, (128,), {"padding": "same"}),
        Case((2000,), 40, 40, (300,), {"groups": 40, "padding": "causal"}),
        Case((700,), 8, 8, (64,), {"groups": 2, "dilation_rate": 2}, batch=9),
    ],
    ids=name_of,
)
def test_bit_identical_for_any_number_of_threads(
    case: Case, data_format: str, rng: np.random.Generator
) -> None:
    options = {**case.options, "data_format": data_format, "algorithm": "fft"}
    x, kernel, bias = normal_operands(case, rng, np.float32, data_format)
    dy = rng.standard_normal(ops.conv(x, kernel, **options).shape).astype(np.float32)
    same_on_threads(lambda: ops.conv(x, kernel, bias, activation="tanh", **options))
    same_on_threads(lambda: ops.conv_backward(dy, x, kernel, **options))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("groups", [1, 18])
def test_what_is_not_finite_stays_in_its_pair_of_blocks(
    value: float, groups: int, isa: str, rng: np.random.Generator
) -> None:
    case = Case((4000,), 18, 18, (16,), {"padding": "causal", "groups": groups})
    x, kernel, bias = normal_operands(case, rng, np.float32, "channels_last")
    x[0, 1000, 3] = value
    for data_format in FORMATS:
        y = ops.conv(
            turned(x, data_format), kernel, bias, algorithm="fft", data_format=data_format, **case.options
        )
        finite = np.isfinite(y if data_format == "channels_last" else np.moveaxis(y, 1, -1))
        assert finite[1].all(), "the other image"
        sees = finite[0, 1000:1016]
        assert not (sees[:, 3] if groups == 18 else sees).any(), "outputs that see it"
        if groups == 18:
            assert np.delete(finite[0], 3, axis=-1).all(), "the other channels"
        # two blocks that see it, of at most 16 times the taps each, and those paired with them
        assert (~finite[0].all(axis=-1)).sum() <= 4 * 256


def test_empty_batch(dtype: Any) -> None:
    y = ops.conv(np.zeros((0, 60, 3), dtype), np.zeros((3, 3, 4), dtype), algorithm="fft")
    assert y.shape == (0, 58, 4)


@pytest.mark.parametrize(
    ("size", "options"),
    [((9,), {"strides": 2}), ((3, 3), {}), ((1, 9), {}), ((1, 1, 9), {})],
)
def test_refuses_what_it_cannot_do(size: tuple[int, ...], options: dict[str, Any]) -> None:
    x = np.zeros((1, *[9] * len(size), 4), np.float32)
    kernel = np.zeros((*size, 4, 4), np.float32)
    words = rf"algorithm is 'fft' for kernel_size {re.escape(str(size))}, .* at most 32768 taps"
    with pytest.raises(ValueError, match="conv: " + words):
        ops.conv(x, kernel, algorithm="fft", **options)
    dy = ops.conv(x, kernel, **options)
    with pytest.raises(ValueError, match="conv_backward: " + words):
        ops.conv_backward(dy, x, kernel, algorithm="fft", **options)
    try:
        foldgate.set_conv_algorithm("fft")
        with pytest.raises(ValueError, match="conv: " + words):
            ops.conv(x, kernel, **options)
    finally:
        foldgate.set_conv_algorithm(None)


def test_refuses_more_taps_than_its_transforms_hold() -> None:
    x, kernel = np.zeros((1, 40000, 1), np.float32), np.zeros((32769, 1, 1), np.float32)
    with pytest.raises(ValueError, match="of at most 32768 taps"):
        ops.conv(x, kernel, algorithm="fft")
    assert ops.conv(x, kernel[:-1], algorithm="fft").shape == (1, 7233, 1)


@pytest.mark.parametrize(
    ("case", "chosen"),
    [
        (Case((16000,), 1, 1, (512,), {"padding": "same"}, batch=1), "fft"),
        (Case((4000,), 16, 16, (64,), {"padding": "same"}), "fft"),
        (Case((2000,), 64, 64, (127,), {"padding": "same", "groups": 64}), "fft"),
        (Case((4000,), 16, 16, (5,), {"padding": "same"}), "direct"),
        (Case((2000,), 1, 16, (128,), {"padding": "same"}, batch=8), "direct"),  # the kernel's own transforms
        (Case((2000,), 64, 64, (15,), {"padding": "same", "groups": 64}), "depthwise"),
        (Case((300,), 2, 2, (32,), {"padding": "same"}, batch=1), "direct"),  # a call of some microseconds
        (Case((4000,), 16, 16, (64,), {"strides": 2}), "direct"),
    ],
    ids=lambda value: value if isinstance(value, str) else name_of(value),
)
def test_the_rule_chooses_by_shape(case: Case, chosen: str, rng: np.random.Generator) -> None:
    x, kernel, bias = normal_operands(case, rng, np.float32, "channels_last")
    by_rule = ops.conv(x, kernel, bias, **case.options)
    np.testing.assert_array_equal(by_rule, ops.conv(x, kernel, bias, algorithm=chosen, **case.options))
    if case.options.get("strides", 1) == 1:
        other = "im2col" if chosen == "fft" else "fft"
        assert not np.array_equal(by_rule, ops.conv(x, kernel, bias, algorithm=other, **case.options))
