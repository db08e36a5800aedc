"""Optimizer updates against torch.optim; epsilon is 0 where torch adds it in another place than Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from optimizer_cases import run

from support import assert_close

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)

# case -> torch's class and options, and ours beside the learning rate
ORACLES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "sgd": ("SGD", {}, {}),
    "momentum": ("SGD", {"momentum": 0.9}, {}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}, {}),
    "rmsprop": ("RMSprop", {"alpha": 0.9, "eps": 0.0}, {"epsilon": 0.0}),
    "rmsprop momentum": ("RMSprop", {"alpha": 0.9, "eps": 0.0, "momentum": 0.5}, {"epsilon": 0.0}),
    "rmsprop centered": ("RMSprop", {"alpha": 0.9, "eps": 0.0, "centered": True}, {"epsilon": 0.0}),
    "rmsprop both": (
        "RMSprop",
        {"alpha": 0.9, "eps": 0.0, "centered": True, "momentum": 0.5},
        {"epsilon": 0.0},
    ),
    "adam": ("Adam", {"eps": 0.0}, {"epsilon": 0.0}),
    "adamw": ("AdamW", {"eps": 0.0, "weight_decay": 0.1}, {"epsilon": 0.0}),
    "amsgrad": ("Adam", {"eps": 0.0, "amsgrad": True}, {"epsilon": 0.0}),
    "nadam": ("NAdam", {"eps": 0.0, "momentum_decay": 1.0}, {"epsilon": 0.0}),
    "adamax": ("Adamax", {"eps": 0.0}, {"epsilon": 0.0}),
    "adagrad": ("Adagrad", {"eps": 0.0}, {"epsilon": 0.0, "weight_decay": 0.0}),
    "adadelta": ("Adadelta", {"eps": 1e-6, "rho": 0.95}, {"epsilon": 1e-6, "learning_rate": 0.01}),
}


@pytest.mark.parametrize("case", ORACLES)
def test_as_torch(case: str, ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    name, theirs, ours = ORACLES[case]
    variable = rng.standard_normal((7, 9)).astype(dtype)
    # away from 0, where an epsilon of 0 divides by next to nothing; centered, one gradient has no variance
    gradients = [(rng.uniform(0.5, 2, (7, 9)) * np.sign(variable)).astype(dtype) for _ in range(5)]
    tensor = torch.tensor(variable, requires_grad=True)
    optimizer = getattr(torch.optim, name)([tensor], lr=0.01, **theirs)
    for gradient in gradients:
        tensor.grad = torch.tensor(gradient)
        optimizer.step()
    found = run(ops, case, variable, gradients, **ours)["variable"]
    # torch keeps the product of NAdam in float32 always
    allowed = 1e-9 if case == "nadam" else 0.0
    assert_close(found, tensor.detach().numpy(), max(allowed, 1000 * float(np.finfo(dtype).eps)))


def test_clipping(ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in ((3,), (40, 50), (7, 7))]
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    for tensor, array in zip(tensors, arrays, strict=True):
        tensor.grad = torch.tensor(array)
    norm = float(torch.nn.utils.clip_grad_norm_(tensors, 3.0))
    eps = float(np.finfo(dtype).eps)
    assert abs(ops.global_norm(arrays) - norm) <= 50 * eps * norm
    for found, tensor in zip(ops.clip_by_global_norm(arrays, 3.0), tensors, strict=True):
        assert_close(found, tensor.grad.numpy(), 1e-6)  # torch adds 1e-6 to the norm
