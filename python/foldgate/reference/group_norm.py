"""Group and instance normalisation: statistics of each sample over the positions and channels of a group.

y = gamma xhat + beta,  xhat = (x - mean) rstd,  rstd = 1 / sqrt(variance + epsilon)
"""

from __future__ import annotations

import numpy as np

from foldgate.gradients import NormGradients, NormOutput
from foldgate.reference._norm import moments, standard_gradient
from foldgate.reference._types import Array

__all__ = ["group_norm", "group_norm_backward", "instance_norm", "instance_norm_backward"]


def group_norm(
    x: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    *,
    groups: int = 32,
    axis: int = -1,
    epsilon: float = 1e-3,
    return_statistics: bool = False,
) -> Array | NormOutput:
    """Normalize each sample by the mean and variance of groups of neighbouring channels.

    Args:
        x: `(N, ..., C)`, or `(N, C, ...)` with axis 1.
        gamma: `(C,)`, or `None` for 1.
        beta: `(C,)`, or `None` for 0.
        groups: a divisor of C.
        axis: the last one, or 1.
        epsilon: added to the variance.
        return_statistics: whether to return the statistics too, `(N, groups)`.

    Returns:
        y, or `NormOutput(y, mean, rstd)`.

    Example:
        >>> import numpy as np
        >>> group_norm(np.array([[1.0, 3.0, 6.0, 2.0]]), groups=2, epsilon=0.0)
        array([[-1.,  1.,  1., -1.]])
    """
    grouped = _grouped(x, groups, axis)
    mean, variance = moments(grouped, (2, 3))
    rstd = 1 / np.sqrt(variance + x.dtype.type(epsilon))
    y = (grouped - mean) * rstd * _by_channel(gamma, grouped, 1) + _by_channel(beta, grouped, 0)
    y = _ungrouped(y, x, axis)
    return NormOutput(y, mean[:, :, 0, 0], rstd[:, :, 0, 0]) if return_statistics else y


def group_norm_backward(
    dy: Array,
    x: Array,
    mean: Array,
    rstd: Array,
    gamma: Array | None = None,
    *,
    groups: int = 32,
    axis: int = -1,
) -> NormGradients:
    """The gradients of `sum(dy * group_norm(x, gamma, beta, ...))`.

    Args:
        dy: of the shape of `x`.
        x, gamma, groups, axis: as in `group_norm`.
        mean, rstd: as `group_norm` returned them.

    Returns:
        `NormGradients(dx, dgamma, dbeta)`; `dgamma` is `None` where `gamma` is.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1.0, 3.0]])
        >>> group_norm_backward(np.ones((1, 2)), x, np.array([[2.0]]), np.ones((1, 1)), groups=1).dbeta
        array([1., 1.])
    """
    d, rstd = _grouped(dy, groups, axis), rstd[:, :, None, None]
    xhat = (_grouped(x, groups, axis) - mean[:, :, None, None]) * rstd
    dx = standard_gradient(d * _by_channel(gamma, d, 1), xhat, rstd, (2, 3)) if x.size else d
    dgamma = None if gamma is None else (d * xhat).sum(axis=(0, 3)).ravel()
    return NormGradients(_ungrouped(dx, x, axis), dgamma, d.sum(axis=(0, 3)).ravel())


def instance_norm(
    x: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    return_statistics: bool = False,
) -> Array | NormOutput:
    """Normalize each channel of each sample by its own mean and variance.

    Args:
        x, gamma, beta, axis, epsilon: as in `group_norm`.
        return_statistics: whether to return the statistics too, `(N, C)`.

    Returns:
        y, or `NormOutput(y, mean, rstd)`.

    Example:
        >>> import numpy as np
        >>> instance_norm(np.array([1.0, 3.0, 6.0, 2.0]).reshape(1, 2, 2), axis=1, epsilon=0.0).ravel()
        array([-1.,  1.,  1., -1.])
    """
    return group_norm(
        x,
        gamma,
        beta,
        groups=x.shape[axis],
        axis=axis,
        epsilon=epsilon,
        return_statistics=return_statistics,
    )


def instance_norm_backward(
    dy: Array,
    x: Array,
    mean: Array,
    rstd: Array,
    gamma: Array | None = None,
    *,
    axis: int = -1,
) -> NormGradients:
    """The gradients of `sum(dy * instance_norm(x, gamma, beta, ...))`.

    Args:
        dy, x, mean, rstd, gamma, axis: as in `group_norm_backward`, with a group a channel.

    Returns:
        `NormGradients(dx, dgamma, dbeta)`; `dgamma` is `None` where `gamma` is.

    Example:
        >>> import numpy as np
        >>> x = np.array([1.0, 3.0]).reshape(1, 2, 1)
        >>> instance_norm_backward(np.ones((1, 2, 1)), x, np.array([[2.0]]), np.ones((1, 1))).dbeta
        array([2.])
    """
    return group_norm_backward(dy, x, mean, rstd, gamma, groups=x.shape[axis], axis=axis)


def _grouped(x: Array, groups: int, axis: int) -> Array:
    """(N, groups, C / groups, positions)"""
    first = np.moveaxis(x, axis, 1)
    positions = int(np.prod(first.shape[2:]))
    return first.reshape(len(x), groups, x.shape[axis] // groups, positions)


def _ungrouped(grouped: Array, x: Array, axis: int) -> Array:
    first = grouped.reshape(np.moveaxis(x, axis, 1).shape)
    return np.ascontiguousarray(np.moveaxis(first, 1, axis))


def _by_channel(values: Array | None, grouped: Array, otherwise: int) -> Array:
    if values is None:
        return np.array(otherwise, grouped.dtype)
    return values.reshape(1, grouped.shape[1], grouped.shape[2], 1)
