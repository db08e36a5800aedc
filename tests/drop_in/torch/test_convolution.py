"""Accelerated convolutions and transposed convolutions against torch's, in both layouts."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch_modules import compare  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
FORMATS = {2: torch.channels_last, 3: torch.channels_last_3d}
SHAPE = (2, 4, 9, 8, 7)
CONVOLUTIONS = (
    {"kernel_size": 3},
    {"kernel_size": 3, "padding": 1, "stride": 2},
    {"kernel_size": 3, "padding": "same", "dilation": 2},
    {"kernel_size": 2, "padding": "same"},
    {"kernel_size": 3, "groups": 2, "bias": False},
    {"kernel_size": 3, "groups": 4, "padding": 1},
    {"kernel_size": 3, "padding": 1, "padding_mode": "reflect"},
    {"kernel_size": 2, "padding": 1, "padding_mode": "circular"},
    {"kernel_size": 1},
)
TRANSPOSED = (
    {"kernel_size": 3},
    {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
    {"kernel_size": 3, "dilation": 2, "groups": 2, "bias": False},
)


@pytest.mark.parametrize("rank", (1, 2, 3))
@pytest.mark.parametrize("options", CONVOLUTIONS, ids=str)
def test_convolutions_are_torchs(rank, options):
    module = getattr(nn, f"Conv{rank}d")(4, 8, **options, dtype=torch.float64)
    x = torch.randn(SHAPE[: rank + 2], dtype=torch.float64)
    compare(module, x)
    if rank in FORMATS:
        compare(module, x.contiguous(memory_format=FORMATS[rank]))
        compare(copy.deepcopy(module).to(memory_format=FORMATS[rank]), x)
    if options.get("padding_mode") != "circular" or rank < 3:
        compare(module, x[0])


@pytest.mark.parametrize("rank", (1, 2, 3))
@pytest.mark.parametrize("options", TRANSPOSED, ids=str)
def test_transposed_convolutions_are_torchs(rank, options):
    module = getattr(nn, f"ConvTranspose{rank}d")(4, 8, **options, dtype=torch.float64)
    x = torch.randn(SHAPE[: rank + 2], dtype=torch.float64)
    compare(module, x)
    compare(module, x[0])
    if rank in FORMATS:
        compare(module, x.contiguous(memory_format=FORMATS[rank]))


@pytest.mark.parametrize("size", ([17, 15], [18, 16]))
def test_an_output_size_is_reached(size):
    class Sized(nn.Module):
        def __init__(self):
            super().__init__()
            self.up = nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, dtype=torch.float64)

        def forward(self, x):
            return self.up(x, output_size=size)

    compare(Sized(), torch.randn(2, 4, 9, 8, dtype=torch.float64))


@pytest.mark.parametrize("last", (False, True))
def test_float32_within_its_rounding(last):
    x = torch.randn(4, 16, 14, 14)
    x = x.contiguous(memory_format=torch.channels_last) if last else x
    compare(nn.Conv2d(16, 24, 3, padding=1), x, tolerance=3e-5)


@pytest.mark.parametrize("shape", ((2, 1, 6, 5), (2, 4, 1, 1), (2, 1, 1, 1)))
@pytest.mark.parametrize("last", (False, True))
def test_layouts_that_two_formats_share(shape, last):
    x = torch.randn(shape, dtype=torch.float64)
    x = x.to(memory_format=torch.channels_last) if last else x
    compare(nn.Conv2d(shape[1], 4, 1, dtype=torch.float64), x)


def test_strided_and_expanded_inputs():
    module = nn.Conv2d(4, 4, 3, dtype=torch.float64)
    x = torch.randn(8, 9, 8, 4, dtype=torch.float64)
    compare(module, x.permute(0, 3, 1, 2)[::2])
    compare(module, x[:, :, :, :1].permute(0, 3, 1, 2).expand(-1, 4, -1, -1).contiguous())


def test_a_result_may_be_written_to():
    for shape in ((2, 4, 9, 8), (4, 9, 8)):
        model = nn.Sequential(nn.Conv2d(4, 4, 3, dtype=torch.float64), nn.ReLU(inplace=True))
        compare(model, torch.randn(shape, dtype=torch.float64))
    last = torch.randn(2, 4, 9, 8, dtype=torch.float64).to(memory_format=torch.channels_last)
    compare(nn.Sequential(nn.Conv2d(4, 4, 3, dtype=torch.float64), nn.ReLU(inplace=True)), last)
