"""Configurations, inference and losses of regularization layers against Keras'; their noise is another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, quiet, same_config

CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Dropout", {"rate": 0.3, "seed": 4}, (3, 4)),
    ("Dropout", {"rate": 0.3, "noise_shape": (None, 1, 5)}, (3, 4, 5)),
    ("SpatialDropout1D", {"rate": 0.3}, (3, 4, 5)),
    ("SpatialDropout2D", {"rate": 0.3, "data_format": "channels_first"}, (3, 4, 5, 2)),
    ("SpatialDropout3D", {"rate": 0.3, "seed": 2}, (3, 4, 5, 2, 2)),
    ("GaussianNoise", {"stddev": 0.3}, (3, 4)),
    ("GaussianDropout", {"rate": 0.3, "seed": 2}, (3, 4)),
    ("AlphaDropout", {"rate": 0.3}, (3, 4)),
    ("ActivityRegularization", {"l1": 0.25, "l2": 0.5}, (3, 4)),
]


@pytest.mark.parametrize(("kind", "arguments", "shape"), CASES)
def test_inference_and_configuration(kind: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    ours, theirs = both(kind, **arguments)
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    assert_same(ours, theirs, x)
    assert len(ours.variables) == len(theirs.variables)
    same_config(ours, theirs)


def test_activity_loss() -> None:
    ours, theirs = both("ActivityRegularization", l1=0.25, l2=0.5)
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    ours(x)
    quiet(theirs, x)
    np.testing.assert_allclose(float(ours.losses[0]), theirs.losses[0].item(), rtol=1e-5)
