"""No input crashes the process: every bad one ends in an error that names op, argument and value."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bad_inputs.every import all_rows, complaint
from bad_inputs.rows import Row

ROWS: dict[str, list[Row]] = {}
for _row in all_rows():
    ROWS.setdefault(_row.name.split(":")[0], []).append(_row)


@pytest.mark.parametrize("function", sorted(ROWS))
def test_each_ends_in_its_error(function: str) -> None:
    complaints = [wrong for wrong in map(complaint, ROWS[function]) if wrong]
    assert not complaints, "\n".join(complaints)


def test_every_op_and_native_function_has_rows() -> None:
    from foldgate import _native, ops

    functions = {name for name in ops.__all__ if callable(getattr(ops, name)) and name.islower()}
    taking_arrays = {"matmul", "conv", "conv_backward", "max_pool_backward"}
    taking_arrays |= {"recurrent_forward", "recurrent_backward"}
    assert set(ROWS) >= functions | {f"_native.{name}" for name in taking_arrays if hasattr(_native, name)}
    assert sum(map(len, ROWS.values())) >= 60


def test_the_process_survives_all_of_them_with_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bad_inputs"],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert done.stdout.rstrip().endswith(" 0 complaints")
