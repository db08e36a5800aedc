"""A part of Keras' own tests, with foldgate's kernels and without; own_suite.py runs all of them."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import own_suite

HAS_KERAS = importlib.util.find_spec("keras") is not None
needs_keras = pytest.mark.skipif(not HAS_KERAS, reason="`pip install keras` to run these tests")
FAST = (
    "layers/rnn/simple_rnn_test.py",
    "layers/rnn/gru_test.py",
    "layers/pooling/adaptive_pooling2d_test.py",
)
ALL = bool(os.environ.get("FOLDGATE_KERAS_SUITE"))


@needs_keras
@pytest.mark.parametrize("backend", own_suite.BACKENDS)
def test_nothing_fails_that_passes_without_foldgate(backend: str) -> None:
    needed = "torch" if backend == "torch" else "jax"
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"Keras' {backend} backend needs {needed} to be compared with")
    parts = own_suite.PARTS if ALL else FAST
    if not all((own_suite.keras_sources() / part).exists() for part in parts):
        pytest.skip("this release of Keras comes without its tests")
    found = own_suite.compare(backend, parts, jobs=2)
    assert found["broken"] == [], found["output"]
    assert found["passed"] >= 20
    for name in ("simple_rnn", "gru", "adaptive_max_pool"):
        assert found["calls"][name][0] > 0
