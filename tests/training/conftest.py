"""Data to train a classifier with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


@pytest.fixture
def xy(rng: np.random.Generator) -> tuple[Any, Any]:
    x = rng.normal(size=(50, 5)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0.5)
