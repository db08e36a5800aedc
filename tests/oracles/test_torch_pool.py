"""max_pool, its indices and its backward against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support import assert_close, bound

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)

CASES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((17,), {"pool_size": 2}),
    ((17,), {"pool_size": 3, "strides": 2, "padding": 1}),
    ((17,), {"pool_size": 3, "strides": 2, "padding": 1, "ceil_mode": True}),
    ((16,), {"pool_size": 3, "strides": 3, "padding": 1, "dilation_rate": 2, "ceil_mode": True}),
    ((12, 13), {"pool_size": 2}),
    ((12, 13), {"pool_size": 3, "strides": 2, "padding": 1}),
    ((12, 13), {"pool_size": 3, "strides": 1, "padding": 1}),
    ((12, 13), {"pool_size": 3, "strides": 2, "ceil_mode": True}),
    ((12, 13), {"pool_size": (2, 3), "strides": (3, 2), "padding": (1, 0), "ceil_mode": True}),
    ((12, 13), {"pool_size": (3, 2), "strides": (1, 2), "padding": (1, 1), "dilation_rate": (2, 3)}),
    ((2, 9), {"pool_size": 3, "strides": 2, "ceil_mode": True}),
    ((6, 7, 8), {"pool_size": 2}),
    ((6, 7, 8), {"pool_size": (2, 3, 2), "strides": (1, 2, 3), "padding": (0, 1, 1), "ceil_mode": True}),
    ((6, 7, 8), {"pool_size": 2, "strides": 2, "padding": 1, "dilation_rate": (1, 2, 1)}),
]


def _torch_pool(x: Any, arguments: dict[str, Any]) -> Any:
    functions = [
        torch.nn.functional.max_pool1d,
        torch.nn.functional.max_pool2d,
        torch.nn.functional.max_pool3d,
    ]
    return functions[x.ndim - 3](
        x,
        arguments["pool_size"],
        arguments.get("strides"),
        arguments.get("padding", 0),
        arguments.get("dilation_rate", 1),
        ceil_mode=arguments.get("ceil_mode", False),
        return_indices=True,
    )


@pytest.mark.parametrize("spatial, arguments", CASES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("values, channels", [("ties", 19), ("normal", 1)])
def test_max_pool(
    spatial: tuple[int, ...],
    arguments: dict[str, Any],
    data_format: str,
    values: str,
    channels: int,
    ops: Any,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    shape = (3, channels, *spatial)
    x = (rng.integers(-1, 2, shape) if values == "ties" else rng.standard_normal(shape)).astype(dtype)
    tensor = torch.tensor(x, requires_grad=True)
    expected, expected_indices = _torch_pool(tensor, arguments)
    dy = rng.standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.tensor(dy))

    def move(a: Any) -> Any:
        """From torch's layout to that of `data_format`."""
        return np.ascontiguousarray(np.moveaxis(a, 1, -1)) if data_format == "channels_last" else a

    arguments = {"strides": None, "padding": "valid", **arguments, "data_format": data_format}
    y, indices = ops.max_pool(move(x), **arguments, return_indices=True)
    np.testing.assert_array_equal(y, move(expected.detach().numpy()))
    np.testing.assert_array_equal(indices, move(expected_indices.numpy()))
    assert y.dtype == dtype and indices.dtype == np.int64
    np.testing.assert_array_equal(ops.max_pool(move(x), **arguments), y)

    _, taps = ops.max_pool(move(x), **arguments, return_indices="taps")
    allowed = bound(dtype, 27, dy)
    for winners in (indices, taps):
        dx = ops.max_pool_backward(move(dy), winners, move(x).shape, **arguments)
        assert_close(dx, move(tensor.grad.numpy()), allowed, f"dx from {winners.dtype}")


def test_nan_and_infinity(ops: Any, dtype: Any) -> None:
    """Values only: of several NaN torch takes the last, foldgate the first."""
    x = np.zeros((1, 1, 6, 40), dtype)
    x[0, 0, 1, 1::7], x[0, 0, 3, 2::5], x[0, 0, 4:, :] = np.nan, np.inf, -np.inf
    expected = _torch_pool(torch.tensor(x), {"pool_size": 2})[0].numpy()
    np.testing.assert_array_equal(ops.max_pool(x, 2, data_format="channels_first"), expected)
    last = np.moveaxis(x, 1, -1)
    np.testing.assert_array_equal(ops.max_pool(last, 2), np.moveaxis(expected, 1, -1))
