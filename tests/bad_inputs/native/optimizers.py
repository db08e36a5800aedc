"""Steps of optimizers, and moving averages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bad_inputs.native.row import native_row
from bad_inputs.rows import Row, floats
from foldgate import _native


def optimizer_rows() -> Iterator[Row]:
    variable, gradient, slot = floats(3), floats(3), floats(3)

    def row(name: str, error: type[Exception], words: str, *values: Any) -> Row:
        return native_row(name, _native.optimizer_updates, error, words, "sgd_update", *values)

    good = [0.0] * 10
    yield row(
        "fewer gradients", ValueError, "there are 1 variables, 0 gradients", 0, [variable], [], [], [[]], good
    )
    yield row(
        "a slot too many",
        ValueError,
        "1 slots are given; expected 0",
        0,
        [variable],
        [gradient],
        ["a"],
        [[slot]],
        good,
    )
    yield row(
        "two slots of one name",
        ValueError,
        "slots are given",
        1,
        [variable],
        [gradient],
        ["a"],
        [[slot, slot]],
        good,
    )
    yield row("the gradient itself", ValueError, "overlaps", 0, [variable], [variable], [], [[]], good)
    yield row("no kernel", ValueError, "kind code is 99", 99, [variable], [gradient], [], [[]], good)

    def averages(name: str, words: str, *values: Any) -> Row:
        return native_row(name, _native.moving_averages, ValueError, words, "norm", *values, 0.9)

    frozen = floats(3)
    frozen.flags.writeable = False
    yield averages("fewer values", "there are 1 averages and 0 values", [variable], [])
    yield averages("another shape", "norm: value has shape (4,)", [variable], [floats(4)])
    yield averages("a read-only average", "norm: average is read-only", [frozen], [variable])
