"""Networks of volumes and video by PyTorch, with and without `foldgate.torch.accelerate`, alternating.

    python benchmarks/torch_volumes.py                # two threads
    python benchmarks/torch_volumes.py --threads 1

R3D-18 (arXiv:1711.11248) and C3D (arXiv:1412.0767) of 16 frames of 112 x 112, and a U-Net (arXiv:1606.06650)
of 48 x 48 x 48 from 16 to 128 channels, with weights drawn by chance: inference, and a training step of SGD.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch_modules import Case, calls, measure

import foldgate


def normalized(inputs: int, outputs: int, kernel_size: Any = 3, stride: Any = 1, padding: Any = 1) -> Any:
    """A convolution and its batch normalization."""
    conv = nn.Conv3d(inputs, outputs, kernel_size, stride, padding, bias=False)
    return nn.Sequential(conv, nn.BatchNorm3d(outputs))


class Residual(nn.Module):  # type: ignore[misc]
    """Two convolutions and what goes around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(normalized(inputs, outputs, stride=stride), nn.ReLU())
        self.second = normalized(outputs, outputs)
        same = stride == 1 and inputs == outputs
        self.around = nn.Identity() if same else normalized(inputs, outputs, 1, stride, 0)

    def forward(self, x: Any) -> Any:
        """(N, inputs, D, H, W) -> (N, outputs, D / stride, H / stride, W / stride)."""
        return torch.relu(self.second(self.first(x)) + self.around(x))


def r3d() -> Any:
    """R3D-18."""
    stem = nn.Sequential(normalized(3, 64, (3, 7, 7), (1, 2, 2), (1, 3, 3)), nn.ReLU())
    blocks = [
        Residual(inputs if i == 0 else outputs, outputs, 2 if i == 0 and outputs > 64 else 1)
        for inputs, outputs in ((64, 64), (64, 128), (128, 256), (256, 512))
        for i in range(2)
    ]
    return nn.Sequential(stem, *blocks, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(512, 400))


def c3d() -> Any:
    """C3D up to its first dense layer, which here reads 4 x 4 averages and gives 101 classes."""
    layers: list[Any] = []
    widths = (3, 64, 128, 256, 256, 512, 512, 512, 512)
    pools = ((1, 2, 2), 2, None, 2, None, 2, None, 2)
    for (inputs, outputs), pool in zip(pairwise(widths), pools, strict=True):
        layers += [nn.Conv3d(inputs, outputs, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool3d(pool)] if pool else []
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d((1, 4, 4)), nn.Flatten(), nn.Linear(8192, 101))


class UNet(nn.Module):  # type: ignore[misc]
    """Two convolutions a level on the way down and on the way up, whose inputs are joined."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 128)) -> None:
        super().__init__()
        self.down = nn.ModuleList(self.level(*pair) for pair in pairwise((1, *widths)))
        rising = list(pairwise(widths[::-1]))
        self.up = nn.ModuleList(nn.ConvTranspose3d(low, high, 2, 2) for low, high in rising)
        self.joined = nn.ModuleList(self.level(2 * high, high) for _, high in rising)
        self.pool, self.out = nn.MaxPool3d(2), nn.Conv3d(widths[0], 3, 1)

    @staticmethod
    def level(inputs: int, outputs: int) -> Any:
        """Two convolutions."""
        pairs = (inputs, outputs), (outputs, outputs)
        return nn.Sequential(*(layer for pair in pairs for layer in (normalized(*pair), nn.ReLU())))

    def forward(self, x: Any) -> Any:
        """(N, 1, D, H, W) -> (N, 3, D, H, W)."""
        kept: list[Any] = []
        for level in self.down:
            x = level(self.pool(kept[-1]) if kept else x)
            kept.append(x)
        for up, joined, skip in zip(self.up, self.joined, kept[-2::-1], strict=True):
            x = joined(torch.cat([up(x), skip], 1))
        return self.out(x)


def cases() -> Iterator[Case]:
    """The networks, each with a clip or volume."""
    yield Case("R3D-18, 1x3x16x112x112", r3d(), torch.randn(1, 3, 16, 112, 112))
    yield Case("C3D, 1x3x16x112x112", c3d(), torch.randn(1, 3, 16, 112, 112))
    yield Case("3-D U-Net, 1x1x48x48x48", UNet(), torch.randn(1, 1, 48, 48, 48))


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="a row")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    foldgate.set_num_threads(options.threads)
    table = Table(
        "network", "call", "torch, ms", "foldgate, ms", "ratio", title=f"PyTorch {torch.__version__}"
    )
    for case in cases():
        for name, pair in calls(case).items():
            plain, fast = measure(pair, options.seconds)
            table.add_row(case.name, name, f"{plain * 1e3:.0f}", f"{fast * 1e3:.0f}", f"{plain / fast:.2f}x")
    Console().print(table)


if __name__ == "__main__":
    main()
