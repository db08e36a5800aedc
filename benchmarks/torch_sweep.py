"""Random modules of PyTorch at random sizes with and without `foldgate.torch.accelerate`: is any one slower?

    python benchmarks/torch_sweep.py --minutes 5 --seed 1 --threads 2
    python benchmarks/torch_sweep.py --only "MaxPool*" --call training

Sizes are from 1 x 8 x 8 up, channels first and last, forward and a training step with one of SGD. A row
under 0.95 is measured again on fresh copies of the module, made in the other order, and the better of the
two ratios counts: memory that one of two equal modules gets may cost it twice the page faults of the other.
Needs PyTorch.
"""

from __future__ import annotations

import argparse
import fnmatch
import itertools
import math
import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch_modules import Case, calls, measure, packed

import foldgate

LIMIT = 0.95
KINDS = [
    *(f"{kind}{rank}d" for kind in ("Conv", "ConvTranspose") for rank in (1, 2, 2, 2, 3)),
    *(f"{kind}Pool{rank}d" for kind in ("Max", "Avg", "AdaptiveAvg", "AdaptiveMax") for rank in (1, 2, 2, 3)),
    *("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"),
]
MOST = 1 << 21  # elements of an input
MOST_WORK = 1 << 28  # multiply-adds of a forward call


def log_uniform(rng: random.Random, low: int, high: int) -> int:
    """An int between two, as likely small as large; often a power of two."""
    n = round(math.exp(rng.uniform(math.log(low), math.log(high))))
    return 1 << n.bit_length() - 1 if rng.random() < 0.5 and n > low else n


def one(rng: random.Random, kind: str) -> Case | None:
    """A module of a class on an input; None where it is larger than a row may be."""
    if kind[0] in "LGR":
        return _recurrent(rng, kind)
    rank = int(kind[-2])
    batch, channels = log_uniform(rng, 1, 32), log_uniform(rng, 1, 512)
    extent = log_uniform(rng, 8, {1: 2048, 2: 128, 3: 32}[rank])
    shape = (batch, channels, *(extent,) * rank)
    if math.prod(shape) > MOST:
        return None
    last = rank > 1 and rng.random() < 0.4
    options: dict[str, Any]
    if "Conv" in kind:
        size = rng.choice((1, 2, 3, 3, 3, 5))
        options = {"kernel_size": size, "stride": rng.choice((1, 1, 2)), "padding": size // 2}
        if last and options["stride"] > size:  # PyTorch 2.13 corrupts its heap in training some of these
            return None
        outputs = rng.choice((channels, log_uniform(rng, 1, 512)))
        if rng.random() < 0.2:
            options["groups"], outputs = channels, channels
        weights = channels * outputs // options.get("groups", 1) * size**rank
        if batch * extent**rank * weights > MOST_WORK:
            return None
        module = getattr(nn, kind)(channels, outputs, **options)
        options = {"outputs": outputs, **options}
    elif "Adaptive" in kind:
        options = {"output_size": rng.choice((1, 1, 2, 7))}
        module = getattr(nn, kind)(**options)
    else:
        size = rng.choice((2, 2, 3))
        options = {
            "kernel_size": size,
            "stride": rng.choice((2, 2, 1)),
            "padding": rng.choice((0, size // 2)),
        }
        module = getattr(nn, kind)(**options)
    return Case(_title(kind, shape, options, last), module, torch.randn(shape), last)


def _recurrent(rng: random.Random, kind: str) -> Case | None:
    batch, inputs, units = log_uniform(rng, 1, 64), log_uniform(rng, 1, 256), log_uniform(rng, 4, 256)
    if kind.endswith("Cell"):
        return Case(
            _title(kind, (batch, inputs), {"units": units}, False),
            getattr(nn, kind)(inputs, units),
            torch.randn(batch, inputs),
        )
    steps = log_uniform(rng, 1, 128)
    options = {
        "num_layers": rng.choice((1, 1, 2)),
        "bidirectional": rng.random() < 0.3,
        "batch_first": rng.random() < 0.5,
    }
    if batch * steps * units * (inputs + units) * 4 > MOST_WORK:
        return None
    module = getattr(nn, kind)(inputs, units, **options)
    shape = (batch, steps, inputs) if options["batch_first"] else (steps, batch, inputs)
    title = _title(kind, shape, {"units": units, **options}, False)
    if rng.random() < 0.2:
        return Case(f"{title} packed", module, packed(batch, steps, inputs))
    return Case(title, module, torch.randn(shape))


def _title(kind: str, shape: tuple[int, ...], options: dict[str, Any], last: bool) -> str:
    said = " ".join(f"{key}={value}" for key, value in options.items())
    return f"{kind} {'x'.join(map(str, shape))} {said}{' last' if last else ''}"


def cases(seed: int, only: str) -> Iterator[Case]:
    """Random rows without end, by class in turn."""
    rng = random.Random(seed)
    kinds = [kind for kind in KINDS if fnmatch.fnmatchcase(kind, only)]
    while kinds:
        for kind in kinds:
            found = one(rng, kind)
            if found is not None:
                yield found


def ratio(case: Case, what: str, seconds: float) -> tuple[float, float, float]:
    """Seconds by torch and by foldgate, and how many times as fast; the better of two where it is short."""
    pair = calls(case)[what]
    plain, fast = measure(pair, seconds)
    if plain / fast < LIMIT:
        again = calls(case, accelerated_first=True)[what]
        second = measure(again[::-1], 2 * seconds)[::-1]
        plain, fast = max((plain, fast), tuple(second), key=lambda t: t[0] / t[1])
    return plain, fast, plain / fast


def main() -> None:
    """Measures, prints the rows that fall short, and a summary."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1, help="how long in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="*", help="pattern of classes")
    parser.add_argument("--call", choices=("forward", "training"), nargs="+", default=["forward", "training"])
    parser.add_argument("--seconds", type=float, default=0.05, help="a row")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="every row, rather than those that fall short")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    foldgate.set_num_threads(options.threads)
    title = f"PyTorch {torch.__version__}, {options.threads} threads"
    table = Table("module", "call", "torch, us", "foldgate, us", "ratio", title=title)
    ratios = []
    end = time.monotonic() + 60 * options.minutes
    for case in itertools.takewhile(lambda _: time.monotonic() < end, cases(options.seed, options.only)):
        for what in options.call:
            plain, fast, times = ratio(case, what, options.seconds)
            ratios.append(times)
            if options.all or times < LIMIT:
                table.add_row(case.name, what, f"{plain * 1e6:,.0f}", f"{fast * 1e6:,.0f}", f"{times:.2f}")
    Console(width=130).print(table)
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    short = sum(times < LIMIT for times in ratios)
    print(f"{len(ratios)} calls: geometric mean {mean:.2f}, least {min(ratios):.2f}, {short} under {LIMIT}")


if __name__ == "__main__":
    main()
