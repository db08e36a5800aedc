"""From the losses of every sample to one number, by weights and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._tape import Tensor, record_linear
from foldgate.losses._inputs import same_rank

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def check_reduction(name: str, reduction: str | None) -> str | None:
    """A word that says how losses are put together."""
    if reduction not in REDUCTIONS:
        raise ValueError(f"{name}: reduction is {reduction!r}; expected one of {list(REDUCTIONS)}")
    return reduction


def mean_of_all(values: Any) -> Any:
    """The mean of all losses, as one cheap node."""
    if not isinstance(values, Tensor):
        return np.mean(values)
    array = values.numpy()
    shape, dtype, size = array.shape, array.dtype, array.size

    def pullback(dz: Any) -> Any:
        return (
            np.broadcast_to(dz / size, shape) if isinstance(dz, Tensor) else np.full(shape, dz / size, dtype)
        )

    total = np.asarray(np.add.reduce(array, None) / size)
    mean = record_linear(total, values, pullback)
    return np.mean(values) if mean is total else mean  # of a Tensor that nobody watches


def reduce_weighted(values: Any, sample_weight: Any, mask: Any, reduction: str | None) -> Any:
    """The losses times their weights, reduced.

    With a mask, a mean counts only what the mask lets through.
    """
    weights = with_mask(sample_weight, mask, values.dtype, reduction)
    if weights is not None:
        values, weights = same_rank(values, np.asarray(weights, values.dtype))
        values = values * broadcastable(weights, values.shape)
    return reduce_values(values, weights, reduction)


def reduce_values(values: Any, weights: Any, reduction: str | None) -> Any:
    if reduction in (None, "none") or values.shape in ((), (0,)):
        return values
    if reduction == "sum" or values.size == 0:
        return np.sum(values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        total = float(np.sum(weights))
        return np.sum(values) / total if total else np.sum(values) * 0.0
    return np.mean(values)


def with_mask(sample_weight: Any, mask: Any, dtype: Any, reduction: str | None) -> Any:
    """Weights with the mask in them: where a mean follows, scaled so that it counts the unmasked alone."""
    if mask is None:
        return sample_weight
    kept = np.asarray(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        valid = float(np.sum(kept))
        kept = kept * (kept.size / valid if valid else 0.0)
    if sample_weight is None:
        return kept
    kept, weights = same_rank(kept, np.asarray(sample_weight, dtype))
    return kept * broadcastable(weights, kept.shape)


def broadcastable(weights: Any, shape: tuple[int, ...]) -> Any:
    """Weights that multiply values of `shape`: one weight a sample also where a sample has several values."""
    if weights.ndim and weights.ndim < len(shape) and weights.shape == shape[: weights.ndim]:
        weights = weights.reshape(weights.shape + (1,) * (len(shape) - weights.ndim))
    try:
        fits = np.broadcast_shapes(weights.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"loss: sample_weight or mask has shape {weights.shape}; expected one that fits {shape}"
        )
    return weights
