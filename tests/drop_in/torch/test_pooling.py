"""Accelerated pools against torch's, in both layouts."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch_modules import at_any_size, by_foldgate, compare  # noqa: E402

import foldgate.torch  # noqa: E402

FORMATS = {2: torch.channels_last, 3: torch.channels_last_3d}
POOLS = (
    ("MaxPool", (2,), {}),
    ("MaxPool", (3, 2, 1), {"return_indices": True}),
    ("MaxPool", (3, 2, 1), {"ceil_mode": True}),
    ("MaxPool", (2, 1, 0, 2), {}),
    ("AvgPool", (2,), {}),
    ("AvgPool", (3, 2, 1), {}),
    ("AvgPool", (3, 2, 1), {"ceil_mode": True, "count_include_pad": False}),
    ("AvgPool", (3, 2, 1), {"ceil_mode": True}),
    ("AdaptiveAvgPool", (1,), {}),
    ("AdaptiveAvgPool", (3,), {}),
    ("AdaptiveMaxPool", (3,), {}),
    ("AdaptiveMaxPool", (2,), {"return_indices": True}),
)


@pytest.mark.parametrize("rank", (1, 2, 3))
@pytest.mark.parametrize(("name", "arguments", "options"), POOLS, ids=str)
def test_pools_are_torchs(rank, name, arguments, options):
    module = getattr(nn, f"{name}{rank}d")(*arguments, **options)
    x = torch.randn((2, 4, 9, 8, 7)[: rank + 2], dtype=torch.float64)
    compare(module, x)
    compare(module, x[0])
    compare(module, x.float(), tolerance=1e-6)
    if rank in FORMATS:
        compare(module, x.contiguous(memory_format=FORMATS[rank]))


def test_an_extent_of_none_is_the_inputs():
    for name in ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d"):
        compare(getattr(nn, name)((None, 3)), torch.randn(2, 3, 7, 8, dtype=torch.float64))


def test_a_divisor_of_ones_own_is_torchs():
    compare(nn.AvgPool2d(2, divisor_override=3), torch.randn(2, 3, 6, 6, dtype=torch.float64), own=False)


def test_nan_wins_and_padding_does_not():
    x = torch.full((1, 1, 4, 4), -torch.inf)
    x[0, 0, 2, 2] = torch.nan
    module = nn.MaxPool2d(3, 2, 1)
    expected = module(x)
    with by_foldgate():
        found = foldgate.torch.accelerate(module)(x)
    torch.testing.assert_close(found, expected, equal_nan=True)


@pytest.mark.parametrize("compiled", (False, True))
@pytest.mark.parametrize("shape", ((1, 2, 2, 5, 5), (1, 2, 5, 5, 2), (2, 2, 5, 5)))
def test_volumes_smaller_than_a_window_are_refused_as_by_torch(shape, compiled):
    fast = foldgate.torch.accelerate(nn.AvgPool3d(3, 1, 1))
    with at_any_size(), pytest.raises(RuntimeError, match="smaller than kernel size"):
        (torch.compile(fast, backend="eager") if compiled else fast)(torch.ones(shape))
