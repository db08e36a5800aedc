"""Runs the checks of this folder under each backend of Keras: a process has one backend for good."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None, reason="`pip install keras` to run these tests"
)
HERE = Path(__file__).resolve().parent
CHECKS = sorted(HERE.glob("check_*.py"))
BACKENDS = [name for name in ("numpy", "torch") if name == "numpy" or importlib.util.find_spec(name)]
# Two processes share the cores; what JAX is asked for here is compiled for a single call.
CHEAP = {
    "OMP_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
}

Done = subprocess.CompletedProcess[str]


def run(backend: str, home: Path) -> Done:
    """All checks, in an interpreter of their own."""
    environment = CHEAP | os.environ | {"KERAS_BACKEND": backend, "KERAS_HOME": str(home)}
    environment["PYTHONPATH"] = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    options = ["-q", "-rs", "-p", "no:cacheprovider", "--import-mode=importlib", "--tb=short"]
    config = ["-c", os.devnull, f"--rootdir={HERE.parents[1]}", f"--confcutdir={HERE.parents[1]}"]
    command = [sys.executable, "-X", "faulthandler", "-m", "pytest", *options, *config, *map(str, CHECKS)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Done]]]:
    """The checks under each backend, started together."""
    home = tmp_path_factory.mktemp("keras")
    with ThreadPoolExecutor(len(BACKENDS)) as pool:
        yield {backend: pool.submit(run, backend, home) for backend in BACKENDS}


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_checks(backend: str, runs: dict[str, Future[Done]]) -> None:
    if backend not in runs:
        pytest.skip(f"needs {backend}: `pip install {backend}`")
    done = runs[backend].result()
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None and int(passed.group(1)) >= 100, done.stdout
