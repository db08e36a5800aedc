"""The Keras example: each backend in an interpreter of its own, for a process has one."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HAS_KERAS = importlib.util.find_spec("keras") is not None
needs_keras = pytest.mark.skipif(not HAS_KERAS, reason="`pip install keras` to run these tests")


def run(backend: str, folder: Path, *arguments: str) -> str:
    environment = os.environ | {"KERAS_BACKEND": backend, "KERAS_HOME": str(folder)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_keras
@pytest.mark.parametrize(("backend", "arguments"), [("numpy", []), ("torch", ["--train"])])
def test_it_measures(backend: str, arguments: list[str], tmp_path: Path) -> None:
    if backend == "torch":
        pytest.importorskip("torch")
    script = str(ROOT / "examples" / "accelerate_keras.py")
    printed = run(backend, tmp_path, script, "--count", "48", *arguments)
    assert f"{backend} backend" in printed
    if backend == "torch":
        assert "predict" in printed and "fit, one epoch" in printed


@needs_keras
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_the_script_of_the_guide(backend: str, tmp_path: Path) -> None:
    if backend == "torch":
        pytest.importorskip("torch")
    page = (ROOT / "docs" / "keras_backends.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    printed = run(backend, tmp_path, "-c", code).splitlines()
    assert printed[0] == "(16, 10)"
    counted = ast.literal_eval(printed[1])
    assert {name: ours for name, (ours, _) in counted.items()} == {
        "conv": 1,
        "max_pool": 1,
        "lstm": 2,
        "gru": 1,
    }
