"""The activations that the recurrent ops know by name."""

from __future__ import annotations

from typing import Any

from foldgate import activations

_NAMES = {
    activations.linear: "linear",
    activations.relu: "relu",
    activations.tanh: "tanh",
    activations.sigmoid: "sigmoid",
    activations.leaky_relu: "leaky_relu",
    activations.hard_sigmoid: "hard_sigmoid",
    activations.elu: "elu",
    activations.softsign: "softsign",
    activations.softplus: "softplus",
}


def gate_name(activation: Any) -> str | None:
    """The name under which the recurrent ops have an activation; None where they have it not."""
    return _NAMES.get(activation)
