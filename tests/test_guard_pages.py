"""No op reads or writes beyond its operands: the page before and the page behind them fault."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from memory_layouts import guarded


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_every_op_on_every_tier() -> None:
    done = _run("-m", "guard_pages")
    assert done.returncode == 0, (
        f"died with {done.returncode}; which op: python -m guard_pages -v\n{done.stderr}"
    )
    assert int(done.stdout.split()[0]) > 300


def test_the_guard_pages_do_fault() -> None:
    code = "import numpy as np; from memory_layouts import guarded; a = guarded(np.ones(5), {}); "
    code += "print(np.lib.stride_tricks.as_strided(a, (7,), ({},)).sum())"
    for at_end, step in ((True, 8), (False, -8)):
        assert _run("-c", code.format(at_end, step)).returncode == -signal.SIGSEGV


def test_a_guarded_copy_is_a_copy() -> None:
    a = np.arange(6.0).reshape(2, 3)
    for at_end in (True, False):
        np.testing.assert_array_equal(guarded(a, at_end), a)
