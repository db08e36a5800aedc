"""What queries may see of keys, in every form of it."""

from __future__ import annotations

from typing import Any

import numpy as np

OPTIONS = ["plain", "causal", "bool", "bool of keys", "additive", "additive and causal", "scale"]


def masks(
    option: str, rng: np.random.Generator, n: int, heads: int, queries: int, keys: int, dtype: Any
) -> dict[str, Any]:
    """Options of attention; the first query of a bool mask sees nothing."""
    if option == "causal":
        return {"causal": True}
    if option == "bool":
        mask = rng.random((n, heads, queries, keys)) < 0.6
        mask[:, :, 0] = False
        return {"mask": mask}
    if option == "bool of keys":
        return {"mask": rng.random((n, 1, 1, keys)) < 0.7}
    if option == "additive":
        return {"mask": rng.standard_normal((heads, queries, keys)).astype(dtype)}
    if option == "additive and causal":
        return {"mask": rng.standard_normal((queries, 1)).astype(dtype), "causal": True}
    return {"scale": 0.7} if option == "scale" else {}
