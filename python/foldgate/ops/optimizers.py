"""Optimizer updates in place, with the formulas and defaults of Keras 3.

Slots are arrays of the shape of the variable, named as Keras names its own; the caller keeps them.
"""

from __future__ import annotations

from foldgate._typing import FloatArray
from foldgate.ops._optimizer import Optimizer, check_momentum, share, update
from foldgate.ops._scalars import check_flags


def sgd_update(
    variable: FloatArray,
    gradient: FloatArray,
    momentums: FloatArray | None = None,
    *,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> None:
    """Stochastic gradient descent, with momentum and Nesterov's form of it.

        momentums = momentum * momentums - learning_rate * gradient
        variable += momentums, or momentum * momentums - learning_rate * gradient with nesterov

    Args:
      variable: the array that is updated, float32 or float64.
      gradient: of the shape of `variable`.
      momentums: zeros at first; None without momentum, when variable -= learning_rate * gradient.
      learning_rate: the step size.
      momentum: above 0 where `momentums` is given.
      nesterov: whether the step looks ahead.
      weight_decay: decoupled weight decay: `variable` loses learning_rate * weight_decay of itself first.

    Raises:
      TypeError: an array is not one, not float32 or float64, or of another dtype than `variable`.
      ValueError: a shape differs; the variable or a slot cannot be updated in place (read-only, not
        contiguous, not aligned), or arrays overlap; a number is out of its range.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> w = np.array([1.0])
      >>> ops.sgd_update(w, np.array([2.0]), learning_rate=0.1)
      >>> w
      array([0.8])
    """
    op = "sgd_update"
    check_momentum(op, momentums, momentum)
    check_flags(op, nesterov=nesterov)
    kind = Optimizer.SGD if momentums is None else Optimizer.NESTEROV if nesterov else Optimizer.MOMENTUM
    rates = {"lr": learning_rate, "mu": momentum}
    update(op, kind, variable, gradient, {"momentums": momentums}, rates, learning_rate, weight_decay)


def rmsprop_update(
    variable: FloatArray,
    gradient: FloatArray,
    velocities: FloatArray,
    momentums: FloatArray | None = None,
    average_gradients: FloatArray | None = None,
    *,
    learning_rate: float = 0.001,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
) -> None:
    """RMSprop, plain or centered, with or without momentum.

        velocities = rho * velocities + (1 - rho) * gradient^2
        average_gradients = rho * average_gradients + (1 - rho) * gradient
        step = learning_rate * gradient / sqrt(velocities - average_gradients^2 + epsilon)
        variable -= step, or momentums = momentum * momentums + step

    Args:
      variable: the array that is updated, float32 or float64.
      gradient: of the shape of `variable`.
      velocities: zeros at first.
      momentums: zeros at first; None without momentum.
      average_gradients: zeros at first; None where not centered, and taken as 0.
      learning_rate: the step size.
      rho: the share that the averages keep.
      momentum: above 0 where `momentums` is given.
      epsilon: added under the root.
      weight_decay: decoupled weight decay: `variable` loses learning_rate * weight_decay of itself first.

    Raises:
      TypeError: an array is not one, not float32 or float64, or of another dtype than `variable`.
      ValueError: a shape differs; the variable or a slot cannot be updated in place (read-only, not
        contiguous, not aligned), or arrays overlap; a number is out of its range.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> w, v = np.array([1.0]), np.zeros(1)
      >>> ops.rmsprop_update(w, np.array([2.0]), v, learning_rate=0.1, rho=0.75, epsilon=0.0)
      >>> w, v
      (array([0.8]), array([1.]))
    """
    op = "rmsprop_update"
    check_momentum(op, momentums, momentum)
    kind = Optimizer.RMSPROP + (momentums is not None) + 2 * (average_gradients is not None)
    slots = {"velocities": velocities, "average_gradients": average_gradients, "momentums": momentums}
    rates = {"lr": learning_rate, "mu": momentum, "rho": share(op, "rho", rho), "epsilon": epsilon}
    update(op, kind, variable, gradient, slots, rates, learning_rate, weight_decay, 1)


def adagrad_update(
    variable: FloatArray,
    gradient: FloatArray,
    accumulators: FloatArray,
    *,
    learning_rate: float = 0.001,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
) -> None:
    """Adagrad.

        accumulators += gradient^2
        variable -= learning_rate * gradient / sqrt(accumulators + epsilon)

    Args:
      variable: the array that is updated, float32 or float64.
      gradient: of the shape of `variable`.
      accumulators: at first 0.1 in Keras.
      learning_rate: the step size.
      epsilon: added under the root.
      weight_decay: decoupled weight decay: `variable` loses learning_rate * weight_decay of itself first.

    Raises:
      TypeError: an array is not one, not float32 or float64, or of another dtype than `variable`.
      ValueError: a shape differs; the variable or a slot cannot be updated in place (read-only, not
        contiguous, not aligned), or arrays overlap; a number is out of its range.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> w, a = np.array([1.0]), np.zeros(1)
      >>> ops.adagrad_update(w, np.array([2.0]), a, learning_rate=0.25, epsilon=0.0)
      >>> w, a
      (array([0.75]), array([4.]))
    """
    op, slots = "adagrad_update", {"accumulators": accumulators}
    rates = {"lr": learning_rate, "epsilon": epsilon}
    update(op, Optimizer.ADAGRAD, variable, gradient, slots, rates, learning_rate, weight_decay, 1)


def adadelta_update(
    variable: FloatArray,
    gradient: FloatArray,
    accumulated_grads: FloatArray,
    accumulated_delta_vars: FloatArray,
    *,
    learning_rate: float = 0.001,
    rho: float = 0.95,
    epsilon: float = 1e-7,
    weight_decay: float = 0.0,
) -> None:
    """Adadelta.

        accumulated_grads = rho * accumulated_grads + (1 - rho) * gradient^2
        delta = gradient * sqrt(accumulated_delta_vars + epsilon) / sqrt(accumulated_grads + epsilon)
        accumulated_delta_vars = rho * accumulated_delta_vars + (1 - rho) * delta^2
        variable -= learning_rate * delta

    Args:
      variable: the array that is updated, float32 or float64.
      gradient: of the shape of `variable`.
      accumulated_grads: zeros at first.
      accumulated_delta_vars: zeros at first.
      learning_rate: the step size.
      rho: the share that the averages keep.
      epsilon: added under the roots.
      weight_decay: decoupled weight decay: `variable` loses learning_rate * weight_decay of itself first.

    Raises:
      TypeError: an array is not one, not float32 or float64, or of another dtype than `variable`.
      ValueError: a shape differs; the variable or a slot cannot be updated in place (read-only, not
        contiguous, not aligned), or arrays overlap; a number is out of its range.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> w, g, d = np.array([1.0]), np.zeros(1), np.ones(1)
      >>> ops.adadelta_update(w, np.array([2.0]), g, d, learning_rate=0.5, rho=0.75, epsilon=0.0)
      >>> w, g, d
      (array([0.]), array([1.]), array([1.75]))
    """
    op = "adadelta_update"
    slots = {"accumulated_grads": accumulated_grads, "accumulated_delta_vars": accumulated_delta_vars}
    rates = {"lr": learning_rate, "rho": share(op, "rho", rho), "epsilon": epsilon}
    update(op, Optimizer.ADADELTA, variable, gradient, slots, rates, learning_rate, weight_decay, 2)


def lion_update(
    variable: FloatArray,
    gradient: FloatArray,
    momentums: FloatArray,
    *,
    learning_rate: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    weight_decay: float = 0.0,
) -> None:
    """Lion: steps of one size, by the sign of the momentum.

        variable -= learning_rate * sign(beta_1 * momentums + (1 - beta_1) * gradient)
        momentums = beta_2 * momentums + (1 - beta_2) * gradient

    Args:
      variable: the array that is updated, float32 or float64.
      gradient: of the shape of `variable`.
      momentums: zeros at first.
      learning_rate: the step size.
      beta_1: the share of the momentums in the step.
      beta_2: the share that the momentums keep.
      weight_decay: decoupled weight decay: `variable` loses learning_rate * weight_decay of itself first.

    Raises:
      TypeError: an array is not one, not float32 or float64, or of another dtype than `variable`.
      ValueError: a shape differs; the variable or a slot cannot be updated in place (read-only, not
        contiguous, not aligned), or arrays overlap; a number is out of its range.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> w, m = np.array([1.0]), np.zeros(1)
      >>> ops.lion_update(w, np.array([2.0]), m, learning_rate=0.25, beta_2=0.5)
      >>> w, m
      (array([0.75]), array([1.]))
    """
    op, slots = "lion_update", {"momentums": momentums}
    rates = {"lr": learning_rate, "rho": share(op, "beta_1", beta_1), "q": share(op, "beta_2", beta_2)}
    update(op, Optimizer.LION, variable, gradient, slots, rates, learning_rate, weight_decay, 1)
