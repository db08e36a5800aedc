"""Adaptive max and Lp pools and unpooling against torch and its autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from average_pool_cases import FORMATS, PARTS
from support import assert_close, bound

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)


def turned(array: Any, data_format: str) -> Any:
    """From torch's layout to that of `data_format`."""
    return np.ascontiguousarray(np.moveaxis(array, 1, -1)) if data_format == "channels_last" else array


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("spatial, parts", PARTS)
def test_adaptive_max_pool(
    spatial: Any, parts: Any, data_format: str, ops: Any, dtype: Any, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((2, 5, *spatial)).astype(dtype)
    tensor = torch.tensor(x, requires_grad=True)
    function = getattr(torch.nn.functional, f"adaptive_max_pool{len(spatial)}d")
    expected, positions = function(tensor, parts, return_indices=True)
    dy = rng.standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.tensor(dy))
    form = {"data_format": data_format}
    y, indices = ops.adaptive_max_pool(turned(x, data_format), parts, return_indices=True, **form)
    np.testing.assert_array_equal(y, turned(expected.detach().numpy(), data_format))
    np.testing.assert_array_equal(indices, turned(positions.numpy(), data_format))
    shape = turned(x, data_format).shape
    dx = ops.adaptive_max_pool_backward(turned(dy, data_format), indices, shape, **form)
    assert_close(dx, turned(tensor.grad.numpy(), data_format), bound(dtype, 8, dy), "dx")


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("p", [1, 2, 3, 2.5])
@pytest.mark.parametrize(("spatial", "size", "stride"), [((17,), 3, 2), ((9, 14), (2, 3), (2, 1))])
def test_lp_pool(
    p: float,
    spatial: Any,
    size: Any,
    stride: Any,
    data_format: str,
    ops: Any,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    x = rng.uniform(0.1, 1, (2, 5, *spatial)).astype(dtype)  # torch takes no magnitudes
    tensor = torch.tensor(x, requires_grad=True)
    expected = getattr(torch.nn.functional, f"lp_pool{len(spatial)}d")(tensor, p, size, stride)
    dy = rng.standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.tensor(dy))
    options = {"data_format": data_format, "p": p}
    y = ops.lp_pool(turned(x, data_format), size, stride, **options)
    assert_close(y, turned(expected.detach().numpy(), data_format), bound(dtype, 64, y), "y")
    dx = ops.lp_pool_backward(turned(dy, data_format), turned(x, data_format), y, size, stride, **options)
    assert_close(dx, turned(tensor.grad.numpy(), data_format), bound(dtype, 64, dy, dx), "dx")


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("spatial", [(12,), (8, 6), (4, 6, 8)])
def test_max_unpool(spatial: Any, data_format: str, ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    rank = len(spatial)
    x = rng.standard_normal((2, 5, *spatial)).astype(dtype)
    pool = getattr(torch.nn.functional, f"max_pool{rank}d")
    pooled, positions = pool(torch.tensor(x), 2, return_indices=True)
    pooled = pooled.detach().requires_grad_(True)
    expected = getattr(torch.nn.functional, f"max_unpool{rank}d")(pooled, positions, 2)
    dy = rng.standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.tensor(dy))
    values, indices = turned(pooled.detach().numpy(), data_format), turned(positions.numpy(), data_format)
    shape = turned(x, data_format).shape
    y = ops.max_unpool(values, indices, shape, data_format=data_format)
    np.testing.assert_array_equal(y, turned(expected.detach().numpy(), data_format))
    dx = ops.max_unpool_backward(turned(dy, data_format), indices, data_format=data_format)
    np.testing.assert_array_equal(dx, turned(pooled.grad.numpy(), data_format))
