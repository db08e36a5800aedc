"""What convolution refuses, in whole sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops

X = np.zeros((2, 7, 8, 6), np.float32)


KERNEL = np.zeros((3, 3, 6, 4), np.float32)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": [1.0]}, TypeError, "x is a list; expected a numpy.ndarray"),
        ({"x": X.astype(np.int64)}, TypeError, "x has dtype int64; expected float32 or float64"),
        (
            {"kernel": KERNEL.astype(np.float64)},
            TypeError,
            "kernel has dtype float64 but x has dtype float32",
        ),
        ({"bias": np.zeros(4)}, TypeError, "bias has dtype float64 but x has dtype float32"),
        ({"bias": np.zeros(3, np.float32)}, ValueError, "bias has shape (3,); expected (4,)"),
        ({"x": X[0]}, ValueError, "x has 3 axes; expected 4 as kernel has shape (3, 3, 6, 4)"),
        ({"kernel": KERNEL[0, 0]}, ValueError, "kernel has shape (6, 4); expected (*kernel_size, "),
        (
            {"kernel": KERNEL[:, :, :5]},
            ValueError,
            "kernel has 5 input channels per group but x has 6 channels in 1 group (6",
        ),
        (
            {"groups": 2},
            ValueError,
            "kernel has 6 input channels per group but x has 6 channels in 2 groups (3",
        ),
        ({"groups": 4}, ValueError, "groups is 4; expected a divisor of x's 6 channels"),
        (
            {"groups": 3, "kernel": KERNEL[:, :, :2]},
            ValueError,
            "groups is 3; expected a divisor of kernel's 4 output channels",
        ),
        ({"groups": 0}, ValueError, "groups is 0; expected at least 1"),
        ({"groups": True}, TypeError, "groups is True; expected an int of at least 1"),
        ({"groups": 1.0}, TypeError, "groups is 1.0; expected an int of at least 1"),
        (
            {"x": X[..., :0], "kernel": KERNEL[:, :, :0]},
            ValueError,
            "x has 0 channels; expected at least 1",
        ),
        ({"kernel": KERNEL[..., :0]}, ValueError, "kernel has 0 output channels; expected at least 1"),
        ({"kernel": KERNEL[:0]}, ValueError, "kernel_size is (0, 3); expected values of at least 1"),
        ({"x": X[:, :0]}, ValueError, "spatial input shape is (0, 8); expected values of at least 1"),
        ({"strides": 0}, ValueError, "strides is 0; expected ints of at least 1"),
        ({"strides": (1, -1)}, ValueError, "strides is (1, -1); expected ints of at least 1"),
        (
            {"strides": (1, 2, 3)},
            ValueError,
            "strides is (1, 2, 3); expected an int or a tuple of 2 ints",
        ),
        ({"strides": 1.0}, TypeError, "strides is 1.0; expected an int or a tuple of 2 ints"),
        ({"strides": True}, TypeError, "strides is True; expected an int or a tuple of 2 ints"),
        ({"dilation_rate": 0}, ValueError, "dilation_rate is 0; expected ints of at least 1"),
        (
            {"dilation_rate": 4},
            ValueError,
            "the effective kernel size (kernel - 1) * dilation + 1 is 9 along spatial axis 0",
        ),
        ({"dilation_rate": 2**62}, ValueError, "extents 2 * 4611686018427387904 pass 2**63"),
        ({"padding": -1}, ValueError, "padding is -1; expected ints of at least 0"),
        ({"padding": ((1, -1), (0, 0))}, ValueError, "padding is (1, -1); expected ints of at least 0"),
        (
            {"padding": "full"},
            ValueError,
            "padding is 'full'; expected 'valid', 'same', 'causal' (1-D), an int",
        ),
        ({"padding": "causal"}, ValueError, "padding is 'causal'; expected"),
        (
            {"padding": (1, 2, 3)},
            ValueError,
            "padding is (1, 2, 3); expected an int or a tuple of 2 ints",
        ),
        ({"padding": 2**62}, ValueError, "extents"),
        ({"padding": 2**60, "dilation_rate": 2**60}, ValueError, "extents"),
        (
            {"data_format": "NCHW"},
            ValueError,
            "data_format is 'NCHW'; expected 'channels_last' or 'channels_first'",
        ),
        (
            {"activation": "gelu"},
            ValueError,
            "activation is 'gelu'; expected None, 'linear', 'relu', 'relu6', 'tanh' or 'sigmoid'",
        ),
        (
            {"algorithm": "fast"},
            ValueError,
            "algorithm is 'fast'; expected one of ('direct', 'im2col', 'depthwise', 'winograd', 'fft') or"
            " None",
        ),
        (
            {"algorithm": "depthwise"},
            ValueError,
            "algorithm is 'depthwise' but groups is 1; expected as many groups",
        ),
    ],
)
def test_refusals(change: dict[str, Any], error: type[Exception], words: str) -> None:
    arguments = {"x": X, "kernel": KERNEL, **change}
    with pytest.raises(error) as raised:
        ops.conv(arguments.pop("x"), arguments.pop("kernel"), **arguments)
    assert str(raised.value).startswith(f"conv: {words}")


@pytest.mark.parametrize("groups", [1, 8])
def test_rows_that_no_scratch_holds_are_refused(groups: int) -> None:
    """Taps so far apart, over so much padding, that outputs are few and what lies between is not."""
    x, far = np.ones((1, 4, 4, 8), np.float32), {"dilation_rate": 2**60, "padding": 2**60, "groups": groups}
    with pytest.raises(ValueError, match=r"conv: extents .* pass 2\*\*63"):
        ops.conv(x, np.ones((3, 3, 8 // groups, 8), np.float32), **far)
    with pytest.raises(ValueError, match=r"conv_transpose: extents .* pass 2\*\*63"):
        ops.conv_transpose(x, np.ones((3, 3, 8 // groups, 8), np.float32), **far)
