"""Fixtures for the whole suite; plain helpers live in support.py."""

from __future__ import annotations

import importlib
import platform
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# Tiers of this architecture, worst first; which of them the CPU has is seen when a test asks for it.
TIERS = ["neon"] if platform.machine() in ("aarch64", "arm64") else ["baseline", "avx2", "avx512"]


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """A generator seeded by the test's own name: the same numbers in every run, others in every test."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> Any:
    """Both dtypes."""
    return request.param


@pytest.fixture(params=["foldgate.reference", "foldgate.ops"], ids=["reference", "ops"])
def ops(request: pytest.FixtureRequest) -> ModuleType:
    """Both implementations, for tests of what is true of either."""
    return importlib.import_module(request.param)


@pytest.fixture(params=TIERS)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every instruction-set tier up to the active one: under FOLDGATE_MAX_ISA a test stays under it."""
    import foldgate

    before = foldgate.get_isa()
    if TIERS.index(request.param) > TIERS.index(before):
        pytest.skip(f"this machine, or FOLDGATE_MAX_ISA, ends at {before}")
    foldgate.set_max_isa(request.param)
    assert foldgate.get_isa() == request.param
    yield request.param
    foldgate.set_max_isa(before)


@pytest.fixture(params=[1, 2, 3], ids=["1thread", "2threads", "3threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Every number of threads that results must be the same for."""
    import foldgate

    before = foldgate.get_num_threads()
    foldgate.set_num_threads(request.param)
    yield request.param
    foldgate.set_num_threads(before)


@pytest.fixture
def shared_data() -> Path:
    """The folder of data sets beside the project; the test is skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the data sets in {SHARED_DATA}")
    return SHARED_DATA
