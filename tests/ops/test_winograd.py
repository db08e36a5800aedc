"""Winograd convolution: its error bound, its edges, what is not finite, and the rule that chooses it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import foldgate
from conv_cases import Case, integer_operands, name_of, turned
from foldgate import ops
from winograd_cases import FORMATS, check_all, check_choice, check_kernel_gradient, check_on_threads

EDGES = [
    Case(spatial, channels, out, (taps, taps), {"padding": padding}, batch=batch)
    for taps, spatial, channels, out, padding, batch in [
        (3, (3, 3), 1, 1, 0, 1),  # one output
        (3, (4, 5), 3, 2, 1, 2),
        (3, (6, 6), 15, 17, 0, 2),
        (3, (9, 7), 16, 16, ((0, 2), (1, 0)), 1),
        (3, (5, 13), 33, 31, "same", 2),
        (3, (4, 4), 5, 9, 3, 1),  # outputs that see padding alone, pads beyond the kernel backward
        (3, (21, 22), 17, 65, 1, 2),
        (3, (24, 24), 64, 20, 1, 1),
        (3, (32, 32), 33, 25, 1, 1),  # planes a page apart
        (3, (9, 150), 18, 17, 1, 1),  # planes: a row of tiles in a window beyond L1
        (3, (5, 300), 18, 17, 1, 1),  # and in several
        (3, (6, 400), 66, 65, 1, 1),  # and in several tasks
        (3, (28, 25), 130, 129, "same", 1),  # a panel's weights at a time, in two stretches of channels
        (3, (6, 9), 350, 345, "same", 1),  # 2x2 outputs a tile: few of them, large weights
        (5, (5, 5), 1, 1, 0, 1),  # one output
        (5, (6, 7), 3, 2, 2, 2),
        (5, (8, 8), 15, 17, 0, 2),
        (5, (9, 7), 16, 16, ((0, 4), (1, 2)), 1),
        (5, (5, 13), 33, 31, "same", 2),
        (5, (4, 4), 5, 9, 5, 1),  # outputs that see padding alone, pads beyond the kernel backward
        (5, (21, 22), 17, 65, 2, 2),
        (5, (32, 32), 33, 25, 2, 1),  # planes a page apart
        (5, (5, 300), 18, 17, 2, 1),  # planes: a row of tiles in several windows
        (5, (14, 13), 130, 129, "same", 1),  # a panel's weights at a time, in two stretches of channels
    ]
]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", EDGES, ids=name_of)
def test_within_the_bound_of_float64(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    check_all(case, data_format, dtype, rng)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case",
    [
        Case(spatial, groups * channels, groups * out, (taps, taps), {"padding": padding, "groups": groups})
        for taps, spatial, groups, channels, out, padding in [
            (3, (4, 5), 3, 2, 1, 1),
            (3, (9, 14), 2, 17, 33, 0),
            (3, (13, 14), 5, 24, 24, "same"),  # slabs of two groups and of one
            (3, (21, 22), 16, 8, 12, ((0, 2), (1, 0))),
            (3, (6, 150), 3, 16, 20, 1),  # planes: a row of tiles in several tasks
            (3, (10, 9), 2, 150, 130, 1),  # several stretches of channels, and squares of them
            (5, (13, 10), 4, 16, 9, 2),
        ]
    ],
    ids=name_of,
)
def test_groups(case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    check_all(case, data_format, dtype, rng)


def test_dilated_taps_of_groups(rng: np.random.Generator) -> None:
    case = Case((17, 18), 51, 60, (3, 3), {"padding": 2, "dilation_rate": 2, "groups": 3})
    check_all(case, "channels_last", np.float32, rng)


@pytest.mark.parametrize("taps", [3, 5])
@pytest.mark.parametrize(
    ("spatial", "channels", "out", "padding", "dilation"),
    [
        ((9, 10), 3, 5, "same", 2),
        ((21, 22), 17, 9, 2, 3),  # phases of other extents
        ((30, 41), 33, 40, "same", 4),
        ((13, 14), 8, 16, ((0, 9), (3, 1)), 2),
        ((17, 18), 130, 65, 4, 2),  # a panel's weights at a time
    ],
)
def test_dilated_taps(
    taps: int,
    spatial: tuple[int, int],
    channels: int,
    out: int,
    padding: Any,
    dilation: int,
    isa: str,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    case = Case(spatial, channels, out, (taps, taps), {"padding": padding, "dilation_rate": dilation})
    check_all(case, "channels_last", dtype, rng)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case",
    [
        Case((50, 60), 20, 40, (3, 3), {"padding": 1}),  # sums in parts, of several blocks of tiles each
        Case((48, 50), 130, 129, (3, 3), {"padding": 1}),  # squares of channels, in rounds
        Case((13, 14), 200, 130, (3, 3), batch=3),
        Case((50, 60), 20, 40, (5, 5), {"padding": 2}),
        Case((24, 25), 130, 129, (5, 5), {"padding": 2}),
        Case((50, 60), 40, 60, (3, 3), {"padding": 1, "groups": 4}),
        Case((60, 50), 260, 258, (3, 3), {"padding": 1, "groups": 2}),  # squares in several groups
    ],
    ids=name_of,
)
def test_the_kernel_gradient_of_many_tiles(case: Case, data_format: str, rng: np.random.Generator) -> None:
    check_kernel_gradient(case, data_format, rng)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case",
    [
        Case((40, 41), 33, 40, (3, 3), {"padding": 1}),
        Case((14, 14), 160, 200, (3, 3), {"padding": 1}, batch=1),
        Case((7, 7), 350, 345, (3, 3), {"padding": 1}, batch=1),
        Case((28, 28), 128, 128, (3, 3), {"padding": 1}, batch=1),
        Case((30, 31), 96, 64, (3, 3), batch=3),
        Case((40, 41), 33, 40, (5, 5), {"padding": 2}),
        Case((14, 14), 160, 200, (5, 5), {"padding": 2}, batch=1),
        Case((28, 28), 48, 48, (3, 3), {"padding": 1, "groups": 2}),  # a slab that threads share
        Case((14, 14), 512, 512, (3, 3), {"padding": 1, "groups": 32}, batch=1),  # a slab a thread
        Case((12, 13), 34, 42, (5, 5), {"padding": 2, "groups": 2}),
    ],
    ids=name_of,
)
def test_bit_identical_for_any_number_of_threads(
    case: Case, data_format: str, rng: np.random.Generator
) -> None:
    check_on_threads(case, data_format, rng)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("taps", [3, 5])
@pytest.mark.parametrize("size", [9, 28])
def test_what_is_not_finite_stays_in_the_tiles_that_see_it(
    value: float, size: int, taps: int, isa: str, rng: np.random.Generator
) -> None:
    reach = taps // 2
    case = Case((size, size), 20, 18, (taps, taps), {"padding": reach}, batch=2)
    x, kernel, bias = integer_operands(case, rng, np.float32)
    x[0, 4, 5, 1] = value
    for data_format in FORMATS:
        y = ops.conv(
            turned(x, data_format), kernel, bias, algorithm="winograd", data_format=data_format, padding=reach
        )
        pixels = np.isfinite(y if data_format == "channels_last" else np.moveaxis(y, 1, -1)).all(axis=-1)
        seen = pixels[0, 4 - reach : 5 + reach, 5 - reach : 6 + reach]
        assert not seen.any(), "outputs that see it"
        rows, columns = np.nonzero(~pixels[0])
        assert rows.max() < 8 and columns.max() < 8
        assert pixels[1].all(), "the other image"


def test_relu_of_nan_is_nan(isa: str, dtype: Any) -> None:
    x = np.full((1, 6, 6, 17), np.nan, dtype)
    assert np.isnan(
        ops.conv(x, np.ones((3, 3, 17, 18), dtype), activation="relu", algorithm="winograd")
    ).all()


def test_empty_batch(dtype: Any) -> None:
    y = ops.conv(np.zeros((0, 6, 6, 17), dtype), np.zeros((3, 3, 17, 18), dtype), algorithm="winograd")
    assert y.shape == (0, 4, 4, 18)


@pytest.mark.parametrize(
    ("case", "chosen"),
    [
        (Case((56, 56), 64, 64, (3, 3), {"padding": 1}, batch=1), "winograd"),
        (Case((14, 14), 256, 256, (3, 3), {"padding": 1}, batch=1), "winograd"),
        (Case((28, 28), 16, 16, (3, 3), {"padding": 1}, batch=1), "winograd"),
        (Case((10, 10), 512, 512, (3, 3), {"padding": 1}, batch=1), "winograd"),  # nine tiles
        (Case((28, 28), 8, 16, (3, 3), {"padding": 1}, batch=1), "winograd"),
        (Case((28, 28), 11, 11, (3, 3), {"padding": 1}, batch=1), "direct"),  # few channels
        (Case((28, 28), 7, 64, (3, 3), {"padding": 1}, batch=1), "direct"),  # few of one side
        (Case((7, 7), 512, 512, (3, 3), {"padding": 1}, batch=1), "direct"),  # few tiles
        (Case((6, 6), 64, 64, (3, 3), {"padding": 1}, batch=8), "direct"),  # half of every other tile
        (Case((64, 64), 16, 16, (3, 3), {"padding": 1}, batch=4), "winograd"),
        (Case((8, 8), 64, 64, (3, 3), {"padding": 1}, batch=2), "direct"),  # eight tiles
        (Case((27, 27), 96, 64, (5, 5), {"padding": 2}, batch=1), "winograd"),
        (Case((10, 10), 8, 32, (5, 5), {"padding": 2}, batch=1), "winograd"),  # 25 tiles
        (Case((10, 10), 400, 400, (5, 5), {"padding": 2}, batch=1), "direct"),  # of large weights
        (Case((8, 8), 64, 64, (5, 5), {"padding": 2}, batch=1), "direct"),  # few tiles
        (Case((32, 32), 12, 12, (5, 5), {"padding": 2}, batch=1), "direct"),  # few channels
        (Case((9, 9), 32, 32, (5, 5), {"padding": 2}, batch=2), "direct"),  # a fifth of the tiles' outputs
        (Case((7, 7), 32, 32, (5, 5), {"padding": 2}, batch=4), "winograd"),  # of many tiles
        (Case((32, 32), 32, 32, (3, 3), {"padding": 4, "dilation_rate": 4}, batch=1), "winograd"),
        (
            Case((20, 20), 32, 32, (3, 3), {"padding": 4, "dilation_rate": 4}, batch=1),
            "direct",
        ),  # small phases
        (Case((14, 14), 64, 64, (3, 3), {"padding": 1, "groups": 4}, batch=1), "winograd"),
        (Case((28, 28), 33, 33, (3, 3), {"padding": 1, "groups": 3}, batch=1), "winograd"),  # few channels
        (Case((15, 15), 64, 64, (3, 3), {"padding": 1, "groups": 8}, batch=1), "winograd"),
        (Case((14, 14), 64, 64, (3, 3), {"padding": 1, "groups": 8}, batch=2), "direct"),  # outputs to no end
        (Case((12, 12), 64, 64, (3, 3), {"padding": 1, "groups": 8}, batch=1), "direct"),  # nine tiles
        (Case((28, 28), 28, 28, (3, 3), {"padding": 1, "groups": 4}, batch=1), "direct"),  # few of either
        (Case((7, 7), 64, 64, (3, 3), {"padding": 1, "groups": 4}, batch=1), "winograd"),  # four tiles
        (Case((7, 7), 60, 60, (3, 3), {"padding": 1, "groups": 4}, batch=1), "direct"),
        (Case((6, 6), 64, 64, (3, 3), {"padding": 1, "groups": 4}, batch=2), "direct"),
    ],
    ids=lambda value: value if isinstance(value, str) else name_of(value),
)
def test_the_rule_chooses_by_shape(case: Case, chosen: str, rng: np.random.Generator) -> None:
    check_choice(case, chosen, rng)


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((3, 3), {"strides": (1, 2)}),
        ((3, 3), {"dilation_rate": (1, 2)}),
        ((3, 2), {}),
        ((3, 5), {}),
        ((7, 7), {}),
        ((3,), {}),
        ((8, 3, 3), {}),
        ((3, 3, 3), {"strides": (2, 1, 1)}),
        ((3, 3, 3), {"dilation_rate": (2, 1, 1)}),
    ],
)
def test_refuses_what_it_cannot_do(size: tuple[int, ...], options: dict[str, Any]) -> None:
    spatial = (9,) * len(size)
    x = np.zeros((1, *spatial, 4), np.float32)
    kernel = np.zeros((*size, 4, 4), np.float32)
    words = re.escape(f"conv: algorithm is 'winograd' for kernel_size {size}, strides ")
    with pytest.raises(ValueError, match=words):
        ops.conv(x, kernel, algorithm="winograd", **options)
    try:
        foldgate.set_conv_algorithm("winograd")
        with pytest.raises(ValueError, match=words):
            ops.conv(x, kernel, **options)
    finally:
        foldgate.set_conv_algorithm(None)


def test_refuses_dilated_taps_over_planes() -> None:
    x, kernel = np.zeros((1, 4, 9, 9)), np.zeros((3, 3, 4, 4))
    words = r"dilation_rate \(2, 2\) and groups 1; expected .* height and width within the outputs, of 1"
    with pytest.raises(ValueError, match=words):
        ops.conv(x, kernel, dilation_rate=2, data_format="channels_first", algorithm="winograd")


@pytest.mark.parametrize("dilation", [5, 2**16, 2**30, 2**32])
def test_taps_that_lie_further_apart_than_the_outputs_are_no_phases(dilation: int) -> None:
    x, kernel = np.ones((1, 4, 4, 8), np.float32), np.ones((3, 3, 8, 16), np.float32)
    options: dict[str, Any] = {"dilation_rate": dilation, "padding": dilation}
    np.testing.assert_array_equal(ops.conv(x, kernel, **options), 8)
    with pytest.raises(ValueError, match="one dilation_rate of height and width within the outputs"):
        ops.conv(x, kernel, algorithm="winograd", **options)
