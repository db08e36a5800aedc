"""The strides of results: whoever takes a `view` of torch's result can take it of foldgate's."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch_modules import at_any_size, by_foldgate, tensors  # noqa: E402

import foldgate.torch  # noqa: E402

MODULES = {
    "conv": lambda rank, dtype: getattr(nn, f"Conv{rank}d")(4, 6, 3, padding=1, dtype=dtype),
    "transposed": lambda rank, dtype: getattr(nn, f"ConvTranspose{rank}d")(4, 6, 3, dtype=dtype),
    "max pool": lambda rank, _: getattr(nn, f"MaxPool{rank}d")(2, return_indices=True),
    "average pool": lambda rank, _: getattr(nn, f"AvgPool{rank}d")(2),
    "adaptive average": lambda rank, _: getattr(nn, f"AdaptiveAvgPool{rank}d")(2),
    "adaptive average of all": lambda rank, _: getattr(nn, f"AdaptiveAvgPool{rank}d")(1),
    "adaptive max": lambda rank, _: getattr(nn, f"AdaptiveMaxPool{rank}d")(2),
}
PADDED = {
    "same": lambda dtype: nn.Conv3d(4, 6, 3, padding="same", dtype=dtype),
    "one": lambda dtype: nn.Conv3d(4, 6, 3, padding=1, dtype=dtype),
    "transposed": lambda dtype: nn.ConvTranspose3d(4, 6, 3, padding=1, dtype=dtype),
}
POOLS = list(MODULES.values())[2:]
SHAPE = (3, 4, 7, 6, 5)


def last(x):
    """The same numbers, each position's channels next to each other."""
    return x.movedim(1, -1).contiguous().movedim(-1, 1)


LAYOUTS = {
    "channels first": lambda x: x,
    "channels last": last,
    "an image read with channels last": lambda x: last(x)[0][None],
    "the same without a batch": lambda x: last(x)[0],
    "every other row": lambda x: last(x.repeat_interleave(2, 2))[:, :, ::2],
    "every other channel": lambda x: last(x.repeat_interleave(2, 1))[:, ::2],
    "every other batch": lambda x: last(x.repeat_interleave(2, 0))[::2],
    "another order of axes": lambda x: x.transpose(0, -1).contiguous().transpose(0, -1),
    "one channel over and over": lambda x: last(x)[:, :1].expand(x.shape),
}


@pytest.mark.parametrize("rank", (1, 2, 3))
@pytest.mark.parametrize("made", MODULES.values(), ids=MODULES)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("gradient", (False, True))
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
def test_results_have_torchs_strides(rank, made, layout, gradient, dtype):
    plain, x = made(rank, dtype), layout(torch.randn(SHAPE[: rank + 2], dtype=dtype))
    with torch.set_grad_enabled(gradient), at_any_size():
        expected = tensors(plain(x.requires_grad_(gradient)))
        found = tensors(foldgate.torch.accelerate(plain)(x))
    assert [y.stride() for y in found] == [y.stride() for y in expected]


@pytest.mark.parametrize("made", ("conv", "transposed"))
@pytest.mark.parametrize("rank", (2, 3))
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
def test_so_have_those_of_weights_with_channels_last(made, rank, dtype):
    layout = {2: torch.channels_last, 3: torch.channels_last_3d}[rank]
    plain = MODULES[made](rank, dtype).to(memory_format=layout)
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    for x in (
        torch.randn(SHAPE[: rank + 2], dtype=dtype),
        torch.randn((1, *SHAPE[1 : rank + 2]), dtype=dtype),
    ):
        with at_any_size():
            assert fast(x).stride() == plain(x).stride()


@pytest.mark.parametrize("made", PADDED.values(), ids=PADDED)
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64), ids=str)
def test_volumes_that_only_their_padding_makes_large_enough(made, dtype):
    plain, x = made(dtype), last(torch.randn(2, 4, 5, 2, 2, dtype=dtype))
    expected = plain(x)
    with by_foldgate():
        y = foldgate.torch.accelerate(plain)(x)
    torch.testing.assert_close(y, expected, check_stride=True)


@pytest.mark.parametrize("kind", (nn.AvgPool3d, nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool3d))
@pytest.mark.parametrize("gradient", (False, True))
def test_volumes_of_one_channel(kind, gradient):
    x = torch.randn(2, 1, 6, 6, 6).clone(memory_format=torch.channels_last_3d).requires_grad_(gradient)
    plain = kind(2)
    expected = plain(x)
    with by_foldgate():
        assert foldgate.torch.accelerate(plain)(x).stride() == expected.stride()


@pytest.mark.parametrize("made", POOLS)
@pytest.mark.parametrize("rank", (2, 3))
@pytest.mark.parametrize("gradient", (False, True))
def test_results_of_pools_without_a_batch_are_no_views(made, rank, gradient):
    """Views cannot be detached in place, and not be written to where they were made without gradients."""
    plain, x = made(rank, None), torch.randn(SHAPE[1 : rank + 2])
    results = []
    for pool in (plain, foldgate.torch.accelerate(copy.deepcopy(plain))):
        with torch.set_grad_enabled(gradient), by_foldgate():
            results.append(tensors(pool(x.clone().requires_grad_(gradient)))[0])
    assert not results[1]._is_view()
    scale = torch.tensor(2.0, requires_grad=True)
    for y in results:
        y.mul_(scale).sum().backward()
        y.detach_()
    torch.testing.assert_close(results[1], results[0])
