"""The page's script and the example run as they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
ROOT = Path(__file__).resolve().parents[3]


def run(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, cwd=cwd, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_of_the_page(tmp_path):
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "torch.md").read_text(), re.DOTALL)
    (tmp_path / "script.py").write_text(script)
    out = run("script.py", cwd=tmp_path)
    assert re.search(r"rnn\W+GRU\W+yes", out) and re.search(r"head\W+Linear\W+no", out)
    assert (tmp_path / "tagger.pt").exists()


def test_the_example(tmp_path):
    out = run(str(ROOT / "examples" / "accelerate_torch.py"), "--steps", "2", "--batch", "4", cwd=tmp_path)
    losses = re.findall(r"loss ([\d.]+) -> ([\d.]+)", out)
    assert len(losses) == 2 and losses[0] == losses[1]
