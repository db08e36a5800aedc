"""Handles of packed recurrent weights: what their making, their steps and their sequences refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bad_inputs.recurrent_arguments import BATCH, FEATURES, GATES, STEPS, UNITS, weights
from bad_inputs.rows import Row, floats, spoil
from foldgate import _native, ops

HANDLES = {"lstm": "PackedLSTM", "gru": "PackedGRU", "simple_rnn": "PackedSimpleRNN"}


def _making_rows(cell: str, op: str) -> Iterator[Row]:
    valid, columns = weights(cell), GATES[cell] * UNITS
    kernel, recurrent = valid["kernel"], valid["recurrent_kernel"]
    for name, error, words, value in (
        ("kernel", TypeError, "kernel is a list", kernel.tolist()),
        ("kernel", TypeError, "kernel is a NoneType", None),
        ("kernel", TypeError, "kernel has dtype int64", kernel.astype(int)),
        ("kernel", ValueError, f"kernel has shape ({columns},)", kernel[0]),
        ("kernel", ValueError, "kernel has 0 columns", kernel[:, :0]),
        ("recurrent_kernel", TypeError, "has dtype float64 but kernel has dtype", recurrent.astype(float)),
        ("recurrent_kernel", ValueError, "recurrent_kernel has shape", recurrent[1:]),
        ("recurrent_kernel", ValueError, "recurrent_kernel has shape", recurrent[None]),
        ("bias", ValueError, "bias has shape (3,)", floats(3)),
        ("bias", TypeError, "bias is a list", [1.0]),
    ):
        yield spoil(f"{name} {words}", op, valid, error, (f"{op}: ", words), **{name: value})
        update = {**valid, name: value}
        layer = getattr(ops, op)(**valid)
        yield Row(f"{op}: update {name} {words}", layer.update, update, error, (f"{op}: ", words))
    if cell == "simple_rnn":
        yield spoil("activation", op, valid, ValueError, f"{op}: activation is 'gelu'", activation="gelu")


def _step_rows(cell: str, op: str) -> Iterator[Row]:
    layer = getattr(ops, op)(**weights(cell))
    x, h = floats(BATCH, FEATURES), floats(BATCH, UNITS)
    valid = {"x": x, "h": h, "c": h} if cell == "lstm" else {"x": x, "h": h}
    wrongs: list[tuple[str, type[Exception], str, Any]] = [
        ("x", TypeError, "x is a list", x.tolist()),
        ("x", TypeError, "x has dtype float64; expected float32", x.astype(float)),
        ("x", ValueError, f"x has shape ({FEATURES},); expected (batch, {FEATURES})", x[0]),
        ("x", ValueError, f"x has shape ({BATCH}, 3); expected (batch, {FEATURES})", x[:, 1:]),
        ("h", ValueError, f"h has shape (1, {UNITS}); expected ({BATCH}, {UNITS})", h[1:]),
        ("h", TypeError, "h is a NoneType", None),
        ("h", TypeError, "h has dtype float64; expected float32", h.astype(float)),
    ]
    if cell == "lstm":
        wrongs += [
            ("c", ValueError, f"c has shape ({BATCH}, 4); expected ({BATCH}, {UNITS})", h[:, 1:]),
            ("c", TypeError, "c is a NoneType", None),
        ]
    for name, error, words, value in wrongs:
        arguments = {**valid, name: value}
        yield Row(f"{op}: step {words}", layer.step, arguments, error, (f"{op}.step: {words}",))


def _sequence_rows(cell: str, op: str) -> Iterator[Row]:
    layer = getattr(ops, op)(**weights(cell))
    x = floats(BATCH, STEPS, FEATURES)
    for words, error, arguments in (
        ("x is a list", TypeError, {"x": x.tolist()}),
        ("x has dtype float64; expected float32", TypeError, {"x": x.astype(float)}),
        (f"x has shape ({STEPS}, {FEATURES}); expected (batch, steps, {FEATURES})", ValueError, {"x": x[0]}),
        (f"x has shape ({BATCH}, {STEPS}, 3); expected (batch, ", ValueError, {"x": x[..., 1:]}),
        ("initial_h has shape (5,)", ValueError, {"x": x, "initial_h": floats(5)}),
        ("lengths[0] is 9; expected 0 to 3", ValueError, {"x": x, "lengths": np.array([9, 1])}),
        ("lengths has shape (1,)", ValueError, {"x": x, "lengths": np.array([1])}),
        ("mask has dtype float32", TypeError, {"x": x, "mask": x[..., 0]}),
        (
            "both mask and lengths",
            ValueError,
            {"x": x, "mask": x[..., 0] > 0, "lengths": np.array([1, 1])},
        ),
    ):
        yield Row(f"{op}: {words}", layer, arguments, error, (f"{op}: {words}",))


def _native_rows() -> Iterator[Row]:
    valid = weights("gru")
    operands = (valid["kernel"], valid["recurrent_kernel"], valid["bias"])
    pack, step = _native.pack_recurrent, _native.packed_recurrent_step
    packed = pack("op", 1, *operands)
    x, h = floats(BATCH, FEATURES), floats(BATCH, UNITS)
    doubles = tuple(array.astype(np.float64) for array in operands)
    sequence = (x[None], None, None, None, None, False, False, False, True)
    for function, error, words, values in (
        (pack, ValueError, "op: cell code is 5", ("op", 5, *operands)),
        (pack, ValueError, "op: cell code is -1", ("op", -1, *operands)),
        (pack, ValueError, "op: kernel has 15 columns; expected a multiple of 4", ("op", 0, *operands)),
        (pack, ValueError, "op: bias has shape (2, 15); expected (15,)", ("op", 2, *operands)),
        (pack, ValueError, "op: kernel is not C-contiguous", ("op", 1, operands[0][::-1], *operands[1:])),
        (pack, ValueError, "op: kernel has shape (15,)", ("op", 1, operands[0][0], *operands[1:])),
        (step, ValueError, "op: c is given; expected None", ("op", packed, x, h, h)),
        (step, ValueError, "op: x is not C-contiguous", ("op", packed, x[::-1], h, None)),
        (step, ValueError, "op: x has shape (2, 3, 4)", ("op", packed, floats(2, 3, 4), h, None)),
        (step, TypeError, "op: h has dtype float64", ("op", packed, x, h.astype(float), None)),
        (step, TypeError, "incompatible function arguments", ("op", None, x, h, None)),
        (
            _native.packed_recurrent_forward,
            ValueError,
            "op: initial_c is given",
            ("op", packed, None, x[None], None, h, None, None, False, False, False, True),
        ),
        *(
            (_native.packed_recurrent_forward, error, words, ("op", packed, other, *sequence))
            for other, error, words in (
                (7, TypeError, "op: packed is another capsule"),
                (pack("op", 2, *operands[:2], None), ValueError, "op: other is of another cell, shape"),
                (pack("op", 1, *doubles), ValueError, "op: other is of another cell, shape"),
            )
        ),
    ):
        name = f"_native.{function.__name__}: {words}"
        yield Row(name, lambda call=function, given=values: call(*given), {}, error, (words,))


def packed_recurrent_rows() -> Iterator[Row]:
    for cell, op in HANDLES.items():
        yield from _making_rows(cell, op)
        yield from _step_rows(cell, op)
        yield from _sequence_rows(cell, op)
    yield from _native_rows()
