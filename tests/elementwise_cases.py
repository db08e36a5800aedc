"""The functions of every value: their arguments, and where their derivatives come from."""

from __future__ import annotations

from typing import Any

FROM_RESULT = (
    "exp",
    "tanh",
    "sigmoid",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "hard_sigmoid",
    "log_sigmoid",
    "softplus",
)
FROM_INPUT = ("log", "erf", "gelu", "silu", "hard_silu", "mish", "softsign")
FUNCTIONS = FROM_RESULT + FROM_INPUT

OPTIONS: dict[str, dict[str, Any]] = {
    "leaky_relu": {"negative_slope": 0.3},
    "elu": {"alpha": 1.7},
    "gelu": {"approximate": False},
}
"""Arguments beside the defaults."""

CASES = [(name, {}) for name in FUNCTIONS] + list(OPTIONS.items())
IDS = [f"{name}{list(options.values()) or ''}" for name, options in CASES]
