"""The functions of every value against torch and its autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elementwise_cases import CASES, FROM_RESULT, IDS
from support import assert_close

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)
F = torch.nn.functional

ORACLES = {
    "exp": torch.exp,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "relu6": F.relu6,
    "leaky_relu": lambda x, negative_slope=0.2: F.leaky_relu(x, negative_slope),
    "elu": F.elu,
    "selu": F.selu,
    "hard_sigmoid": F.hardsigmoid,
    "log_sigmoid": F.logsigmoid,
    "softplus": lambda x: F.softplus(x, threshold=100),
    "log": torch.log,
    "erf": torch.erf,
    "gelu": lambda x, approximate=True: F.gelu(x, approximate="tanh" if approximate else "none"),
    "silu": F.silu,
    "hard_silu": F.hardswish,
    "mish": F.mish,
    "softsign": F.softsign,
}


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_forward_and_gradient(
    name: str, options: Any, ops: Any, dtype: Any, rng: np.random.Generator
) -> None:
    x = (3 * rng.standard_normal((5, 41))).astype(dtype)
    if name == "log":
        x = np.abs(x)
    tensor = torch.tensor(x, requires_grad=True)
    expected = ORACLES[name](tensor, **options)
    dy = rng.standard_normal(x.shape).astype(dtype)
    expected.backward(torch.tensor(dy))
    y = getattr(ops, name)(x, **options)
    # torch's hardsigmoid divides by 6 in float32
    eps = float(np.finfo(np.float32 if name == "hard_sigmoid" else dtype).eps)
    assert_close(y, expected.detach().numpy(), 8 * eps * max(1, np.abs(y).max()), "y")
    dx = getattr(ops, f"{name}_backward")(dy, y if name in FROM_RESULT else x, **options)
    assert_close(dx, tensor.grad.numpy(), 32 * eps * np.abs(dx).max(), "dx")
