"""What the recurrent sequence ops and their backward functions refuse. Imported as `recurrent_refusals`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recurrent_checks import gradients_of, run

from foldgate import ops
from recurrent_cases import RecurrentOp


def check_refusals(op: RecurrentOp, rng: np.random.Generator) -> None:
    """Bad operands: the class of the error, the argument, what was found and what was expected."""
    n, steps, d, u = 4, 5, 3, 6
    g, name = op.gates, op.name
    good = op.operands(rng, n, steps, d, u, np.float32)
    x = good["x"]
    wide = g * u
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"x": x.tolist()}, TypeError, f"{name}: x is a list; expected a numpy.ndarray"),
        ({"x": x.astype(np.int64)}, TypeError, f"{name}: x has dtype int64; expected float32 or float64"),
        ({"kernel": good["kernel"].astype(np.float64)}, TypeError, "kernel has dtype float64 but x"),
        ({"x": x[0]}, ValueError, r"x has shape \(5, 3\); expected \(batch, steps, features\)"),
        ({"x": x[:, :, :2]}, ValueError, r"kernel has shape .*; expected \(2, .*2 features of x"),
        ({"kernel": good["kernel"][:2]}, ValueError, rf"kernel has shape \(2, {wide}\); expected \(3, "),
        ({"recurrent_kernel": np.zeros((u + 1, g * (u + 1)), np.float32)}, ValueError,
         rf"recurrent_kernel has shape \({u + 1}, .*\); expected \({u}, {wide}\)"),
        ({"recurrent_kernel": good["recurrent_kernel"][:, :-1]}, ValueError, "recurrent_kernel has shape"),
        ({"bias": np.zeros(wide + 1, np.float32)}, ValueError, r"bias has shape .*; expected \("),
        ({"initial_h": np.zeros((n + 1, u), np.float32)}, ValueError,
         rf"initial_h has shape \(5, 6\); expected \({n}, {u}\)"),
        ({"initial_h": np.zeros((1, n, u), np.float32)}, ValueError, r"initial_h has shape \(1, 4, 6\)"),
        ({"mask": np.ones((n, steps + 1), bool)}, ValueError, r"mask has shape \(4, 6\); expected \(4, 5\)"),
        ({"mask": np.ones((n, steps), np.float32)}, TypeError, "mask has dtype float32; expected bool"),
        ({"mask": [[True]]}, TypeError, "mask is a list; expected a numpy.ndarray of bool"),
        ({"lengths": np.ones(n)}, TypeError, "lengths has dtype float64; expected integers"),
        ({"lengths": np.ones(n, bool)}, TypeError, "lengths has dtype bool; expected integers"),
        ({"lengths": [1, 2, 3, 4]}, TypeError, "lengths is a list; expected a numpy.ndarray of integers"),
        ({"lengths": np.array([1, 2, 3])}, ValueError, r"lengths has shape \(3,\); expected \(4,\)"),
        ({"lengths": np.array([1, -1, 3, 4])}, ValueError, r"lengths\[1\] is -1; expected 0 to 5"),
        ({"lengths": np.array([1, 2, 6, 4])}, ValueError, r"lengths\[2\] is 6; expected 0 to 5"),
        ({"lengths": np.array([1, 2, 3, 2**63], np.uint64)}, ValueError, "lengths has 9223372036854775808"),
        ({"lengths": np.ones(n, int), "mask": np.ones((n, steps), bool)}, ValueError, "both mask and"),
        ({"return_sequences": False, "return_cache": True}, ValueError, "return_sequences is False"),
    ]  # fmt: skip
    if "c" in op.states:
        cases.append(
            ({"initial_c": np.zeros((n, u + 1), np.float32)}, ValueError, r"initial_c has shape \(4, 7\)")
        )
    if g > 1:
        cases.append(
            ({"kernel": np.zeros((d, wide + 1), np.float32)}, ValueError, f"expected a multiple of {g}")
        )
    for changed, error, words in cases:
        with pytest.raises(error, match=f"^{name}: .*{words}" if not words.startswith(name) else words):
            getattr(ops, name)(**{**good, **op.options, **changed})


def check_backward_refusals(op: RecurrentOp, rng: np.random.Generator) -> None:
    """What backward is given must be what forward was given and returned."""
    n, steps, d, u = 4, 5, 3, 6
    good = op.operands(rng, n, steps, d, u, np.float32)
    y, *_, cache = run(ops, op, good, return_cache=True)
    given = gradients_of(op, rng, n, steps, u, np.float32)
    double = cache.astype(np.float64)
    other = cache.copy()
    other[0] += 1
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"dy": given["dy"][:, 1:]}, ValueError, r"dy has shape \(4, 4, 6\); expected \(4, 5, 6\)"),
        ({"dh": given["dh"][1:]}, ValueError, r"dh has shape \(3, 6\); expected \(4, 6\)"),
        ({"y": y[:, :, 1:]}, ValueError, r"y has shape \(4, 5, 5\); expected \(4, 5, 6\)"),
        ({"cache": cache[:-1]}, ValueError, r"cache has shape .*; expected \("),
        ({"cache": cache[None]}, ValueError, r"cache has shape \(1, .*; expected \("),
        ({"cache": double}, TypeError, "cache has dtype float64 but x has dtype float32"),
        ({"cache": other}, ValueError, "cache was made by another op or on another instruction-set tier"),
        ({"cache": None}, TypeError, "cache is a NoneType; expected a numpy.ndarray"),
        ({"dy": None, "dh": None, "dc": None}, ValueError, "are None; expected at least one of them"),
        ({"dy": given["dy"].astype(np.float64)}, TypeError, "dy has dtype float64"),
    ]  # fmt: skip
    if cache.size > 16:  # the simple RNN's is its header alone
        cases.append(({"lengths": np.array([5, 4, 5, 5])}, ValueError, "cache has shape"))
    arguments = {**good, **given, **op.options, "y": y, "cache": cache}
    if "c" not in op.states:
        for changed, *_ in cases:
            changed.pop("dc", None)
    for changed, error, words in cases:
        with pytest.raises(error, match=f"^{op.name}_backward: .*{words}"):
            getattr(ops, f"{op.name}_backward")(**{**arguments, **changed})
