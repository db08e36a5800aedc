"""Arrays that cannot be updated in place, and numbers out of range, for every optimizer update; clipping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from optimizer_cases import CASES

from bad_inputs.rows import Row, floats, spoil
from foldgate import _native

Arguments = dict[str, Any]


def _arguments(case: str) -> tuple[str, Arguments]:
    op, slots, options = CASES[case]
    given = {**options, **{key: 1 for key in ("step", "u_product") if key in options}}
    arrays = {name: floats(3, 4) for name in ("variable", "gradient", *slots)}
    return op, {**arrays, **given}


def _in_place_rows(op: str, valid: Arguments) -> Iterator[Row]:
    frozen = floats(3, 4)
    frozen.flags.writeable = False
    wrong: list[tuple[str, Any, type[Exception], str]] = [
        ("a list", [0.0], TypeError, "is a list; expected a numpy.ndarray"),
        ("a view", floats(3, 8)[:, ::2], ValueError, "is not C-contiguous and aligned"),
        ("unaligned", np.zeros(49, np.uint8)[1:].view(np.float32).reshape(3, 4), ValueError, "is not C-cont"),
        ("read-only", frozen, ValueError, "is read-only"),
        ("ints", np.zeros((3, 4), np.int64), TypeError, "has dtype int64"),
        ("big-endian", floats(3, 4).astype(">f4"), TypeError, "has dtype >f4"),
    ]
    slots = [name for name in valid if isinstance(valid[name], np.ndarray) and name != "gradient"]
    for name in slots:
        for what, value, error, words in wrong:
            yield spoil(f"{name} {what}", op, valid, error, (f"{op}: ", words), **{name: value})
        yield spoil(f"{name} of another shape", op, valid, ValueError, f"{op}: ", **{name: floats(4, 3)})
        words = "convert one of them" if name == "variable" else f"{name} has dtype float64"
        double = floats(3, 4).astype(np.float64)
        yield spoil(f"{name} of float64", op, valid, TypeError, (f"{op}: ", words), **{name: double})
        memory = floats(16)
        first, second = memory[:12].reshape(3, 4), memory[4:].reshape(3, 4)
        overlap = {name: first, "gradient": second}
        yield spoil(f"{name} over the gradient", op, valid, ValueError, "gradient overlaps", **overlap)
        if name != "variable":
            for other in (first, second):
                words = f"{name} overlaps variable"
                arrays = {"variable": first, name: other}
                yield spoil("overlapping", op, valid, ValueError, words, **arrays)
    for gradient, error in ((floats(12), ValueError), ([1.0], TypeError), (None, TypeError)):
        yield spoil("gradient", op, valid, error, f"{op}: gradient ", gradient=gradient)


def _number_rows(op: str, valid: Arguments) -> Iterator[Row]:
    names = ["learning_rate", "weight_decay"]
    names += [name for name in ("momentum", "step", "u_product") if name in valid]
    for name in names:
        for value in (-1, float("nan"), float("inf")) if name != "step" else (0, -1):
            words = f"{op}: {name} is {value}; expected"
            yield spoil(f"{name} {value}", op, valid, ValueError, words, **{name: value})
        for value in (None, "1", True, [1.0]):
            words = f"{op}: {name} is {value!r}; expected"
            yield spoil(f"{name} {value!r}", op, valid, TypeError, words, **{name: value})


def optimizer_rows() -> Iterator[Row]:
    for case in CASES:
        op, valid = _arguments(case)
        yield from _in_place_rows(op, valid)
        yield from _number_rows(op, valid)
    for op, name in (("adam_update", "beta_1"), ("nadam_update", "beta_2"), ("lion_update", "beta_1")):
        _, valid = _arguments(op.removesuffix("_update"))
        for value in (1.0, 1.5, -0.1):
            yield spoil(f"{name} {value}", op, valid, ValueError, f"{op}: {name} is {value}", **{name: value})
    op, valid = _arguments("momentum")
    yield spoil("momentum of 0", op, valid, ValueError, "momentums is given; expected None", momentum=0.0)
    yield spoil("no slot", op, valid, ValueError, "momentums is None; expected an array", momentums=None)
    yield spoil("nesterov 1", op, valid, TypeError, "nesterov is 1; expected a bool", nesterov=1)
    for op in ("global_norm", "clip_by_global_norm"):
        more = {"clip_norm": 1.0} if op.startswith("clip") else {}
        for arrays, words in (
            (floats(3), "arrays is a ndarray; expected a list"),
            (None, "arrays is a NoneType"),
            ([floats(3), [1.0]], "arrays[1] is a list; expected a numpy.ndarray"),
            ([np.arange(3)], "arrays[0] has dtype int64"),
        ):
            yield spoil(words, op, {"arrays": arrays, **more}, TypeError, f"{op}: {words}")
    for clip_norm in (0.0, -1.0, float("nan")):
        words = f"clip_by_global_norm: clip_norm is {clip_norm}; expected"
        valid = {"arrays": [floats(3)], "clip_norm": clip_norm}
        yield spoil(f"clip_norm {clip_norm}", "clip_by_global_norm", valid, ValueError, words)
    yield from _native_rows()


def _native_rows() -> Iterator[Row]:
    def row(
        name: str,
        error: type[Exception],
        words: str,
        kind: int,
        g: Any,
        slots: dict[str, Any],
        *constants: float,
    ) -> Row:
        given: Any = "op", kind, [w], [g], list(slots), [list(slots.values())], constants or [0.5] * 10
        call = _native.optimizer_updates
        return Row(f"_native.optimizer_updates: {name}", lambda: call(*given), {}, error, (words,))

    w, g = floats(5), floats(5)
    for kind in (-1, 14, 2**31 - 1):
        yield row(f"kind {kind}", ValueError, f"op: kind code is {kind}", kind, g, {})
    yield row("no slots", ValueError, "op: 0 slots are given; expected 2", 7, g, {})
    yield row("constants", ValueError, "op: 2 constants are given", 0, g, {}, 1.0, 2.0)
    yield row("itself", ValueError, "gradient overlaps variable", 0, w, {})
    yield row("a slot's shape", ValueError, "op: m has shape (4,)", 1, g, {"m": floats(4)})
    yield row("a slot of None", TypeError, "op: m is not a", 1, g, {"m": None})
