"""Adam and what is made of it, with the formulas of Keras 3, in place."""

from __future__ import annotations

import math

import numpy as np

from foldgate.reference._types import Array
from foldgate.reference.optimizers import decay

__all__ = ["adam_update", "adamax_update", "nadam_update"]


def adam_update(
    variable: Array,
    gradient: Array,
    momentums: Array,
    velocities: Array,
    velocity_hats: Array | None = None,
    *,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
) -> None:
    """Adam; AdamW with a weight decay; AMSGrad with `velocity_hats`.

        alpha = learning_rate * sqrt(1 - beta_2^step) / (1 - beta_1^step)
        momentums += (gradient - momentums) * (1 - beta_1)
        velocities += (gradient^2 - velocities) * (1 - beta_2)
        variable -= alpha * momentums / (sqrt(velocities) + epsilon)

    Args:
        variable: the array that is updated, float32 or float64.
        gradient: of the shape of `variable`.
        momentums: zeros at first.
        velocities: zeros at first.
        velocity_hats: zeros at first; the largest velocities so far, which take their place; None without
          AMSGrad.
        step: 1 for the first update.
        learning_rate: the step size.
        beta_1: the share that the momentums keep.
        beta_2: the share that the velocities keep.
        epsilon: added to the root.
        weight_decay: decoupled weight decay: `variable` loses learning_rate * weight_decay of itself first.

    Example:
        >>> import numpy as np
        >>> w, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
        >>> adam_update(w, np.array([2.0]), m, v, step=1, learning_rate=0.25, epsilon=0.0)
        >>> w.round(6)
        array([0.75])
    """
    decay(variable, learning_rate, weight_decay)
    alpha = learning_rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    momentums += (gradient - momentums) * (1 - beta_1)
    velocities += (np.square(gradient) - velocities) * (1 - beta_2)
    if velocity_hats is not None:
        np.maximum(velocity_hats, velocities, out=velocity_hats)
        velocities = velocity_hats
    variable -= momentums * alpha / (np.sqrt(velocities) + epsilon)


def nadam_update(
    variable: Array,
    gradient: Array,
    momentums: Array,
    velocities: Array,
    *,
    step: int,
    u_product: float,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
) -> float:
    """Adam with Nesterov's momentum.

        u(t) = beta_1 * (1 - 0.96^t / 2),  U = u(1) u(2) ... u(step)
        momentums, velocities: as in `adam_update`
        m = u(step + 1) * momentums / (1 - U u(step + 1)) + (1 - u(step)) * gradient / (1 - U)
        variable -= learning_rate * m / (sqrt(velocities / (1 - beta_2^step)) + epsilon)

    Args:
        variable: the array that is updated, float32 or float64.
        gradient: of the shape of `variable`.
        momentums: zeros at first.
        velocities: zeros at first.
        step: 1 for the first update.
        u_product: what the update of the step before returned; 1 for the first.
        learning_rate: the step size.
        beta_1: the share that the momentums keep.
        beta_2: the share that the velocities keep.
        epsilon: added to the root.
        weight_decay: decoupled weight decay: `variable` loses learning_rate * weight_decay of itself first.

    Returns:
        U, for the next step.

    Example:
        >>> import numpy as np
        >>> w, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
        >>> nadam_update(w, np.array([2.0]), m, v, step=1, u_product=1.0, beta_1=0.5)
        0.26
        >>> w.round(6)
        array([0.998855])
    """
    decay(variable, learning_rate, weight_decay)
    now, later = (beta_1 * (1 - 0.5 * 0.96**t) for t in (step, step + 1))
    product = u_product * now
    momentums += (gradient - momentums) * (1 - beta_1)
    velocities += (np.square(gradient) - velocities) * (1 - beta_2)
    mean = momentums * (later / (1 - product * later)) + gradient * ((1 - now) / (1 - product))
    variable -= mean * learning_rate / (np.sqrt(velocities * (1 / (1 - beta_2**step))) + epsilon)
    return product


def adamax_update(
    variable: Array,
    gradient: Array,
    momentums: Array,
    norms: Array,
    *,
    step: int,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
) -> None:
    """Adam by the largest gradient instead of its mean square.

        momentums += (gradient - momentums) * (1 - beta_1)
        norms = max(beta_2 * norms, |gradient|)
        variable -= learning_rate * momentums / ((1 - beta_1^step) * (norms + epsilon))

    Args:
        variable: the array that is updated, float32 or float64.
        gradient: of the shape of `variable`.
        momentums: zeros at first.
        norms: zeros at first.
        step: 1 for the first update.
        learning_rate: the step size.
        beta_1: the share that the momentums keep.
        beta_2: the share that the norms keep.
        epsilon: added to the norms.
        weight_decay: decoupled weight decay: `variable` loses learning_rate * weight_decay of itself first.

    Example:
        >>> import numpy as np
        >>> w, m, u = np.array([1.0]), np.zeros(1), np.zeros(1)
        >>> adamax_update(w, np.array([2.0]), m, u, step=1, learning_rate=0.25, epsilon=0.0)
        >>> w.round(6)
        array([0.75])
    """
    decay(variable, learning_rate, weight_decay)
    momentums += (gradient - momentums) * (1 - beta_1)
    np.maximum(norms * beta_2, np.abs(gradient), out=norms)
    variable -= momentums * (learning_rate / (1 - beta_1**step)) / (norms + epsilon)
