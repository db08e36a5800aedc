"""The gradient of a kernel of few outputs, whose products take whole windows for their columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conv_cases import Case, integer_operands, name_of
from foldgate import ops, reference
from support import assert_close, integers, same_on_threads

CASES = [
    Case((12, 20), 4, 4, (3, 3), {"padding": "same"}),
    Case((13, 21), 8, 7, (3, 3), {"strides": (2, 3), "padding": "same"}, batch=3),
    Case((11, 40), 3, 2, (5, 4), {"padding": "same", "dilation_rate": (3, 1)}),
    Case((9, 300), 24, 3, (3, 5), {"padding": "valid"}),  # strips in pieces
    Case((2000,), 5, 6, (7,), {"padding": "same"}),
    Case((1500,), 12, 1, (9,), {"strides": 4, "padding": "same"}),
    Case((4, 6, 17), 4, 5, (3, 2, 3), {"padding": "same", "strides": (2, 1, 1)}),
    Case((30, 30), 13, 11, (1, 1)),
    Case((30, 31), 40, 12, (2, 2), {"strides": 2}),
    Case((3, 4), 6, 6, (5, 5), {"padding": "same"}, batch=40),  # windows wider than the image
]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_exact_on_whole_numbers(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, _ = integer_operands(case, rng, dtype, data_format)
    options = {**case.options, "data_format": data_format, "algorithm": "direct"}
    dy = integers(rng, ops.conv(x, kernel, **options).shape, dtype)
    found = same_on_threads(lambda: ops.conv_backward(dy, x, kernel, need_dx=False, **options))
    expected = reference.conv_backward(dy, x, kernel, **options)
    assert_close(found.dkernel, expected.dkernel, 0)
    assert_close(found.dbias, expected.dbias, 0)


def test_images_of_several_chunks_are_summed(rng: np.random.Generator) -> None:
    case = Case((200, 300), 6, 4, (3, 3), {"padding": "same"}, batch=5)  # turned two at a time
    x, kernel, _ = integer_operands(case, rng, np.float32, "channels_first")
    dy = integers(rng, (5, 4, 200, 300), np.float32)
    options = {**case.options, "data_format": "channels_first"}
    found = ops.conv_backward(dy, x, kernel, need_dx=False, **options)
    assert_close(found.dkernel, reference.conv_backward(dy, x, kernel, **options).dkernel, 0)
