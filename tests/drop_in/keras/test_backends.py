"""Runs the checks of this folder under each backend of Keras: a process has one backend for good."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None, reason="`pip install keras` to run these tests"
)
HERE = Path(__file__).resolve().parent
CHECKS = sorted(path.name for path in HERE.glob("check_*.py"))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_checks(backend: str, check: str, tmp_path: Path) -> None:
    if backend == "torch" and importlib.util.find_spec("torch") is None:
        pytest.skip("needs torch: `pip install torch`")
    environment = os.environ | {"KERAS_BACKEND": backend, "KERAS_HOME": str(tmp_path)}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    options = ["-q", "-rs", "-p", "no:cacheprovider", "--import-mode=importlib", "--tb=short"]
    config = ["-c", os.devnull, f"--rootdir={HERE.parents[1]}", f"--confcutdir={HERE.parents[1]}"]
    command = [sys.executable, "-m", "pytest", *options, *config, str(HERE / check)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    if passed is None:
        pytest.skip(done.stdout)
