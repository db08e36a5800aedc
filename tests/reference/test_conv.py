"""conv's gradients against finite differences, and what its options mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from support import check_gradients, integers

# (spatial, kernel (*k, Cin/groups, Cout), arguments): each option on its own, then together
CASES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((9,), (3, 2, 4), {}),
    ((9,), (3, 2, 4), {"padding": "same", "strides": 2}),
    ((9,), (3, 2, 4), {"padding": "causal", "dilation_rate": 2}),
    ((9,), (4, 1, 4), {"padding": ((2, 0),), "groups": 2}),
    ((6, 7), (3, 3, 2, 3), {"padding": "valid"}),
    ((6, 7), (3, 2, 2, 3), {"padding": "same", "strides": (2, 3)}),
    ((6, 7), (3, 2, 2, 3), {"padding": 1, "dilation_rate": (1, 2)}),
    ((6, 7), (3, 2, 2, 6), {"padding": ((1, 0), (2, 3)), "groups": 3, "strides": (1, 2)}),
    ((6, 7), (3, 3, 1, 8), {"padding": "same", "groups": 4}),  # depthwise, two outputs for each input
    ((6, 7), (1, 1, 3, 4), {}),
    ((4, 5, 6), (2, 3, 2, 2, 3), {"padding": (0, 1, 1), "strides": (1, 2, 1)}),
    ((4, 5, 6), (2, 3, 2, 1, 4), {"padding": "same", "dilation_rate": (2, 1, 2), "groups": 2}),
]


def _operands(
    rng: np.random.Generator,
    spatial: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    arguments: dict[str, Any],
) -> dict[str, Any]:
    channels = kernel_shape[-2] * arguments.get("groups", 1)
    first = arguments.get("data_format") == "channels_first"
    return {
        "x": rng.standard_normal((2, channels, *spatial) if first else (2, *spatial, channels)),
        "kernel": rng.standard_normal(kernel_shape),
        "bias": rng.standard_normal(kernel_shape[-1]),
    }


@pytest.mark.parametrize("spatial, kernel_shape, arguments", CASES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("activation", [None, "relu", "relu6", "tanh", "sigmoid"])
def test_gradients(
    spatial: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    arguments: dict[str, Any],
    data_format: str,
    activation: str | None,
    rng: np.random.Generator,
) -> None:
    arguments = {**arguments, "data_format": data_format, "activation": activation}
    operands = _operands(rng, spatial, kernel_shape, arguments)
    y = reference.conv(**operands, **arguments)
    dy = rng.standard_normal(y.shape)

    def loss(**operands: Any) -> float:
        return float(np.sum(dy * reference.conv(**operands, **arguments)))

    dx, dkernel, dbias = reference.conv_backward(dy, operands["x"], operands["kernel"], y=y, **arguments)
    check_gradients(loss, operands, {"x": dx, "kernel": dkernel, "bias": dbias}, rng)


@pytest.mark.parametrize("spatial, kernel_shape, arguments", CASES)
def test_formats_agree(
    spatial: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    arguments: dict[str, Any],
    rng: np.random.Generator,
) -> None:
    operands = _operands(rng, spatial, kernel_shape, arguments)
    last = reference.conv(**operands, **arguments)
    operands["x"] = np.moveaxis(operands["x"], -1, 1)
    first = reference.conv(**operands, **arguments, data_format="channels_first")
    np.testing.assert_array_equal(np.moveaxis(first, 1, -1), last)


@pytest.mark.parametrize("spatial, kernel_shape, arguments", CASES)
def test_columns_times_kernel(
    spatial: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    arguments: dict[str, Any],
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    """With one group, conv is im2col and one product with kernel.reshape(K, Cout); exact on whole numbers."""
    groups = arguments.get("groups", 1)
    window = {key: value for key, value in arguments.items() if key != "groups"}
    *size, per_group, out = kernel_shape
    x = integers(rng, (2, *spatial, per_group * groups), dtype)
    kernel = integers(rng, kernel_shape, dtype)
    y = reference.conv(x, kernel, **arguments)
    for g in range(groups):
        part = slice(g * out // groups, (g + 1) * out // groups)
        columns = reference.im2col(x[..., g * per_group : (g + 1) * per_group], size, **window)
        np.testing.assert_array_equal(y[..., part], columns @ kernel[..., part].reshape(-1, out // groups))


def test_what_is_not_needed_is_none(rng: np.random.Generator) -> None:
    x, kernel, dy = (
        rng.standard_normal((2, 5, 3)),
        rng.standard_normal((2, 3, 4)),
        rng.standard_normal((2, 4, 4)),
    )
    full = reference.conv_backward(dy, x, kernel)
    for skipped in ("dx", "dkernel", "dbias"):
        some = reference.conv_backward(dy, x, kernel, **{f"need_{skipped}": False})
        assert getattr(some, skipped) is None
        for field in {"dx", "dkernel", "dbias"} - {skipped}:
            np.testing.assert_array_equal(getattr(some, field), getattr(full, field))


def test_batch_zero(dtype: Any) -> None:
    x, kernel = np.ones((0, 5, 6, 2), dtype), np.ones((3, 3, 2, 4), dtype)
    y = reference.conv(x, kernel, np.ones(4, dtype))
    assert y.shape == (0, 3, 4, 4) and y.dtype == dtype
    dx, dkernel, dbias = reference.conv_backward(y, x, kernel)
    assert dx is not None and dx.shape == x.shape
    np.testing.assert_array_equal(dkernel, np.zeros_like(kernel))
    np.testing.assert_array_equal(dbias, np.zeros(4, dtype))


def test_nan_and_infinity_reach_the_output() -> None:
    x = np.zeros((1, 5, 1))
    x[0, 2] = np.nan
    for activation in (None, "relu", "relu6", "tanh", "sigmoid"):
        y = reference.conv(x, np.ones((2, 1, 1)), activation=activation)
        np.testing.assert_array_equal(np.isnan(y).ravel(), [False, True, True, False])
    x[0, 2] = np.inf
    y = reference.conv(x, np.ones((2, 1, 1)), activation="sigmoid")
    np.testing.assert_array_equal(y.ravel(), [0.5, 1, 1, 0.5])


@pytest.mark.parametrize(
    "x, kernel, arguments, words",
    [
        ((1, 5, 6), (3, 2, 4), {"groups": 2}, "kernel is .3, 2, 4. with 2 groups"),
        ((1, 5, 4), (3, 2, 5), {"groups": 2}, "kernel is .3, 2, 5. with 2 groups"),
        ((1, 5, 0), (3, 0, 5), {}, "kernel is .3, 0, 5. with 1 groups"),
        ((1, 5, 5, 4), (3, 2, 5), {}, "x has 4 axes; expected 3"),
        ((1, 5, 2), (3, 2, 5), {"activation": "gelu"}, "activation is 'gelu'"),
    ],
)
def test_refused(x: tuple[int, ...], kernel: tuple[int, ...], arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        reference.conv(np.ones(x), np.ones(kernel), **arguments)


def test_activation_needs_y() -> None:
    with pytest.raises(ValueError, match="y is None with activation 'relu'"):
        reference.conv_backward(np.ones((1, 3, 1)), np.ones((1, 4, 1)), np.ones((2, 1, 1)), activation="relu")
