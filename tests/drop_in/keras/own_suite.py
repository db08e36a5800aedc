"""Runs Keras' own tests of recurrent, convolutional and pooling layers and of `keras.ops.nn`.

On each backend once as Keras is and once with foldgate's kernels: nothing may fail that passes without. The
tests are those in the installed package, so another release brings others; some come without theirs.

    python tests/drop_in/keras/own_suite.py                       # both backends, all of it: minutes
    python tests/drop_in/keras/own_suite.py --backend numpy --only layers/pooling

This module is also the plugin that the runs load: it puts foldgate in place, skips what Keras marks as of
trainable backends where there is none, and writes down every outcome.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

PARTS = ("layers/rnn", "layers/convolutional", "layers/pooling", "ops/nn_test.py")
BACKENDS = ("numpy", "torch")
_RESULT, _WITH = "FOLDGATE_SUITE_RESULT", "FOLDGATE_SUITE_WITH"

_outcomes: dict[str, str] = {}


def keras_sources() -> Path:
    """The folder of the installed package's code, found without importing it."""
    spec = importlib.util.find_spec("keras")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("Keras is not installed")
    return Path(spec.origin).parent / "src"


def run(backend: str, parts: tuple[str, ...], with_foldgate: bool, timeout: float | None = None) -> Any:
    """{"outcomes": {test: outcome}, "calls": {function: [by foldgate, by Keras]}} of one run."""
    paths = [str(keras_sources() / part) for part in parts]
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        environment = os.environ | {"KERAS_BACKEND": backend, _RESULT: str(result)}
        environment |= {_WITH: "1" if with_foldgate else "", "KERAS_HOME": folder}
        environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        options = ["-q", "-p", "own_suite", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder}"]
        command = [sys.executable, "-m", "pytest", *options, "--import-mode=importlib", "--tb=line", *paths]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout, cwd=folder, check=False
        )
        if not result.is_file():
            raise RuntimeError(f"the run of Keras' tests ended without a result:\n{done.stdout}{done.stderr}")
        return json.loads(result.read_text()) | {"output": done.stdout}


def compare(backend: str, parts: tuple[str, ...] = PARTS, timeout: float | None = None, jobs: int = 1) -> Any:
    """Both runs of a backend: how many passed, and the tests that only foldgate makes fail."""
    with ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(run, backend, parts, with_foldgate, timeout) for with_foldgate in (False, True)]
    before, after = (done.result() for done in runs)
    passed = {test for test, outcome in before["outcomes"].items() if outcome == "passed"}
    broken = sorted(t for t in passed if after["outcomes"].get(t) not in ("passed", "skipped"))
    failed = sorted(t for t, outcome in before["outcomes"].items() if outcome == "failed")
    return {
        "passed": len(passed),
        "failed_anyway": failed,
        "broken": broken,
        "calls": after["calls"],
        "output": after["output"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--backend", choices=BACKENDS, nargs="+", default=list(BACKENDS))
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), metavar="PART")
    parser.add_argument("--jobs", type=int, default=1, choices=(1, 2), help="runs at once")
    given = parser.parse_args()
    broken = 0
    for backend in given.backend:
        found = compare(backend, tuple(given.only), jobs=given.jobs)
        print(f"{backend}: {found['passed']} tests pass without foldgate, {len(found['failed_anyway'])} fail")
        for test in found["failed_anyway"]:
            print(f"  fails without foldgate: {test}")
        for name, (ours, theirs) in sorted(found["calls"].items()):
            print(f"  {name}: {ours} calls by foldgate, {theirs} left to Keras")
        for test in found["broken"]:
            print(f"  BROKEN by foldgate: {test}")
        if found["broken"]:
            print(found["output"])
        broken += len(found["broken"])
        if not found["passed"]:
            print("  this release of Keras comes without these tests")
            broken += 1
    return 1 if broken else 0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requires_trainable_backend: needs gradients")
    if os.environ.get(_WITH):
        import foldgate.keras
        from foldgate.keras import rules  # which the numpy backend's room does not import

        rules.worth_training = lambda *given: True  # small sizes are what these tests have
        rules.least_pooled = rules.least_pooled_training = lambda *given: 0
        foldgate.keras.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ["KERAS_BACKEND"] == "numpy":
        for item in items:
            if item.get_closest_marker("requires_trainable_backend"):
                item.add_marker(pytest.mark.skip(reason="the numpy backend has no gradients"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        _outcomes[report.nodeid.split("keras/src/")[-1]] = report.outcome


def pytest_sessionfinish() -> None:
    from foldgate.keras import calls, is_enabled

    assert is_enabled() == bool(os.environ.get(_WITH))
    Path(os.environ[_RESULT]).write_text(json.dumps({"outcomes": _outcomes, "calls": calls()}))


if __name__ == "__main__":
    sys.exit(main())
