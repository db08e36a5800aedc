"""Every optimizer update in every form of it: its slots, and its options."""

from __future__ import annotations

from typing import Any

import numpy as np

CASES: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "sgd": ("sgd_update", (), {}),
    "momentum": ("sgd_update", ("momentums",), {"momentum": 0.9}),
    "nesterov": ("sgd_update", ("momentums",), {"momentum": 0.9, "nesterov": True}),
    "rmsprop": ("rmsprop_update", ("velocities",), {}),
    "rmsprop momentum": ("rmsprop_update", ("velocities", "momentums"), {"momentum": 0.5}),
    "rmsprop centered": ("rmsprop_update", ("velocities", "average_gradients"), {}),
    "rmsprop both": (
        "rmsprop_update",
        ("velocities", "momentums", "average_gradients"),
        {"momentum": 0.5},
    ),
    "adam": ("adam_update", ("momentums", "velocities"), {"step": True}),
    "adamw": ("adam_update", ("momentums", "velocities"), {"step": True, "weight_decay": 0.1}),
    "amsgrad": ("adam_update", ("momentums", "velocities", "velocity_hats"), {"step": True}),
    "nadam": ("nadam_update", ("momentums", "velocities"), {"step": True, "u_product": True}),
    "adamax": ("adamax_update", ("momentums", "norms"), {"step": True}),
    "adagrad": ("adagrad_update", ("accumulators",), {"weight_decay": 0.01}),
    "adadelta": ("adadelta_update", ("accumulated_grads", "accumulated_delta_vars"), {"learning_rate": 1.0}),
    "lion": ("lion_update", ("momentums",), {"weight_decay": 0.01}),
}


def run(
    ops: Any, case: str, variable: Any, gradients: list[Any], initial: float = 0.0, **more: Any
) -> dict[str, Any]:
    """The variable and the slots after a step by each of the gradients."""
    name, slots, options = CASES[case]
    arrays = {slot: np.full_like(variable, initial) for slot in slots}
    variable = variable.copy()
    given = {"learning_rate": 0.01, **options, **more}
    for step, gradient in enumerate(gradients, 1):
        if "step" in options:
            given["step"] = step
        if "u_product" in options and step == 1:
            given["u_product"] = 1.0
        product = getattr(ops, name)(variable, gradient, **arrays, **given)
        if "u_product" in options:
            given["u_product"] = product
    return {"variable": variable, **arrays}
