"""What the tests of `from_torch` share; imported where torch is."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import torch_models as modules  # noqa: E402
from torch import nn  # noqa: E402

from foldgate.models import from_torch  # noqa: E402


def floats(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def check(module, *examples, **options):
    """Brings a module over, and compares it on the example and, with the batch open, on half of it."""
    modules.settle(module)
    model = from_torch(module, examples, tolerance=None, **options)
    for batch in (examples, [x[:1] for x in examples]):
        with torch.no_grad():
            expected = module(*batch)
        found = model([x.numpy() for x in batch] if len(batch) > 1 else batch[0].numpy())
        pairs = (
            [(found, expected)] if isinstance(expected, torch.Tensor) else zip(found, expected, strict=True)
        )
        for a, b in pairs:
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-5, atol=1e-5)
    return model


SPATIAL = {1: (11,), 2: (11, 10), 3: (7, 6, 8)}


class Of(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)
