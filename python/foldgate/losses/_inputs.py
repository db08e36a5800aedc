"""What a loss or metric is given, as arrays that fit each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._defaults import floatx
from foldgate._tape import Tensor


def prediction(y_pred: Any) -> Any:
    """A Tensor or an array of floats as it is; anything else in the default float type."""
    if isinstance(y_pred, (Tensor, np.ndarray)) and y_pred.dtype.char in "fd":
        return y_pred
    return np.asarray(y_pred, y_pred.dtype if isinstance(y_pred, np.float64) else floatx())


def target(y_true: Any, y_pred: Any) -> Any:
    """The labels in the dtype of the prediction."""
    if isinstance(y_true, Tensor):
        return y_true if y_true.dtype == y_pred.dtype else y_true.astype(y_pred.dtype)
    return np.asarray(y_true, y_pred.dtype)


def same_rank(a: Any, b: Any) -> tuple[Any, Any]:
    """Of two ranks that differ by one, a last axis of 1 is dropped, or given to a single axis."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, np.expand_dims(b, -1)) if b.ndim == 1 else (np.squeeze(a, -1), b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (np.expand_dims(a, -1), b) if a.ndim == 1 else (a, np.squeeze(b, -1))
    return a, b


def pair(name: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and predictions of one dtype, whose shapes broadcast."""
    y_pred = prediction(y_pred)
    y_true, y_pred = same_rank(target(y_true, y_pred), y_pred)
    if y_true.shape != y_pred.shape:
        try:
            np.broadcast_shapes(y_true.shape, y_pred.shape)
        except ValueError:
            raise ValueError(
                f"{name}: y_true has shape {y_true.shape}; expected {y_pred.shape}, that of y_pred"
            ) from None
    return y_true, y_pred


def equal_pair(name: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and predictions of one dtype and shape."""
    y_true, y_pred = pair(name, y_true, y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(f"{name}: y_true has shape {y_true.shape}; expected {y_pred.shape}, that of y_pred")
    return y_true, y_pred
