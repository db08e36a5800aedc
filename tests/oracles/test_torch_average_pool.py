"""Average pools against torch and its autograd; torch has neither dilation nor uneven pads."""

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
@pytest.mark.parametrize("include", [False, True])
@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize(
    ("spatial", "size", "strides", "pad"),
    [
        ((17,), (2,), (2,), (0,)),
        ((17,), (4,), (3,), (2,)),
        ((11, 40), (3, 3), (2, 2), (1, 1)),
        ((11, 40), (2, 5), (1, 4), (1, 2)),
        ((5, 6, 7), (2, 3, 2), (2, 1, 3), (0, 1, 1)),
    ],
)
def test_average_pool(
    spatial: Any,
    size: Any,
    strides: Any,
    pad: Any,
    ceil: bool,
    include: bool,
    data_format: str,
    ops: Any,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    x = rng.standard_normal((2, 5, *spatial)).astype(dtype)
    tensor = torch.tensor(x, requires_grad=True)
    function = getattr(torch.nn.functional, f"avg_pool{len(spatial)}d")
    expected = function(tensor, size, strides, pad, ceil, include)
    dy = rng.standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.tensor(dy))
    options = {"data_format": data_format, "ceil_mode": ceil, "count_include_pad": include}
    y = ops.average_pool(turned(x, data_format), size, strides, pad, **options)
    allowed = bound(dtype, int(np.prod(size)), x)
    assert_close(y, turned(expected.detach().numpy(), data_format), allowed, "y")
    shape = turned(x, data_format).shape
    dx = ops.average_pool_backward(turned(dy, data_format), shape, size, strides, pad, **options)
    assert_close(dx, turned(tensor.grad.numpy(), data_format), bound(dtype, int(np.prod(size)), dy), "dx")


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("spatial, parts", PARTS)
def test_adaptive_average_pool(
    spatial: Any, parts: Any, data_format: str, ops: Any, dtype: Any, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((2, 5, *spatial)).astype(dtype)
    tensor = torch.tensor(x, requires_grad=True)
    expected = getattr(torch.nn.functional, f"adaptive_avg_pool{len(spatial)}d")(tensor, parts)
    dy = rng.standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.tensor(dy))
    y = ops.adaptive_average_pool(turned(x, data_format), parts, data_format=data_format)
    allowed = bound(dtype, int(np.prod(spatial)), x)
    assert_close(y, turned(expected.detach().numpy(), data_format), allowed, "y")
    shape = turned(x, data_format).shape
    dx = ops.adaptive_average_pool_backward(turned(dy, data_format), shape, data_format=data_format)
    assert_close(dx, turned(tensor.grad.numpy(), data_format), bound(dtype, int(np.prod(spatial)), dy), "dx")
