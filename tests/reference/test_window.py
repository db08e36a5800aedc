"""The arithmetic of windows: extents, 'same', 'causal', ceil_mode, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from foldgate import reference
from foldgate.reference._window import make_axes


@pytest.mark.parametrize("extent", range(1, 12))
@pytest.mark.parametrize("taps", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_same_covers_the_image_with_the_extra_after(
    extent: int, taps: int, stride: int, dilation: int
) -> None:
    (axis,) = make_axes("op", (extent,), taps, stride, "same", dilation)
    assert axis.out == -(-extent // stride)
    assert axis.after - axis.before in (0, 1)
    total = (axis.out - 1) * stride + axis.effective - extent
    assert axis.before + axis.after == max(0, total)


@pytest.mark.parametrize("taps, dilation", [(1, 1), (2, 1), (3, 1), (3, 2), (2, 5)])
def test_causal_pads_before_only(taps: int, dilation: int) -> None:
    (axis,) = make_axes("op", (7,), taps, 1, "causal", dilation)
    assert (axis.before, axis.after, axis.out) == ((taps - 1) * dilation, 0, 7)


@pytest.mark.parametrize(
    "extent, taps, stride, pad, floor, ceil",
    [
        (5, 2, 2, 0, 2, 3),  # the last window hangs over the edge
        (4, 2, 2, 0, 2, 2),  # it fits: no difference
        (3, 2, 2, 1, 2, 2),  # a third would start at 4 - 1 = 3, in the padding after: dropped
        (6, 3, 2, 1, 3, 4),
        (7, 3, 3, 0, 2, 3),
    ],
)
def test_ceil_mode(extent: int, taps: int, stride: int, pad: int, floor: int, ceil: int) -> None:
    assert make_axes("op", (extent,), taps, stride, pad, 1)[0].out == floor
    assert make_axes("op", (extent,), taps, stride, pad, 1, ceil_mode=True)[0].out == ceil


def test_padding_forms_agree() -> None:
    by_axis = make_axes("op", (8, 9), 3, 1, (1, 2), 1)
    assert by_axis == make_axes("op", (8, 9), (3, 3), (1, 1), ((1, 1), (2, 2)), (1, 1))
    assert make_axes("op", (8, 9), 3, 1, 1, 1) == make_axes("op", (8, 9), 3, 1, (1, 1), 1)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"size": 10}, "effective kernel size is 10; expected at most the padded 9"),
        ({"size": 3, "dilation_rate": 4}, "effective kernel size is 9; expected at most the padded 8"),
        ({"padding": -1}, "padding is -1; expected no negative"),
        ({"padding": (1, 2, 3)}, "expected one int, or an int or a pair for each of 2 axes"),
        ({"padding": "full"}, "padding is 'full'; expected"),
        ({"padding": "causal"}, "padding is 'causal' with 2 spatial axes; expected 1"),
        ({"padding": "same", "ceil_mode": True}, "ceil_mode is True with padding 'same'"),
        ({"strides": 0}, "strides is 0; expected one positive int or 2"),
        ({"strides": (1, 1, 1)}, "strides is .1, 1, 1.; expected one positive int or 2"),
        ({"spatial": (0, 3)}, "spatial extent of 0"),
    ],
)
def test_refused(arguments: dict[str, object], words: str) -> None:
    defaults = {"spatial": (9, 8), "size": 3, "strides": 1, "padding": "valid", "dilation_rate": 1}
    with pytest.raises(ValueError, match=words):
        make_axes("op", **{**defaults, **arguments})  # type: ignore[arg-type]


def test_data_format_is_checked() -> None:
    with pytest.raises(ValueError, match="data_format is 'NHWC'"):
        reference.im2col(np.ones((1, 3, 1)), 2, data_format="NHWC")
