"""Optimizer updates with the formulas of Keras 3, in place."""

from __future__ import annotations

import numpy as np

from foldgate.reference._types import Array

__all__ = ["adadelta_update", "adagrad_update", "lion_update", "rmsprop_update", "sgd_update"]


def decay(variable: Array, learning_rate: float, weight_decay: float) -> None:
    """Decoupled weight decay."""
    variable *= 1 - learning_rate * weight_decay


def sgd_update(
    variable: Array,
    gradient: Array,
    momentums: Array | None = None,
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

    Example:
        >>> import numpy as np
        >>> w = np.array([1.0])
        >>> sgd_update(w, np.array([2.0]), learning_rate=0.1)
        >>> w
        array([0.8])
    """
    decay(variable, learning_rate, weight_decay)
    if momentums is None:
        variable -= gradient * learning_rate
        return
    momentums[...] = momentums * momentum - gradient * learning_rate
    variable += momentums * momentum - gradient * learning_rate if nesterov else momentums


def rmsprop_update(
    variable: Array,
    gradient: Array,
    velocities: Array,
    momentums: Array | None = None,
    average_gradients: Array | None = None,
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

    Example:
        >>> import numpy as np
        >>> w, v = np.array([1.0]), np.zeros(1)
        >>> rmsprop_update(w, np.array([2.0]), v, learning_rate=0.1, rho=0.75, epsilon=0.0)
        >>> w, v
        (array([0.8]), array([1.]))
    """
    decay(variable, learning_rate, weight_decay)
    velocities[...] = velocities * rho + np.square(gradient) * (1 - rho)
    square = velocities
    if average_gradients is not None:
        average_gradients[...] = average_gradients * rho + gradient * (1 - rho)
        square = velocities - np.square(average_gradients)
    step = gradient * learning_rate / np.sqrt(square + epsilon)
    if momentums is not None:
        momentums[...] = momentums * momentum + step
        step = momentums
    variable -= step


def adagrad_update(
    variable: Array,
    gradient: Array,
    accumulators: Array,
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

    Example:
        >>> import numpy as np
        >>> w, a = np.array([1.0]), np.zeros(1)
        >>> adagrad_update(w, np.array([2.0]), a, learning_rate=0.25, epsilon=0.0)
        >>> w, a
        (array([0.75]), array([4.]))
    """
    decay(variable, learning_rate, weight_decay)
    accumulators += np.square(gradient)
    variable -= gradient * learning_rate / np.sqrt(accumulators + epsilon)


def adadelta_update(
    variable: Array,
    gradient: Array,
    accumulated_grads: Array,
    accumulated_delta_vars: Array,
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

    Example:
        >>> import numpy as np
        >>> w, g, d = np.array([1.0]), np.zeros(1), np.ones(1)
        >>> adadelta_update(w, np.array([2.0]), g, d, learning_rate=0.5, rho=0.75, epsilon=0.0)
        >>> w, g, d
        (array([0.]), array([1.]), array([1.75]))
    """
    decay(variable, learning_rate, weight_decay)
    accumulated_grads[...] = accumulated_grads * rho + np.square(gradient) * (1 - rho)
    delta = gradient * np.sqrt(accumulated_delta_vars + epsilon) / np.sqrt(accumulated_grads + epsilon)
    accumulated_delta_vars[...] = accumulated_delta_vars * rho + np.square(delta) * (1 - rho)
    variable -= delta * learning_rate


def lion_update(
    variable: Array,
    gradient: Array,
    momentums: Array,
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

    Example:
        >>> import numpy as np
        >>> w, m = np.array([1.0]), np.zeros(1)
        >>> lion_update(w, np.array([2.0]), m, learning_rate=0.25, beta_2=0.5)
        >>> w, m
        (array([0.75]), array([1.]))
    """
    decay(variable, learning_rate, weight_decay)
    variable -= np.sign(momentums * beta_1 + gradient * (1 - beta_1)) * learning_rate
    momentums[...] = momentums * beta_2 + gradient * (1 - beta_2)
