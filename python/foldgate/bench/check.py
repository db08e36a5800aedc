"""Is a result right? Compared with the reference within what rounding explains, before anything is timed."""

from __future__ import annotations

import numpy as np

from .cases import Arrays, Case


def differences(case: Case, found: Arrays, expected: Arrays, arrays: Arrays, slack: float = 1.0) -> list[str]:
    """Say what is wrong with `found`, a line a result; none when all is right.

    Args:
        case: Whose tolerance applies.
        found: Results by name, each compared with its namesake.
        expected: The reference's results; more names than `found` are fine.
        arrays: The case's inputs, on which the bound depends.
        slack: Multiplies the tolerance, for a library that is free to compute in another way.
    """
    problems = []
    for name, value in found.items():
        truth = expected[name]
        if value is None or value.shape != truth.shape:
            shape = None if value is None else value.shape
            problems.append(f"{name} has shape {shape}; the reference has {truth.shape}")
            continue
        error = float(np.max(np.abs(value.astype(np.float64) - truth), initial=0.0))
        allowed = slack * case.tolerance(name, truth, arrays)
        if not error <= allowed:  # also when the error is NaN
            problems.append(f"{name} is off by {error:.3g}; rounding explains {allowed:.3g}")
    return problems
