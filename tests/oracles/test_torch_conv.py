"""conv and conv_backward against torch and its autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support import assert_close, bound

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)

# (spatial, kernel (*k, Cin/groups, Cout), arguments, pads as numbers: what the padding must come to)
CASES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any], list[tuple[int, int]]]] = [
    ((17,), (3, 4, 5), {}, [(0, 0)]),
    ((17,), (3, 4, 6), {"padding": "same", "strides": 2, "groups": 2}, [(1, 1)]),
    ((16,), (3, 4, 6), {"padding": "same", "strides": 2}, [(0, 1)]),
    ((17,), (4, 3, 5), {"padding": "causal", "dilation_rate": 2}, [(6, 0)]),
    ((17,), (5, 3, 5), {"padding": ((4, 1),), "strides": 3}, [(4, 1)]),
    ((1,), (1, 3, 5), {}, [(0, 0)]),
    ((11, 13), (3, 3, 4, 8), {"padding": "same"}, [(1, 1), (1, 1)]),
    ((11, 13), (3, 3, 4, 8), {"padding": 1, "strides": 2}, [(1, 1), (1, 1)]),
    ((12, 13), (3, 2, 4, 8), {"padding": "same", "strides": (2, 3)}, [(0, 1), (0, 1)]),
    ((11, 13), (3, 2, 4, 8), {"padding": ((1, 0), (2, 3)), "dilation_rate": (2, 1)}, [(1, 0), (2, 3)]),
    ((11, 13), (3, 3, 1, 6), {"padding": "same", "groups": 6}, [(1, 1), (1, 1)]),
    ((11, 13), (3, 3, 1, 6), {"padding": (0, 1), "groups": 3, "strides": (1, 2)}, [(0, 0), (1, 1)]),
    ((11, 13), (2, 2, 3, 9), {"groups": 3, "dilation_rate": 3}, [(0, 0), (0, 0)]),
    ((9, 10), (1, 1, 7, 5), {}, [(0, 0), (0, 0)]),
    ((9, 10), (1, 1, 7, 5), {"strides": 2}, [(0, 0), (0, 0)]),
    (
        (5, 6, 7),
        (2, 3, 3, 4, 6),
        {"padding": "same", "strides": (1, 2, 1), "groups": 2},
        [(0, 1), (0, 1), (1, 1)],
    ),
    (
        (5, 6, 7),
        (3, 2, 1, 2, 3),
        {"padding": ((0, 2), (1, 1), (2, 0)), "dilation_rate": (1, 2, 3)},
        [(0, 2), (1, 1), (2, 0)],
    ),
]
ACTIVATIONS = {
    None: lambda y: y,
    "relu": torch.relu,
    "relu6": torch.nn.functional.relu6,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


def _torch_conv(
    x: Any, kernel: Any, bias: Any, arguments: dict[str, Any], pads: list[tuple[int, int]]
) -> Any:
    """Channels-first tensors in and out; `F.pad` takes the last axis first."""
    flat = [amount for pair in reversed(pads) for amount in pair]
    functions = [torch.nn.functional.conv1d, torch.nn.functional.conv2d, torch.nn.functional.conv3d]
    return functions[len(pads) - 1](
        torch.nn.functional.pad(x, flat),
        kernel.permute(-1, -2, *range(len(pads))),
        bias,
        stride=arguments.get("strides", 1),
        dilation=arguments.get("dilation_rate", 1),
        groups=arguments.get("groups", 1),
    )


@pytest.mark.parametrize("spatial, kernel_shape, arguments, pads", CASES)
@pytest.mark.parametrize(
    "data_format, activation",
    [
        ("channels_last", None),
        ("channels_first", None),
        ("channels_last", "relu"),
        ("channels_first", "tanh"),
        ("channels_last", "sigmoid"),
    ],
)
def test_conv(
    spatial: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    arguments: dict[str, Any],
    pads: list[tuple[int, int]],
    data_format: str,
    activation: str | None,
    ops: Any,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    channels, out = kernel_shape[-2] * arguments.get("groups", 1), kernel_shape[-1]
    x, kernel, bias = (
        rng.standard_normal(s).astype(dtype) for s in [(3, channels, *spatial), kernel_shape, (out,)]
    )
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, kernel, bias)]
    expected = ACTIVATIONS[activation](_torch_conv(*tensors, arguments, pads))
    dy = rng.standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.tensor(dy))

    def move(a: Any) -> Any:
        """From torch's layout to that of `data_format`."""
        return np.ascontiguousarray(np.moveaxis(a, 1, -1)) if data_format == "channels_last" else a

    arguments = {**arguments, "data_format": data_format, "activation": activation}
    y = ops.conv(move(x), kernel, bias, **arguments)
    dx, dkernel, dbias = ops.conv_backward(move(dy), move(x), kernel, y=y, **arguments)

    taps, positions = int(np.prod(kernel_shape[:-2])), 3 * int(np.prod(expected.shape[2:]))
    assert_close(y, move(expected.detach().numpy()), bound(dtype, taps * kernel_shape[-2], x, kernel), "y")
    assert_close(dx, move(tensors[0].grad.numpy()), bound(dtype, taps * out, dy, kernel), "dx")
    assert_close(dkernel, tensors[1].grad.numpy(), bound(dtype, positions, dy, x), "dkernel")
    assert_close(dbias, tensors[2].grad.numpy(), bound(dtype, positions, dy), "dbias")


@pytest.mark.parametrize("strides, dilation, padding", [(1, 1, 0), ((2, 1), 1, (1, 2)), (1, (2, 3), 1)])
def test_im2col_is_unfold(
    strides: Any, dilation: Any, padding: Any, ops: Any, dtype: Any, rng: np.random.Generator
) -> None:
    """torch's unfold has its rows in (channel, tap) order; its fold is col2im."""
    x = rng.standard_normal((2, 3, 8, 9)).astype(dtype)
    named = {"dilation": dilation, "padding": padding, "stride": strides}
    expected = torch.nn.functional.unfold(torch.tensor(x), (2, 3), **named).numpy()  # (N, C * taps, P)
    arguments = {
        "strides": strides,
        "dilation_rate": dilation,
        "padding": padding,
        "data_format": "channels_first",
    }
    columns = ops.im2col(x, (2, 3), **arguments)  # (N, taps * C, *out)
    by_channel = columns.reshape(2, 6, 3, -1).swapaxes(1, 2).reshape(2, 18, -1)
    np.testing.assert_array_equal(by_channel, expected)

    c = rng.standard_normal(columns.shape).astype(dtype)
    folded = torch.nn.functional.fold(
        torch.tensor(c.reshape(2, 6, 3, -1).swapaxes(1, 2).reshape(2, 18, -1)), (8, 9), (2, 3), **named
    )
    assert_close(ops.col2im(c, x.shape, (2, 3), **arguments), folded.numpy(), bound(dtype, 6, c))
