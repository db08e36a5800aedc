"""conv_transpose and its backward against torch and its autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support import assert_close, bound

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)

# (spatial, kernel (*k, Cout/groups, Cin), arguments in torch's terms)
CASES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((9,), (3, 5, 4), {}),
    ((9,), (4, 5, 4), {"strides": 3, "padding": 2, "output_padding": 1}),
    ((9,), (3, 2, 6), {"strides": 2, "dilation_rate": 3, "output_padding": 2, "groups": 2}),
    ((5, 6), (2, 2, 8, 16), {"strides": 2}),
    ((5, 6), (4, 4, 8, 16), {"strides": 2, "padding": 1}),
    ((5, 6), (3, 3, 8, 16), {"strides": (2, 1), "padding": (1, 2), "output_padding": (1, 0)}),
    ((5, 6), (3, 3, 1, 6), {"groups": 6, "padding": 1}),
    ((5, 6), (1, 1, 3, 5), {"strides": 3, "output_padding": 2}),
    ((3, 4, 5), (2, 3, 2, 3, 4), {"strides": (1, 2, 2), "padding": (0, 1, 1), "groups": 2}),
]


@pytest.mark.parametrize("spatial, kernel_shape, arguments", CASES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_conv_transpose(
    spatial: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    arguments: dict[str, Any],
    data_format: str,
    ops: Any,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    rank, groups = len(spatial), arguments.get("groups", 1)
    out, channels = kernel_shape[-2] * groups, kernel_shape[-1]
    x, kernel, bias = (
        rng.standard_normal(s).astype(dtype) for s in [(3, channels, *spatial), kernel_shape, (out,)]
    )
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, kernel, bias)]
    function = getattr(torch.nn.functional, f"conv_transpose{rank}d")
    expected = function(
        tensors[0],
        tensors[1].permute(-1, -2, *range(rank)),
        tensors[2],
        arguments.get("strides", 1),
        arguments.get("padding", 0),
        arguments.get("output_padding", 0),
        groups,
        arguments.get("dilation_rate", 1),
    )
    dy = rng.standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.tensor(dy))

    def move(a: Any) -> Any:
        """From torch's layout to that of `data_format`."""
        return np.ascontiguousarray(np.moveaxis(a, 1, -1)) if data_format == "channels_last" else a

    arguments = {"output_padding": 0, **arguments, "data_format": data_format}
    y = ops.conv_transpose(move(x), kernel, bias, **arguments)
    dx, dkernel, dbias = ops.conv_transpose_backward(move(dy), move(x), kernel, **arguments)
    taps, positions = int(np.prod(kernel_shape[:-2])), 3 * int(np.prod(spatial))
    assert_close(y, move(expected.detach().numpy()), bound(dtype, taps * channels, x, kernel), "y")
    assert_close(dx, move(tensors[0].grad.numpy()), bound(dtype, taps * out, dy, kernel), "dx")
    assert_close(dkernel, tensors[1].grad.numpy(), bound(dtype, positions, dy, x), "dkernel")
    assert_close(dbias, tensors[2].grad.numpy(), bound(dtype, 3 * dy[0, 0].size, dy), "dbias")
