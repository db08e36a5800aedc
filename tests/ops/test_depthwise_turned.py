"""Depthwise planes of channels_first images that are turned: strided ones, and narrow under many taps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conv_checks import check_exact

from conv_cases import Case, integer_operands, name_of
from foldgate import ops, reference
from support import assert_close, bound, integers, same_on_threads


def depthwise(spatial: tuple[int, ...], channels: int, size: tuple[int, ...], **options: Any) -> Case:
    batch = options.pop("batch", 2)
    return Case(spatial, channels, channels, size, {"groups": channels, **options}, batch)


CASES = [
    *(depthwise((9, 7), channels, (3, 3), strides=2, padding="same") for channels in (2, 3, 5, 8, 9, 17)),
    *(depthwise((7, width), 17, (5, 5), padding="same") for width in (1, 4, 5, 9, 17, 18)),
    *(depthwise((6, width), 17, (3, 3), padding="same") for width in (1, 3, 5, 9, 10, 14, 17, 18, 26, 34)),
    depthwise((6, 18), 17, (3, 3)),
    depthwise((6, 5), 65, (3, 3), strides=2),  # two blocks of channels, the second a part
    depthwise((20, 20), 130, (3, 3), strides=2, padding="same", batch=5),  # chunks of images
    depthwise((9, 11), 20, (3, 2), strides=(1, 3), padding=1),
    depthwise((9, 11), 20, (2, 2), strides=3),  # inputs that no tap reaches
    depthwise((9, 9), 20, (3, 3), dilation_rate=2, padding="same"),
    depthwise((21,), 9, (5,), strides=2, padding="causal"),
    depthwise((4, 5, 5), 18, (3, 3, 3), strides=2, padding="same"),
    # as planes: too few, too large, of rows too long, under one row of taps, or with several outputs each
    depthwise((9, 7), 1, (3, 3), strides=2),
    depthwise((200, 200), 17, (3, 3), strides=2, batch=1),
    depthwise((3, 300), 17, (3, 3), strides=2, batch=1),
    depthwise((5, 9), 17, (1, 5), padding="same"),
    Case((9, 7), 9, 18, (3, 3), {"groups": 9, "strides": 2}),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_exact_on_whole_numbers(case: Case, isa: str, dtype: Any, rng: np.random.Generator) -> None:
    check_exact(case, rng, dtype, "channels_first")


@pytest.mark.parametrize("needed", ["dx", "dkernel", "dbias"])
def test_each_gradient_alone_is_as_with_the_others(needed: str, isa: str, rng: np.random.Generator) -> None:
    case = depthwise((9, 7), 20, (3, 3), strides=2, padding="same")
    options = {**case.options, "data_format": "channels_first"}
    x, kernel, _ = integer_operands(case, rng, np.float32, "channels_first")
    dy = integers(rng, ops.conv(x, kernel, **options).shape, np.float32)
    needs: dict[str, Any] = {f"need_{name}": name == needed for name in ("dx", "dkernel", "dbias")}
    found = ops.conv_backward(dy, x, kernel, **needs, **options)._asdict()
    together = ops.conv_backward(dy, x, kernel, **options)._asdict()
    for name, gradient in found.items():
        assert (gradient is not None) == (name == needed)
    assert_close(found[needed], together[needed], 0, needed)


def test_bit_identical_for_any_number_of_threads(rng: np.random.Generator) -> None:
    case = depthwise((28, 28), 130, (5, 5), strides=2, padding="same", batch=12)
    options = {**case.options, "data_format": "channels_first"}
    x = rng.standard_normal(case.x_shape("channels_first")).astype(np.float32)
    kernel = rng.standard_normal(case.kernel_shape).astype(np.float32)
    y = same_on_threads(lambda: ops.conv(x, kernel, **options))
    assert_close(y, reference.conv(x, kernel, **options), bound(np.float32, 25, x, kernel))
    dy = rng.standard_normal(y.shape).astype(np.float32)
    found = same_on_threads(lambda: ops.conv_backward(dy, x, kernel, **options))
    expected = reference.conv_backward(dy, x, kernel, **options)
    assert_close(found.dx, expected.dx, bound(np.float32, 25, dy, kernel), "dx")
    assert_close(found.dkernel, expected.dkernel, bound(np.float32, dy.size // case.out, dy, x), "dkernel")
