"""Convolution, forward: exact on whole numbers, within the bound elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
from conv_cases import (
    AROUND_LANES,
    CASES,
    DEPTHWISE,
    GROUPS,
    OPTIONS,
    Case,
    integer_operands,
    name_of,
    turned,
)
from foldgate import ops, reference
from support import assert_close, bound, same_on_threads

FORMATS = ["channels_last", "channels_first"]


ACTIVATIONS = ["linear", "relu", "relu6", "tanh", "sigmoid"]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_exact_on_whole_numbers(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, bias = integer_operands(case, rng, dtype, data_format)
    options = {**case.options, "data_format": data_format}
    expected = reference.conv(x, kernel, bias, **options)
    actual = ops.conv(x, kernel, bias, **options)
    assert_close(actual, expected, 0)
    for activation in ("relu", "relu6"):
        rectified = ops.conv(x, kernel, bias, activation=activation, **options)
        assert_close(rectified, reference.conv(x, kernel, bias, activation=activation, **options), 0)


@pytest.mark.parametrize("algorithm", ["direct", "im2col", "depthwise"])
@pytest.mark.parametrize("case", [*AROUND_LANES[::4], *OPTIONS, *GROUPS, *DEPTHWISE], ids=name_of)
def test_every_algorithm_gives_the_same(case: Case, algorithm: str, rng: np.random.Generator) -> None:
    if algorithm == "depthwise" and case.groups != case.channels:
        pytest.skip("not a depthwise shape")
    for data_format in FORMATS:
        x, kernel, bias = integer_operands(case, rng, np.float32, data_format)
        options = {**case.options, "data_format": data_format}
        expected = reference.conv(x, kernel, bias, **options)
        assert_close(ops.conv(x, kernel, bias, algorithm=algorithm, **options), expected, 0)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("case", [*OPTIONS[:7], *GROUPS[:2], *DEPTHWISE[:3]], ids=name_of)
def test_within_the_bound_of_float64(
    case: Case, activation: str, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    options = {**case.options, "data_format": data_format, "activation": activation}
    x, kernel, bias = (
        rng.standard_normal(shape) for shape in (case.x_shape(data_format), case.kernel_shape, (case.out,))
    )
    x, kernel, bias = (array.astype(dtype) for array in (x, kernel, bias))
    exact = reference.conv(*(array.astype(np.float64) for array in (x, kernel, bias)), **options)
    terms = int(np.prod(case.kernel_shape[:-1]))
    assert_close(ops.conv(x, kernel, bias, **options), exact.astype(dtype), bound(dtype, terms, x, kernel))


@pytest.mark.parametrize(
    "case",
    [
        Case((40, 41), 3, 40, (3, 3), {"padding": 1}),
        Case((40, 41), 33, 40, (3, 3), {"padding": 1}),
        Case((30, 30), 64, 96, (3, 3), {"strides": 2, "padding": 1}),
        Case((7, 7), 300, 200, (3, 3), {"padding": 1}, batch=1),
        Case((13, 13), 80, 40, (5, 5), {"padding": 2}, batch=1),
        Case((50, 50), 64, 64, (1, 1)),
        Case((15, 19), 300, 66, (1, 1)),
        Case((20, 20), 96, 64, (1, 1), {"groups": 2}),
        Case((40, 40), 64, 64, (3, 3), {"groups": 16, "padding": 1}),
        Case((64, 64), 48, 48, (3, 3), {"groups": 48, "padding": 1}),
        Case((60, 60), 64, 2, (3, 3)),
    ],
    ids=name_of,
)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("algorithm", [None, "im2col"])
def test_bit_identical_for_any_number_of_threads(
    case: Case, data_format: str, algorithm: str | None, rng: np.random.Generator
) -> None:
    x = rng.standard_normal(case.x_shape(data_format)).astype(np.float32)
    kernel = rng.standard_normal(case.kernel_shape).astype(np.float32)
    options = {**case.options, "data_format": data_format, "algorithm": algorithm, "activation": "tanh"}
    y = same_on_threads(lambda: ops.conv(x, kernel, **options))
    terms = int(np.prod(case.kernel_shape[:-1]))
    assert_close(y, reference.conv(x, kernel, **options), bound(np.float32, terms, x, kernel))


@pytest.mark.parametrize("data_format", FORMATS)
def test_a_long_inner_dimension_passes_in_blocks(
    data_format: str, isa: str, rng: np.random.Generator
) -> None:
    """More terms than a pass of the tiles, more channels than a page, more taps than a block of pointers."""
    for case in [
        Case((3, 3), 2600, 5, (2, 2), batch=1),
        Case((9,), 5000, 40, (3,), {"padding": "same"}, batch=1),
        Case((50, 50), 17, 3, (48, 49), batch=1),
        Case((51, 118), 2, 34, (50, 59), {"dilation_rate": (1, 2)}, batch=1),
        Case((4300,), 2, 18, (2150,), {"dilation_rate": 2}, batch=1),
    ]:
        x, kernel, bias = integer_operands(case, rng, np.float32, data_format)
        options = {**case.options, "data_format": data_format}
        assert_close(ops.conv(x, kernel, bias, **options), reference.conv(x, kernel, bias, **options), 0)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case",
    [
        Case((5, 6), 160, 70, (3, 3), {"padding": 1}, batch=3),
        Case((9, 7), 160, 33, (3, 3), {"padding": 1, "strides": 2}, batch=1),
        Case((6, 5), 130, 16, (3, 3), {"padding": "same", "dilation_rate": 2}),
        Case((4, 4), 320, 40, (3, 3), {"padding": "same", "groups": 2}),
        Case((2, 2), 120, 40, (5, 5), {"padding": 2}, batch=1),  # taps that no output sees anything of
        Case((9,), 200, 20, (7,), {"padding": "same"}),
        Case((3, 4, 3), 100, 17, (3, 3, 3), {"padding": 1}, batch=1),
    ],
    ids=name_of,
)
def test_many_outputs_see_nothing_through_a_tap(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, bias = integer_operands(case, rng, dtype, data_format)
    for activation in ("linear", "relu", "relu6"):
        options = {**case.options, "data_format": data_format, "activation": activation}
        expected = reference.conv(x, kernel, bias, **options)
        assert_close(ops.conv(x, kernel, bias, **options), expected, 0)
        assert_close(ops.PackedConv(kernel, bias, **options)(x), expected, 0)
    options = {**case.options, "data_format": data_format}
    dy = rng.integers(-3, 4, expected.shape).astype(dtype)
    expected = reference.conv_backward(dy, x, kernel, **options)
    assert_close(ops.conv_backward(dy, x, kernel, **options).dx, expected.dx, 0)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", [OPTIONS[4], OPTIONS[6], GROUPS[1], DEPTHWISE[0]], ids=name_of)
def test_empty_batch(case: Case, data_format: str, dtype: Any) -> None:
    case = case._replace(batch=0)
    x, kernel = np.zeros(case.x_shape(data_format), dtype), np.zeros(case.kernel_shape, dtype)
    options = {**case.options, "data_format": data_format}
    assert_close(ops.conv(x, kernel, **options), reference.conv(x, kernel, **options), 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("algorithm", ["direct", "im2col", None])
@pytest.mark.parametrize(
    "case",
    [
        Case((7, 7), 5, 18, (3, 3), {"padding": 1}),
        Case((7, 7), 20, 18, (3, 3), {"padding": 1}),
        Case((7, 7), 20, 18, (1, 1)),
        Case((7, 7), 20, 2, (3, 3)),
        Case((7, 7), 16, 16, (3, 3), {"groups": 8, "padding": 1}),
        Case((7, 7), 16, 16, (3, 3), {"groups": 16, "padding": 1}),
    ],
    ids=name_of,
)
def test_what_is_not_finite_reaches_those_that_see_it_alone(
    case: Case, algorithm: str | None, value: float, isa: str, rng: np.random.Generator
) -> None:
    for data_format in FORMATS:
        x, kernel, bias = integer_operands(case, rng, np.float32)
        kernel[kernel == 0] = 1
        x[0, 3, 4, 1] = value
        with np.errstate(invalid="ignore"):
            expected = turned(reference.conv(x, kernel, bias, **case.options), data_format)
        actual = ops.conv(
            turned(x, data_format), kernel, bias, algorithm=algorithm, data_format=data_format, **case.options
        )
        np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
        np.testing.assert_array_equal(actual, expected)


def test_relu_of_nan_is_nan(isa: str, dtype: Any) -> None:
    x = np.full((1, 3, 3, 17), np.nan, dtype)
    for kernel in (np.ones((2, 2, 17, 18), dtype), np.ones((2, 2, 17, 1), dtype)):
        assert np.isnan(ops.conv(x, kernel, activation="relu")).all()
    assert np.isnan(ops.conv(x, np.ones((2, 2, 1, 17), dtype), groups=17, activation="relu")).all()


@pytest.mark.parametrize("data_format", FORMATS)
def test_any_strides_alignment_and_byte_order(data_format: str, dtype: Any, rng: np.random.Generator) -> None:
    x, kernel, bias = integer_operands(OPTIONS[4], rng, dtype, data_format)
    options = {**OPTIONS[4].options, "data_format": data_format}
    expected = reference.conv(x, kernel, bias, **options)

    def check(x: Any, kernel: Any, bias: Any) -> None:
        assert_close(ops.conv(x, kernel, bias, **options), expected, 0)

    check(np.asfortranarray(x), kernel[..., ::-1][..., ::-1], bias)
    check(*(np.repeat(a, 2, axis=-1)[..., ::2] for a in (x, kernel, bias)))
    check(*(a.astype(a.dtype.newbyteorder(">")) for a in (x, kernel, bias)))
    unaligned = [
        np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)
        for a in (x, kernel, bias)
    ]
    assert not unaligned[0].flags.aligned and not unaligned[0].flags.writeable
    check(*unaligned)
    for a in (x, kernel, bias):
        a.flags.writeable = False
    check(x, kernel, bias)


def test_the_global_algorithm_is_used(rng: np.random.Generator) -> None:
    x, kernel, _ = integer_operands(GROUPS[0], rng, np.float32)
    try:
        foldgate.set_conv_algorithm("depthwise")
        with pytest.raises(
            ValueError, match="algorithm is 'depthwise' but groups is 2; expected as many groups as x"
        ):
            ops.conv(x, kernel, **GROUPS[0].options)
        assert ops.conv(x, kernel, algorithm="im2col", **GROUPS[0].options).shape == (2, 6, 5, 4)
    finally:
        foldgate.set_conv_algorithm(None)
