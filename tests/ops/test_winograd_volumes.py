"""Winograd convolution of volumes: its error bound, the planes that taps see, threads and its rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conv_cases import Case, name_of, normal_operands
from foldgate import ops, reference
from winograd_cases import FORMATS, check, check_all, check_choice, check_kernel_gradient, check_on_threads

EDGES = [
    Case(spatial, channels, out, size, {"padding": padding}, batch=batch)
    for size, spatial, channels, out, padding, batch in [
        ((3, 3, 3), (3, 3, 3), 1, 1, 0, 1),  # one output
        ((3, 3, 3), (4, 4, 5), 3, 2, 1, 2),
        ((3, 3, 3), (5, 6, 6), 15, 17, "same", 2),
        ((3, 3, 3), (9, 9, 7), 16, 16, ((2, 0), (0, 2), (1, 0)), 1),
        ((3, 3, 3), (1, 8, 9), 5, 9, 1, 2),  # one plane, the middle tap's
        ((3, 3, 3), (2, 4, 4), 5, 9, ((4, 5), (3, 3), (3, 3)), 1),  # planes that see padding alone
        ((3, 3, 3), (19, 12, 13), 17, 18, 1, 1),  # several runs of planes
        ((3, 3, 3), (4, 5, 150), 18, 17, 1, 1),  # planes: pieces of rows of tiles
        ((3, 3, 3), (3, 6, 5), 130, 129, "same", 1),  # a panel's weights at a time, in stretches of channels
        ((1, 3, 3), (5, 9, 10), 17, 12, 1, 2),  # planes for themselves, and outputs that see none
        ((2, 3, 3), (6, 9, 10), 12, 33, ((0, 1), (1, 1), (1, 1)), 1),
        ((7, 3, 3), (9, 9, 10), 12, 20, "same", 1),
        ((3, 5, 5), (4, 9, 10), 9, 17, (1, 2, 2), 2),
        ((5, 5, 5), (6, 7, 11), 16, 20, "same", 1),
    ]
]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", EDGES, ids=name_of)
def test_within_the_bound_of_float64(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    check_all(case, data_format, dtype, rng)


@pytest.mark.parametrize("data_format", FORMATS)
def test_groups(data_format: str, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    options = {"padding": 1, "groups": 5}  # slabs of two groups and of one
    check_all(Case((4, 13, 14), 120, 100, (3, 3, 3), options), data_format, dtype, rng)


def test_taps_dilated_along_height_and_width(isa: str, dtype: Any, rng: np.random.Generator) -> None:
    options = {"padding": (1, 2, 2), "dilation_rate": (1, 2, 2)}
    check_all(Case((5, 13, 14), 17, 12, (3, 3, 3), options), "channels_last", dtype, rng)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case",
    [
        Case((20, 22, 24), 12, 20, (3, 3, 3), {"padding": 1}, batch=1),  # sums in parts
        Case((9, 20, 24), 65, 70, (3, 3, 3), {"padding": 1}, batch=1),  # squares of channels, in rounds
        Case((3, 9, 10), 130, 66, (3, 3, 3), {"padding": 1}, batch=3),
        Case((6, 18, 20), 20, 24, (3, 5, 5), {"padding": (1, 2, 2)}, batch=1),
    ],
    ids=name_of,
)
def test_the_kernel_gradient_of_many_tiles(case: Case, data_format: str, rng: np.random.Generator) -> None:
    check_kernel_gradient(case, data_format, rng)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case",
    [
        Case((17, 20, 21), 33, 40, (3, 3, 3), {"padding": 1}),
        Case((4, 14, 14), 160, 200, (3, 3, 3), {"padding": 1}, batch=1),
        Case((2, 7, 7), 200, 190, (3, 3, 3), {"padding": 1}, batch=1),
        Case((4, 14, 14), 60, 60, (3, 3, 3), {"padding": 1, "groups": 4}),
    ],
    ids=name_of,
)
def test_bit_identical_for_any_number_of_threads(
    case: Case, data_format: str, rng: np.random.Generator
) -> None:
    check_on_threads(case, data_format, rng)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize(
    "case",
    [
        Case((4, 14, 14), 160, 200, (3, 3, 3), {"padding": 1}, batch=1),
        Case((2, 7, 7), 150, 140, (3, 3, 3), {"padding": 1}, batch=1),  # a panel at a time
        Case((6, 9, 9), 24, 32, (3, 3, 3), {"padding": 1}),
    ],
    ids=name_of,
)
def test_kept_weights(case: Case, data_format: str, isa: str, rng: np.random.Generator) -> None:
    options = {**case.options, "data_format": data_format, "algorithm": "winograd"}
    x, kernel, bias = normal_operands(case, rng, np.float32, data_format)
    packed = ops.PackedConv(kernel, bias, **options)
    expected = reference.conv(
        *(a.astype(np.float64) for a in (x, kernel, bias)), **case.options, data_format=data_format
    )
    for _ in range(2):
        check(case, packed(x), expected, 27 * case.channels, x, kernel)


@pytest.mark.parametrize(
    ("case", "chosen"),
    [
        (Case((16, 28, 28), 64, 64, (3, 3, 3), {"padding": 1}, batch=1), "winograd"),
        (Case((4, 16, 16), 8, 8, (3, 3, 3), {"padding": 1}, batch=1), "winograd"),
        (Case((4, 16, 16), 7, 64, (3, 3, 3), {"padding": 1}, batch=1), "direct"),  # few of one side
        (
            Case((4, 16, 16), 8, 8, (1, 3, 3), {"padding": (0, 1, 1)}, batch=1),
            "direct",
        ),  # few pairs
        (Case((4, 16, 16), 16, 16, (1, 3, 3), {"padding": (0, 1, 1)}, batch=1), "winograd"),
        (Case((2, 7, 7), 128, 128, (3, 3, 3), {"padding": 1}, batch=1), "winograd"),  # eight tiles
        (Case((2, 7, 7), 129, 128, (3, 3, 3), {"padding": 1}, batch=1), "direct"),  # of many pairs
        (Case((4, 7, 7), 129, 128, (3, 3, 3), {"padding": 1}, batch=1), "winograd"),
        (Case((7, 4, 4), 32, 32, (3, 3, 3), {"padding": 1}, batch=1), "direct"),  # seven tiles
        (Case((6, 6, 6), 64, 64, (3, 3, 3), {"padding": 1}, batch=1), "winograd"),  # nine of sixteen outputs
        (Case((6, 6, 6), 129, 128, (3, 3, 3), {"padding": 1}, batch=1), "direct"),
        (Case((6, 5, 5), 64, 64, (3, 3, 3), {"padding": 1}, batch=1), "direct"),
        (Case((4, 14, 14), 10, 10, (3, 5, 5), {"padding": (1, 2, 2)}, batch=1), "winograd"),
        (Case((4, 14, 14), 9, 9, (3, 5, 5), {"padding": (1, 2, 2)}, batch=1), "direct"),  # few channels
    ],
    ids=lambda value: value if isinstance(value, str) else name_of(value),
)
def test_the_rule_chooses_by_shape(case: Case, chosen: str, rng: np.random.Generator) -> None:
    check_choice(case, chosen, rng)
