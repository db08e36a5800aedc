"""Activations and their derivatives, each written in terms of the activated output."""

from __future__ import annotations

import numpy as np

from foldgate.reference._types import Array

__all__ = ["activate", "activation_backward", "sigmoid"]


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), by the branch whose exponential cannot overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def activate(x: Array, activation: str | None) -> Array:
    """Apply an activation by name; NaN stays NaN under every one of them."""
    if activation in (None, "linear"):
        return x
    if activation == "relu":
        return np.maximum(x, 0)
    if activation == "relu6":
        return np.clip(x, 0, 6)
    if activation == "tanh":
        return np.tanh(x)
    if activation == "sigmoid":
        return sigmoid(x)
    raise _unknown(activation)


def activation_backward(dy: Array, y: Array, activation: str | None) -> Array:
    """The gradient before the activation, from the gradient `dy` after it and the output `y = activation(x)`.

    relu' = [y > 0], relu6' = [0 < y < 6], tanh' = 1 - y^2, sigmoid' = y (1 - y).
    """
    if activation in (None, "linear"):
        return dy
    if activation == "relu":
        return np.where(y > 0, dy, np.zeros_like(dy))
    if activation == "relu6":
        return np.where((y > 0) & (y < 6), dy, np.zeros_like(dy))
    if activation == "tanh":
        return np.asarray(dy * (1 - y * y))
    if activation == "sigmoid":
        return np.asarray(dy * y * (1 - y))
    raise _unknown(activation)


def _unknown(activation: str | None) -> ValueError:
    known = "None, 'linear', 'relu', 'relu6', 'tanh' or 'sigmoid'"
    return ValueError(f"activation is {activation!r}; expected {known}")
