"""Where the time of a recurrent layer goes: products, cells, and what a call costs however short.

    python benchmarks/recurrent_model.py              # the shapes of docs/performance.md, one thread

A product's time grows with the width of x; all else does not. So a layer is timed at the width of the case
and at a wider one: the slope is the pace of the products, forward and in training; what is left after (width
+ units) terms at that pace is the cells' and the call's, and a call of a quarter of the steps tells those two
apart.
"""

from __future__ import annotations

import argparse
from functools import partial

from scaling import alternating, recurrent

import foldgate
from foldgate import _native

SHAPES = ((100, 32, 128, 256), (100, 1, 64, 64), (20, 32, 8, 16), (50, 64, 256, 512), (200, 8, 40, 128),
          (500, 1, 80, 512), (64, 128, 64, 128))  # fmt: skip


def explain(name: str, shape: tuple[int, int, int, int], train: bool, peak: float, seconds: float) -> str:
    """One line: the share of each part, the pace of the products, nanoseconds a unit of a cell."""
    steps, batch, width, units = shape
    more, less = width + 256, max(1, steps // 4)
    make = partial(recurrent, name, train=train)
    runs = [
        make(steps, batch, width, units),
        make(steps, batch, more, units),
        make(less, batch, width, units),
        make(less, batch, more, units),
    ]
    whole, wide, short, short_wide = alternating(runs, [lambda: None] * len(runs), seconds)
    gates, passes = (4 if name == "lstm" else 3), (3 if train else 1)
    per_term = max(0.0, (wide - short_wide) - (whole - short)) / (more - width)  # of steps - less steps
    pace = passes * 2e-9 * (steps - less) * batch * gates * units / per_term
    each = (whole - short) / (steps - less)  # seconds a step
    product = per_term / (steps - less) * (width + units)
    call = whole - each * steps
    cell = (each - product) / (batch * units)
    flops = passes * 2e-9 * steps * batch * (width + units) * gates * units
    return (
        f"{name + (' train' if train else ''):11s} {' '.join(map(str, shape)):15s} {whole * 1e3:8.3f} ms "
        f"{flops / whole / peak * 100:4.0f} % of peak: products {product * steps / whole * 100:4.0f} % at "
        f"{pace / peak * 100:4.0f} % of peak, cells {(each - product) * steps / whole * 100:4.0f} % "
        f"({cell * 1e9:.2f} ns a unit), call {call / whole * 100:4.0f} % ({call * 1e6:.0f} us)"
    )


def main() -> None:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="of a row")
    options = parser.parse_args()
    foldgate.set_num_threads(1)
    for train in (False, True):
        for name in ("lstm", "gru"):
            for shape in SHAPES:
                peak = _native.measure_peak("float32")
                print(explain(name, shape, train, peak, options.seconds), flush=True)


if __name__ == "__main__":
    main()
