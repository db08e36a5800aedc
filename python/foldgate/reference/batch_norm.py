"""Batch normalisation: statistics over all axes but the channels'.

y = activation(gamma xhat + beta),  xhat = (x - mean) / sqrt(variance + epsilon)
"""

from __future__ import annotations

import numpy as np

from foldgate.gradients import BatchNormOutput, NormGradients
from foldgate.reference._activation import activate, activation_backward
from foldgate.reference._norm import along, moments
from foldgate.reference._types import Array

__all__ = [
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_inference",
    "batch_norm_inference_backward",
]


def batch_norm(
    x: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    activation: str | None = None,
) -> BatchNormOutput:
    """Normalize every channel by the mean and the biased variance of the batch.

    Args:
        x: an array of at least two axes.
        gamma: `(C,)`, or `None` for 1.
        beta: `(C,)`, or `None` for 0.
        axis: the axis of the channels.
        epsilon: added to the variance.
        activation: `None` or `"relu"`.

    Returns:
        `BatchNormOutput(y, mean, variance)`, the statistics `(C,)`; zeros where `x` is empty.

    Example:
        >>> import numpy as np
        >>> batch_norm(np.array([[1.0], [3.0]]), epsilon=0.0).y.ravel()
        array([-1.,  1.])
    """
    mean, variance = moments(x, _others(x, axis))
    mean, variance = mean.ravel(), variance.ravel()
    y = batch_norm_inference(
        x, mean, variance, gamma, beta, axis=axis, epsilon=epsilon, activation=activation
    )
    return BatchNormOutput(y, mean, variance)


def batch_norm_backward(
    dy: Array,
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    activation: str | None = None,
) -> NormGradients:
    """The gradients of `sum(dy * batch_norm(x, gamma, beta, ...).y)`.

    With g = gamma dy: dx = rstd (g - mean(g) - xhat mean(g xhat)).

    Args:
        dy: of the shape of `x`.
        x, gamma, beta, axis, epsilon, activation: as in `batch_norm`.
        mean, variance: as `batch_norm` returned them.

    Returns:
        `NormGradients(dx, dgamma, dbeta)`; `dgamma` is `None` where `gamma` is.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0], [3.0]])
        >>> batch_norm_backward(np.ones((2, 1)), x, np.array([2.0]), np.array([1.0])).dbeta
        array([2.])
    """
    options = {"axis": axis, "epsilon": epsilon, "activation": activation}
    g, dgamma, dbeta = batch_norm_inference_backward(dy, x, mean, variance, gamma, beta, **options)  # type: ignore[arg-type]
    if x.size == 0:
        return NormGradients(g, dgamma, dbeta)
    others = _others(x, axis)
    xhat = (x - along(mean, x, axis)) / np.sqrt(along(variance, x, axis) + x.dtype.type(epsilon))
    assert g is not None
    dx = g - g.mean(axis=others, keepdims=True) - xhat * (g * xhat).mean(axis=others, keepdims=True)
    return NormGradients(dx, dgamma, dbeta)


def batch_norm_inference(
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    activation: str | None = None,
) -> Array:
    """Normalize every channel by a given mean and variance.

    Args:
        x: an array of at least two axes.
        mean, variance: `(C,)`.
        gamma, beta, axis, epsilon, activation: as in `batch_norm`.

    Returns:
        y, of the shape of `x`.

    Example:
        >>> import numpy as np
        >>> x, mean, variance = np.array([[1.0], [3.0]]), np.array([1.0]), np.array([4.0])
        >>> batch_norm_inference(x, mean, variance, epsilon=0.0).ravel()
        array([0., 1.])
    """
    rstd = 1 / np.sqrt(along(variance, x, axis) + x.dtype.type(epsilon))
    y = (x - along(mean, x, axis)) * (rstd if gamma is None else rstd * along(gamma, x, axis))
    return activate(y if beta is None else y + along(beta, x, axis), activation)


def batch_norm_inference_backward(
    dy: Array,
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    activation: str | None = None,
) -> NormGradients:
    """The gradients of `sum(dy * batch_norm_inference(x, mean, variance, ...))`.

    Args:
        dy: of the shape of `x`.
        x, mean, variance, gamma, beta, axis, epsilon, activation: as in `batch_norm_inference`.

    Returns:
        `NormGradients(dx, dgamma, dbeta)`; `dgamma` is `None` where `gamma` is.

    Example:
        >>> import numpy as np
        >>> one, two = np.ones((1, 1)), np.array([2.0])
        >>> batch_norm_inference_backward(one, one, two, two * two, two, epsilon=0.0).dx
        array([[1.]])
    """
    options = {"axis": axis, "epsilon": epsilon, "activation": activation}
    y = batch_norm_inference(x, mean, variance, gamma, beta, **options)  # type: ignore[arg-type]
    d, others = activation_backward(dy, y, activation), _others(x, axis)
    rstd = 1 / np.sqrt(along(variance, x, axis) + x.dtype.type(epsilon))
    dx = d * (rstd if gamma is None else rstd * along(gamma, x, axis))
    dgamma = None if gamma is None else (d * (x - along(mean, x, axis)) * rstd).sum(axis=others)
    return NormGradients(dx, dgamma, d.sum(axis=others))


def _others(x: Array, axis: int) -> tuple[int, ...]:
    return tuple(a for a in range(x.ndim) if a != axis % x.ndim)
