"""conv_transpose's gradients against finite differences, its extents, and that it is conv's adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conv_transpose_cases import CASES, Case, name_of
from foldgate import reference
from support import check_gradients

FORMATS = ["channels_last", "channels_first"]


@pytest.mark.parametrize("case", CASES, ids=name_of)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("activation", [None, "relu", "relu6", "tanh", "sigmoid"])
def test_gradients(case: Case, data_format: str, activation: str | None, rng: np.random.Generator) -> None:
    arguments = {**case.options, "data_format": data_format, "activation": activation}
    operands = {
        "x": rng.standard_normal(case.x_shape(data_format)),
        "kernel": rng.standard_normal(case.kernel_shape),
        "bias": rng.standard_normal(case.out),
    }
    y = reference.conv_transpose(**operands, **arguments)
    before = reference.conv_transpose(**operands, **{**arguments, "activation": None})
    at_a_kink = np.minimum(np.abs(before), np.abs(before - 6)) < 1e-3  # a difference there takes both slopes
    dy = np.where(at_a_kink, 0, rng.standard_normal(y.shape))

    def loss(**operands: Any) -> float:
        return float(np.sum(dy * reference.conv_transpose(**operands, **arguments)))

    gradients = reference.conv_transpose_backward(dy, operands["x"], operands["kernel"], y=y, **arguments)
    check_gradients(loss, operands, dict(zip(operands, gradients, strict=True)), rng)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("padding", ["valid", "same", ((2, 1), (0, 3))])
def test_it_is_the_adjoint_of_conv(padding: Any, data_format: str, rng: np.random.Generator) -> None:
    """<conv(z), x> = <z, conv_transpose(x)> for z of the transposed convolution's output shape."""
    arguments = {"strides": 2, "padding": padding, "data_format": data_format}
    case = Case((5, 4), 6, 3, (3, 4))
    x, kernel = rng.standard_normal(case.x_shape(data_format)), rng.standard_normal(case.kernel_shape)
    y = reference.conv_transpose(x, kernel, **arguments)
    z = rng.standard_normal(y.shape)
    assert np.vdot(reference.conv(z, kernel, **arguments), x) == pytest.approx(np.vdot(z, y), rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "extent"),
    [  # five positions, a kernel of four: Keras' lengths
        ({"strides": 2}, 12),
        ({"strides": 6}, 30),
        ({"strides": 2, "output_padding": 1}, 13),
        ({"strides": 2, "padding": "same"}, 10),
        ({"strides": 6, "padding": "same"}, 30),
        ({"strides": 2, "padding": "same", "output_padding": 0}, 8),
        ({"strides": 2, "padding": "same", "output_padding": 1}, 9),
        ({"strides": 2, "padding": "same", "dilation_rate": 2}, 10),
        ({"strides": 2, "padding": 1}, 10),
        ({"strides": 2, "padding": ((1, 2),), "output_padding": 1}, 10),
    ],
)
def test_extents(arguments: dict[str, Any], extent: int) -> None:
    y = reference.conv_transpose(np.ones((1, 5, 1)), np.ones((4, 1, 1)), **arguments)
    assert y.shape == (1, extent, 1)


def test_same_cuts_the_odd_position_after() -> None:
    kernel = np.arange(1.0, 5).reshape(4, 1, 1)
    y = reference.conv_transpose(np.ones((1, 1, 1)), kernel, padding="same")
    np.testing.assert_array_equal(y.ravel(), [2.0])  # of 1 2 3 4, three cut: one before, two after


@pytest.mark.parametrize(
    ("x", "kernel", "arguments", "words"),
    [
        ((1, 5, 4), (3, 2, 6), {}, "kernel is .3, 2, 6. with 1 groups"),
        ((1, 5, 4), (3, 2, 4), {"groups": 3}, "kernel is .3, 2, 4. with 3 groups"),
        ((1, 5, 5, 4), (3, 2, 4), {}, "x has 4 axes; expected 3"),
        ((1, 1, 4), (3, 2, 4), {"padding": 2}, "the output has -1 positions"),
        ((1, 5, 4), (3, 2, 4), {"output_padding": 1}, "output_padding is 1; expected less than 1"),
        ((1, 5, 4), (3, 2, 4), {"padding": "causal"}, "padding is 'causal'"),
    ],
)
def test_refused(x: tuple[int, ...], kernel: tuple[int, ...], arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        reference.conv_transpose(np.ones(x), np.ones(kernel), **arguments)


def test_activation_needs_y() -> None:
    x, kernel = np.ones((1, 3, 1)), np.ones((2, 1, 1))
    with pytest.raises(ValueError, match="y is None with activation 'relu'"):
        reference.conv_transpose_backward(np.ones((1, 4, 1)), x, kernel, activation="relu")
