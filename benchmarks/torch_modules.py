"""PyTorch's modules with and without `foldgate.torch.accelerate`, alternating in one run.

    python benchmarks/torch_modules.py                 # the sizes that people use
    python benchmarks/torch_modules.py --small         # from 1 x 8 x 8 up: nothing may be under 0.95
    python benchmarks/torch_modules.py --only "GRU*"   # rows by name

`torch_sweep.py` takes random modules.

A row is the median of alternating calls: forward under no_grad, or a training step (forward, backward of the
sum, a step of SGD where there are weights: they change, so that nothing kept of them helps). Needs PyTorch
beside foldgate. Both use two threads (`--threads`).
"""

from __future__ import annotations

import argparse
import copy
import fnmatch
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import foldgate
import foldgate.torch

LEARNING_RATE = 1e-8  # changes bits of the weights at every step, and what is computed next to nothing


class Case(NamedTuple):
    """A module and what it is called on."""

    name: str
    module: Any
    x: Any
    last: bool = False


def packed(rows: int, steps: int, width: int) -> Any:
    """Sequences of a quarter to all of the steps."""
    lengths = torch.linspace(max(1, steps // 4), steps, rows).long()
    return pack_padded_sequence(
        torch.randn(rows, steps, width), lengths, batch_first=True, enforce_sorted=False
    )


def usual() -> Iterator[Case]:
    """The sizes that people use."""
    for kind in (nn.LSTM, nn.GRU, nn.RNN):
        name = kind.__name__
        yield Case(f"{name} 32x100x128 -> 256", kind(128, 256, batch_first=True), torch.randn(32, 100, 128))
        yield Case(f"{name} 32x20x8 -> 16", kind(8, 16, batch_first=True), torch.randn(32, 20, 8))
        yield Case(f"{name} 1x100x64 -> 64, steps first", kind(64, 64), torch.randn(100, 1, 64))
        both = kind(40, 128, num_layers=2, bidirectional=True, batch_first=True)
        yield Case(f"{name} 8x200x40 -> 2 x 2 x 128", both, torch.randn(8, 200, 40))
        yield Case(f"{name} packed 32x100x128 -> 256", kind(128, 256, batch_first=True), packed(32, 100, 128))
    for name, o, shape, options in (
        ("Conv2d 3x3 16x64x56x56 -> 64", 64, (16, 64, 56, 56), {"kernel_size": 3, "padding": 1}),
        ("Conv2d 3x3 64x32x14x14 -> 64", 64, (64, 32, 14, 14), {"kernel_size": 3, "padding": 1}),
        ("Conv2d 3x3 8x128x28x28 -> 128", 128, (8, 128, 28, 28), {"kernel_size": 3, "padding": 1}),
        ("Conv2d 3x3 1x256x14x14 -> 256", 256, (1, 256, 14, 14), {"kernel_size": 3, "padding": 1}),
        ("Conv2d 1x1 8x64x28x28 -> 128", 128, (8, 64, 28, 28), {"kernel_size": 1}),
        ("Conv2d depthwise 8x32x56x56", 32, (8, 32, 56, 56), {"kernel_size": 3, "padding": 1, "groups": 32}),
        (
            "Conv2d 7x7/2 4x3x112x112 -> 64",
            64,
            (4, 3, 112, 112),
            {"kernel_size": 7, "stride": 2, "padding": 3},
        ),
    ):
        yield Case(name, nn.Conv2d(shape[1], o, **options), torch.randn(shape))
        yield Case(f"{name}, channels last", nn.Conv2d(shape[1], o, **options), torch.randn(shape), True)
    for last in (False, True):
        suffix = ", channels last" if last else ""
        volume = nn.Conv3d(64, 64, 3, padding=1)
        yield Case(f"Conv3d 3x3x3 2x64x8x28x28 -> 64{suffix}", volume, torch.randn(2, 64, 8, 28, 28), last)
        narrow = nn.Conv3d(128, 128, 3, padding=1, groups=16)
        yield Case(f"Conv3d 16 groups 2x128x8x14x14{suffix}", narrow, torch.randn(2, 128, 8, 14, 14), last)
    yield Case("Conv1d k9 16x40x400 -> 64", nn.Conv1d(40, 64, 9, padding=4), torch.randn(16, 40, 400))
    yield Case(
        "ConvTranspose2d 4/2 8x64x16x16 -> 32",
        nn.ConvTranspose2d(64, 32, 4, 2, 1),
        torch.randn(8, 64, 16, 16),
    )
    for last in (False, True):
        suffix = ", channels last" if last else ""
        x = torch.randn(8, 64, 56, 56)
        yield Case(f"MaxPool2d 2 8x64x56x56{suffix}", nn.MaxPool2d(2), x, last)
        yield Case(f"MaxPool2d 3/2 8x64x56x56{suffix}", nn.MaxPool2d(3, 2, 1), x, last)
        yield Case(f"AvgPool2d 2 8x64x56x56{suffix}", nn.AvgPool2d(2), x, last)
        yield Case(f"AdaptiveAvgPool2d 1 8x64x56x56{suffix}", nn.AdaptiveAvgPool2d(1), x, last)
        yield Case(f"AdaptiveMaxPool2d 7 8x64x56x56{suffix}", nn.AdaptiveMaxPool2d(7), x, last)
    yield Case("GRUCell 32x128 -> 256", nn.GRUCell(128, 256), torch.randn(32, 128))


def small() -> Iterator[Case]:
    """From 1 x 8 x 8 up."""
    for n, c, s in ((1, 1, 8), (1, 8, 8), (8, 8, 8), (1, 16, 32), (16, 16, 16), (1, 512, 7)):
        x, at = torch.randn(n, c, s, s), f"{n}x{c}x{s}x{s}"
        yield Case(f"Conv2d 3x3 {at}", nn.Conv2d(c, max(8, c), 3, padding=1), x)
        yield Case(f"Conv2d 1x1 {at}", nn.Conv2d(c, max(8, c), 1), x)
        yield Case(f"ConvTranspose2d 2/2 {at}", nn.ConvTranspose2d(c, max(8, c), 2, 2), x)
        yield Case(f"MaxPool2d {at}", nn.MaxPool2d(2), x)
        yield Case(f"AvgPool2d {at}", nn.AvgPool2d(2), x)
        yield Case(f"AdaptiveAvgPool2d 1 {at}", nn.AdaptiveAvgPool2d(1), x)
        yield Case(f"AdaptiveMaxPool2d 1 {at}", nn.AdaptiveMaxPool2d(1), x)
    for n, c, s in ((1, 8, 8), (8, 8, 64), (1, 64, 512)):
        x, at = torch.randn(n, c, s), f"{n}x{c}x{s}"
        yield Case(f"Conv1d k3 {at}", nn.Conv1d(c, c, 3, padding=1), x)
        yield Case(f"MaxPool1d {at}", nn.MaxPool1d(2), x)
        yield Case(f"AvgPool1d {at}", nn.AvgPool1d(2), x)
    for n, t, u in ((1, 1, 8), (1, 8, 8), (8, 8, 8), (1, 1, 256), (32, 1, 128)):
        for kind in (nn.LSTM, nn.GRU, nn.RNN):
            yield Case(
                f"{kind.__name__} {n}x{t}x{u} -> {u}", kind(u, u, batch_first=True), torch.randn(n, t, u)
            )
    for n, u in ((1, 8), (32, 8), (1, 256), (32, 128)):
        for cell in (nn.LSTMCell, nn.GRUCell, nn.RNNCell):
            yield Case(f"{cell.__name__} {n}x{u} -> {u}", cell(u, u), torch.randn(n, u))


def first(result: Any) -> Any:
    """The tensor to sum: the first one, of a packed sequence its data."""
    while not isinstance(result, torch.Tensor):
        result = result[0]
    return result


def calls(
    case: Case, accelerated_first: bool = False
) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """By what is timed: the call by torch, and by foldgate; which module's memory comes first may matter."""
    copies = [copy.deepcopy(case.module) for _ in range(2)]
    fast, plain = copies if accelerated_first else copies[::-1]
    fast = foldgate.torch.accelerate(fast)
    x = case.x
    if case.last:
        x = x.contiguous(memory_format=torch.channels_last if x.dim() == 4 else torch.channels_last_3d)
    watched = x if isinstance(x, tuple) else x.detach().clone().requires_grad_()

    def infer(module: Any) -> Callable[[], Any]:
        def call() -> Any:
            with torch.no_grad():
                return module(x)

        return call

    def train(module: Any) -> Callable[[], Any]:
        weights = list(module.parameters())
        leaves = [*weights, *([] if isinstance(watched, tuple) else [watched])]
        optimizer = torch.optim.SGD(weights, LEARNING_RATE) if weights else None

        def call() -> None:
            for leaf in leaves:
                leaf.grad = None  # as optimizers do before a step
            first(module(watched)).sum().backward()
            if optimizer:
                optimizer.step()

        return call

    return {"forward": (infer(plain), infer(fast)), "training": (train(plain), train(fast))}


def measure(pair: tuple[Callable[[], Any], Callable[[], Any]], seconds: float) -> list[float]:
    """The median seconds of a call of each, alternating."""
    for call in pair:
        call()
        call()
    begun = time.perf_counter()
    pair[0]()
    once = time.perf_counter() - begun
    inner = max(1, int(0.0005 / once))
    times: list[list[float]] = [[], []]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < 5:
        both = list(zip(times, pair, strict=True))
        for kept, call in both if len(times[0]) % 2 else both[::-1]:  # neither is always the second
            begun = time.perf_counter()
            for _ in range(inner):
                call()
            kept.append((time.perf_counter() - begun) / inner)
    return [statistics.median(kept) for kept in times]


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="sizes from 1 x 8 x 8 up")
    parser.add_argument("--only", default="*", help="pattern of rows")
    parser.add_argument("--seconds", type=float, default=0.25, help="a row")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    foldgate.set_num_threads(options.threads)
    table = Table(
        "module", "call", "torch, us", "foldgate, us", "ratio", title=f"PyTorch {torch.__version__}"
    )
    for case in small() if options.small else usual():
        if not fnmatch.fnmatchcase(case.name, options.only):
            continue
        for name, pair in calls(case).items():
            plain, fast = measure(pair, options.seconds)
            style = "red" if plain / fast < 0.95 else "green" if plain / fast >= 1.05 else ""
            table.add_row(
                case.name,
                name,
                f"{plain * 1e6:,.0f}",
                f"{fast * 1e6:,.0f}",
                f"{plain / fast:.2f}",
                style=style,
            )
    Console().print(table)


if __name__ == "__main__":
    main()
