"""Layer and rms normalisation: statistics over the last axes.

    y = gamma xhat + beta,  xhat = (x - mean) rstd,  rstd = 1 / sqrt(variance + epsilon)

RMS normalisation takes the mean as 0, and has no beta.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foldgate.gradients import NormGradients, NormOutput
from foldgate.reference._norm import last_axes, moments, standard_gradient
from foldgate.reference._types import Array

__all__ = ["layer_norm", "layer_norm_backward", "rms_norm", "rms_norm_backward"]


def layer_norm(
    x: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    *,
    axis: int | Sequence[int] = -1,
    epsilon: float = 1e-3,
    return_statistics: bool = False,
) -> Array | NormOutput:
    """Normalize by the mean and variance over the last axes.

    Args:
        x: `(..., *D)`.
        gamma: `(*D)`, or `None` for 1.
        beta: `(*D)`, or `None` for 0.
        axis: the axes D: the last one, or a tuple of the last ones.
        epsilon: added to the variance.
        return_statistics: whether to return the statistics too, of the shape of the axes before.

    Returns:
        y, or `NormOutput(y, mean, rstd)`.

    Example:
        >>> import numpy as np
        >>> layer_norm(np.array([[1.0, 3.0], [6.0, 2.0]]), epsilon=0.0)
        array([[-1.,  1.],
               [ 1., -1.]])
    """
    axes = last_axes(axis, x.ndim)
    mean, variance = moments(x, axes)
    rstd = 1 / np.sqrt(variance + x.dtype.type(epsilon))
    y = (x - mean) * rstd
    y = y if gamma is None else y * gamma
    y = y if beta is None else y + beta
    return NormOutput(y, mean.squeeze(axes), rstd.squeeze(axes)) if return_statistics else y


def layer_norm_backward(
    dy: Array,
    x: Array,
    mean: Array,
    rstd: Array,
    gamma: Array | None = None,
    *,
    axis: int | Sequence[int] = -1,
) -> NormGradients:
    """The gradients of `sum(dy * layer_norm(x, gamma, beta, ...))`.

    Args:
        dy: of the shape of `x`.
        x, gamma, axis: as in `layer_norm`.
        mean, rstd: as `layer_norm` returned them.

    Returns:
        `NormGradients(dx, dgamma, dbeta)`; `dgamma` is `None` where `gamma` is.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0, 3.0]])
        >>> layer_norm_backward(np.ones((1, 2)), x, np.array([2.0]), np.ones(1)).dbeta
        array([1., 1.])
    """
    axes = last_axes(axis, x.ndim)
    rstd = np.expand_dims(rstd, axes)
    xhat, before = (x - np.expand_dims(mean, axes)) * rstd, tuple(range(x.ndim - len(axes)))
    dx = standard_gradient(dy if gamma is None else dy * gamma, xhat, rstd, axes)
    dgamma = None if gamma is None else np.asarray((dy * xhat).sum(axis=before))
    return NormGradients(dx, dgamma, np.asarray(dy.sum(axis=before)))


def rms_norm(
    x: Array,
    gamma: Array | None = None,
    *,
    axis: int | Sequence[int] = -1,
    epsilon: float = 1e-6,
    return_statistics: bool = False,
) -> Array | NormOutput:
    """Divide by the root of the mean square over the last axes: y = gamma x rstd.

    Args:
        x: `(..., *D)`.
        gamma: `(*D)`, or `None` for 1.
        axis: the axes D: the last one, or a tuple of the last ones.
        epsilon: added to the mean square.
        return_statistics: whether to return rstd too, of the shape of the axes before.

    Returns:
        y, or `NormOutput(y, None, rstd)`.

    Example:
        >>> import numpy as np
        >>> rms_norm(np.array([[1.0, 7.0], [-1.0, 1.0]]), epsilon=0.0)
        array([[ 0.2,  1.4],
               [-1. ,  1. ]])
    """
    axes = last_axes(axis, x.ndim)
    rstd = 1 / np.sqrt(np.square(x).mean(axis=axes, keepdims=True) + x.dtype.type(epsilon))
    y = x * rstd if gamma is None else x * rstd * gamma
    return NormOutput(y, None, rstd.squeeze(axes)) if return_statistics else y


def rms_norm_backward(
    dy: Array,
    x: Array,
    rstd: Array,
    gamma: Array | None = None,
    *,
    axis: int | Sequence[int] = -1,
) -> NormGradients:
    """The gradients of `sum(dy * rms_norm(x, gamma, ...))`: dx = rstd (g - xhat mean(g xhat)).

    Args:
        dy: of the shape of `x`.
        x, gamma, axis: as in `rms_norm`.
        rstd: as `rms_norm` returned it.

    Returns:
        `NormGradients(dx, dgamma, None)`; `dgamma` is `None` where `gamma` is.

    Example:
        >>> import numpy as np
        >>> rms_norm_backward(np.ones((1, 2)), np.array([[1.0, 7.0]]), np.array([0.2]), np.ones(2)).dgamma
        array([0.2, 1.4])
    """
    axes = last_axes(axis, x.ndim)
    rstd = np.expand_dims(rstd, axes)
    xhat, before = x * rstd, tuple(range(x.ndim - len(axes)))
    g = dy if gamma is None else dy * gamma
    dx = rstd * (g - xhat * (g * xhat).mean(axis=axes, keepdims=True))
    dgamma = None if gamma is None else np.asarray((dy * xhat).sum(axis=before))
    return NormGradients(dx, dgamma, None)
