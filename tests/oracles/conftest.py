"""torch on one thread: the problems here are small, and its pool would only wait for busy cores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> Iterator[None]:
    """For the oracle tests alone; the setting is put back after them."""
    torch = pytest.importorskip(
        "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
    )
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
