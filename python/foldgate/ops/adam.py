"""Adam and what is made of it, in place, with the formulas and defaults of Keras 3."""

from __future__ import annotations

import math

from foldgate._typing import FloatArray
from foldgate.ops._optimizer import Optimizer, number, share, step_number, update


def adam_update(
    variable: FloatArray,
    gradient: FloatArray,
    momentums: FloatArray,
    velocities: FloatArray,
    velocity_hats: FloatArray | None = None,
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

    Raises:
      TypeError: an array is not one, not float32 or float64, or of another dtype than `variable`.
      ValueError: a shape differs; the variable or a slot cannot be updated in place (read-only, not
        contiguous, not aligned), or arrays overlap; a number is out of its range.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> w, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
      >>> ops.adam_update(w, np.array([2.0]), m, v, step=1, learning_rate=0.25, epsilon=0.0)
      >>> w.round(6)
      array([0.75])
    """
    op = "adam_update"
    rates = adam_rates(op, step, learning_rate, beta_1, beta_2, epsilon)
    slots = {"momentums": momentums, "velocities": velocities, "velocity_hats": velocity_hats}
    kind = Optimizer.ADAM if velocity_hats is None else Optimizer.AMSGRAD
    update(op, kind, variable, gradient, slots, rates, learning_rate, weight_decay, 2)


def adam_rates(
    op: str, step: int, learning_rate: float, beta_1: float, beta_2: float, epsilon: float
) -> dict[str, float]:
    """The kernel's numbers of one step of Adam."""
    t = step_number(op, step)
    beta_1, beta_2 = share(op, "beta_1", beta_1), share(op, "beta_2", beta_2)
    alpha = number(op, "learning_rate", learning_rate) * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return {"lr": alpha, "p": 1 - beta_1, "q": 1 - beta_2, "epsilon": epsilon}


def nadam_update(
    variable: FloatArray,
    gradient: FloatArray,
    momentums: FloatArray,
    velocities: FloatArray,
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

    Raises:
      TypeError: an array is not one, not float32 or float64, or of another dtype than `variable`.
      ValueError: a shape differs; the variable or a slot cannot be updated in place (read-only, not
        contiguous, not aligned), or arrays overlap; a number is out of its range.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> w, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
      >>> ops.nadam_update(w, np.array([2.0]), m, v, step=1, u_product=1.0, beta_1=0.5)
      0.26
      >>> w.round(6)
      array([0.998855])
    """
    op = "nadam_update"
    rates, product = nadam_rates(op, step, u_product, learning_rate, beta_1, beta_2, epsilon)
    slots = {"momentums": momentums, "velocities": velocities}
    update(op, Optimizer.NADAM, variable, gradient, slots, rates, learning_rate, weight_decay, 2)
    return product


def nadam_rates(
    op: str,
    step: int,
    u_product: float,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> tuple[dict[str, float], float]:
    """The kernel's numbers of one step of Nadam, and U."""
    t, keep = step_number(op, step), share(op, "beta_2", beta_2)
    beta_1 = share(op, "beta_1", beta_1)
    now, later = beta_1 * (1 - 0.5 * 0.96**t), beta_1 * (1 - 0.5 * 0.96 ** (t + 1))
    product = share(op, "u_product", u_product, with_one=True) * now
    rates = {"lr": learning_rate, "p": 1 - beta_1, "q": 1 - keep, "epsilon": epsilon}
    rates |= {"a": later / (1 - product * later), "b": (1 - now) / (1 - product), "c": 1 / (1 - keep**t)}
    return rates, product


def adamax_update(
    variable: FloatArray,
    gradient: FloatArray,
    momentums: FloatArray,
    norms: FloatArray,
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

    Raises:
      TypeError: an array is not one, not float32 or float64, or of another dtype than `variable`.
      ValueError: a shape differs; the variable or a slot cannot be updated in place (read-only, not
        contiguous, not aligned), or arrays overlap; a number is out of its range.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> w, m, u = np.array([1.0]), np.zeros(1), np.zeros(1)
      >>> ops.adamax_update(w, np.array([2.0]), m, u, step=1, learning_rate=0.25, epsilon=0.0)
      >>> w.round(6)
      array([0.75])
    """
    op = "adamax_update"
    rates = adamax_rates(op, step, learning_rate, beta_1, beta_2, epsilon)
    slots = {"momentums": momentums, "norms": norms}
    update(op, Optimizer.ADAMAX, variable, gradient, slots, rates, learning_rate, weight_decay, 2)


def adamax_rates(
    op: str, step: int, learning_rate: float, beta_1: float, beta_2: float, epsilon: float
) -> dict[str, float]:
    """The kernel's numbers of one step of Adamax."""
    t, beta_1, keep = step_number(op, step), share(op, "beta_1", beta_1), share(op, "beta_2", beta_2)
    alpha = number(op, "learning_rate", learning_rate) / (1 - beta_1**t)
    return {"lr": alpha, "p": 1 - beta_1, "q": keep, "epsilon": epsilon}
