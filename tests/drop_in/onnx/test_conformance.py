"""onnx.backend.test: every case of which foldgate.onnx has all operators must pass."""

from __future__ import annotations

import functools
import unittest
import warnings

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

import foldgate.onnx  # noqa: E402

FAMILIES = {"OnnxBackendNodeModelTest", "OnnxBackendSimpleModelTest"}
FAMILIES |= {"OnnxBackendPyTorchConvertedModelTest", "OnnxBackendPyTorchOperatorModelTest"}
DRAWN = "test_bernoulli"  # they hold the values that NumPy drew on the day they were written
# What passed when this was written; a case that stops being supported is a case lost.
LEAST_PASSED = 1934


def cases_runner() -> type:
    from onnx.backend.test.runner import Runner

    class Cases(Runner):
        @classmethod
        def assert_similar_outputs(cls, ref_outputs, outputs, rtol, atol, model_dir=None):
            if isinstance(outputs, np.ndarray) and outputs.ndim == 0:  # the suite's own walks into arrays
                np.testing.assert_allclose(outputs, ref_outputs, rtol=rtol, atol=atol)
            else:
                super().assert_similar_outputs(ref_outputs, outputs, rtol, atol, model_dir)

    return Cases


@functools.cache
def cases() -> dict[str, object]:
    """Case by name, of the CPU alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the suite's own making of its data overflows on purpose
        runner = cases_runner()(foldgate.onnx, __name__)
    return {
        f"{family.removeprefix('OnnxBackend')}.{name}": item
        for family, items in runner._test_items.items()
        if f"OnnxBackend{family}Test" in FAMILIES
        for name, item in items.items()
        if name.endswith("_cpu") and not name.startswith(DRAWN)
    }


def outcome(name: str) -> str:
    """ "passed", "unsupported", or what went wrong."""
    try:
        cases()[name].func(None)
    except unittest.SkipTest:
        return "unsupported"
    except Exception as error:
        if isinstance(error, ValueError) and str(error).startswith("model cannot be run: "):
            return "unsupported"
        return f"{type(error).__name__}: {error}"
    return "passed"


@functools.cache
def outcomes() -> dict[str, str]:
    return {name: outcome(name) for name in cases()}


def test_every_case_of_supported_operators_passes():
    wrong = {name: said for name, said in outcomes().items() if said not in ("passed", "unsupported")}
    assert not wrong, "\n".join(f"{name}: {said[:300]}" for name, said in wrong.items())


def test_no_fewer_cases_pass_than_before():
    assert sum(said == "passed" for said in outcomes().values()) >= LEAST_PASSED


def test_converted_models_all_pass():
    converted = {name: said for name, said in outcomes().items() if name.startswith("PyTorchConverted")}
    assert len(converted) >= 82 and set(converted.values()) == {"passed"}, converted
