"""Normalisation of each sample by groups of its channels, and instance norm, with a group a channel."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import Any, Literal, overload

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray
from foldgate.gradients import NormGradients, NormOutput
from foldgate.ops._norm import channels_first, epsilon_argument, recorded_norm
from foldgate.ops._record import any_tensor, record
from foldgate.ops._scalars import flag_argument

_OPERANDS = ("x", "gamma", "beta")

_calls = _native.Calls(3, 128)

_instance_calls = _native.Calls(3, 128)


@overload
def group_norm(
    x: FloatArray,
    gamma: FloatArray | None = ...,
    beta: FloatArray | None = ...,
    *,
    groups: int = ...,
    axis: int = ...,
    epsilon: float = ...,
    return_statistics: Literal[False] = ...,
) -> FloatArray: ...
@overload
def group_norm(
    x: FloatArray,
    gamma: FloatArray | None = ...,
    beta: FloatArray | None = ...,
    *,
    groups: int = ...,
    axis: int = ...,
    epsilon: float = ...,
    return_statistics: Literal[True],
) -> NormOutput: ...
@_calls.first  # a call like an earlier one never comes here
def group_norm(
    x: FloatArray,
    gamma: FloatArray | None = None,
    beta: FloatArray | None = None,
    *,
    groups: int = 32,
    axis: int = -1,
    epsilon: float = 1e-3,
    return_statistics: bool = False,
) -> FloatArray | NormOutput:
    """Normalizes each sample by the mean and variance of groups of neighbouring channels.

        y = gamma (x - mean) rstd + beta,  rstd = 1 / sqrt(variance + epsilon)

    Args:
      x: (N, ..., C), or (N, C, ...) with axis 1; float32 or float64.
      gamma: (C,), or None for 1.
      beta: (C,), or None for 0.
      groups: a divisor of C.
      axis: the axis of the channels: the last one, or 1.
      epsilon: added to the variance.
      return_statistics: whether to return what `group_norm_backward` needs.

    Returns:
      y, of the shape of `x`; with `return_statistics`, NormOutput(y, mean, rstd), the statistics (N, groups).

    Raises:
      TypeError: an operand is not an array, not float32 or float64, or of another dtype than `x`.
      ValueError: a shape does not fit `x`, `groups` does not divide C, there are no positions, `axis` is
        another one, or `epsilon` is negative.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.group_norm(np.array([[1.0, 3.0, 6.0, 2.0]]), groups=2, epsilon=0.0)
      array([[-1.,  1.,  1., -1.]])
    """
    if any_tensor(x, gamma, beta):
        return record(
            group_norm, partial(recorded_norm, group_norm, group_norm_backward), _OPERANDS, locals()
        )
    call = tuple(locals().values())
    return _forward(_calls, call, "group_norm", x, gamma, beta, groups, axis, epsilon, return_statistics)


def group_norm_backward(
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray,
    rstd: FloatArray,
    gamma: FloatArray | None = None,
    *,
    groups: int = 32,
    axis: int = -1,
) -> NormGradients:
    """The gradients of `sum(dy * group_norm(x, gamma, beta, ...))`.

    Args:
      dy: of the shape of `x`.
      x, gamma, groups, axis: as given to `group_norm`.
      mean, rstd: (N, groups), as `group_norm` returned them.

    Returns:
      NormGradients(dx, dgamma, dbeta); dgamma is None where gamma is.

    Raises:
      TypeError: as `group_norm`.
      ValueError: as `group_norm`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([[1.0, 3.0, 6.0, 2.0]])
      >>> y, mean, rstd = ops.group_norm(x, groups=2, return_statistics=True)
      >>> ops.group_norm_backward(np.ones((1, 4)), x, mean, rstd, groups=2).dbeta
      array([1., 1., 1., 1.])
    """
    return _backward("group_norm_backward", dy, x, mean, rstd, gamma, groups, axis)


@overload
def instance_norm(
    x: FloatArray,
    gamma: FloatArray | None = ...,
    beta: FloatArray | None = ...,
    *,
    axis: int = ...,
    epsilon: float = ...,
    return_statistics: Literal[False] = ...,
) -> FloatArray: ...
@overload
def instance_norm(
    x: FloatArray,
    gamma: FloatArray | None = ...,
    beta: FloatArray | None = ...,
    *,
    axis: int = ...,
    epsilon: float = ...,
    return_statistics: Literal[True],
) -> NormOutput: ...
@_instance_calls.first  # a call like an earlier one never comes here
def instance_norm(
    x: FloatArray,
    gamma: FloatArray | None = None,
    beta: FloatArray | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    return_statistics: bool = False,
) -> FloatArray | NormOutput:
    """Normalizes each channel of each sample by its own mean and variance: `group_norm` with C groups.

    Args:
      x: (N, ..., C), or (N, C, ...) with axis 1; float32 or float64.
      gamma: (C,), or None for 1.
      beta: (C,), or None for 0.
      axis: the axis of the channels: the last one, or 1.
      epsilon: added to the variance.
      return_statistics: whether to return what `instance_norm_backward` needs.

    Returns:
      y, of the shape of `x`; with `return_statistics`, NormOutput(y, mean, rstd), the statistics (N, C).

    Raises:
      TypeError: as `group_norm`.
      ValueError: as `group_norm`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.instance_norm(np.array([1.0, 3.0, 6.0, 2.0]).reshape(1, 2, 2), axis=1, epsilon=0.0).ravel()
      array([-1.,  1.,  1., -1.])
    """
    if any_tensor(x, gamma, beta):
        return record(
            instance_norm, partial(recorded_norm, instance_norm, instance_norm_backward), _OPERANDS, locals()
        )
    call = tuple(locals().values())
    options = (None, axis, epsilon, return_statistics)
    return _forward(_instance_calls, call, "instance_norm", x, gamma, beta, *options)


def instance_norm_backward(
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray,
    rstd: FloatArray,
    gamma: FloatArray | None = None,
    *,
    axis: int = -1,
) -> NormGradients:
    """The gradients of `sum(dy * instance_norm(x, gamma, beta, ...))`.

    Args:
      dy: of the shape of `x`.
      x, gamma, axis: as given to `instance_norm`.
      mean, rstd: (N, C), as `instance_norm` returned them.

    Returns:
      NormGradients(dx, dgamma, dbeta); dgamma is None where gamma is.

    Raises:
      TypeError: as `group_norm`.
      ValueError: as `group_norm`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([1.0, 3.0, 6.0, 2.0]).reshape(1, 2, 2)
      >>> y, mean, rstd = ops.instance_norm(x, return_statistics=True)
      >>> ops.instance_norm_backward(np.ones((1, 2, 2)), x, mean, rstd).dbeta
      array([2., 2.])
    """
    return _backward("instance_norm_backward", dy, x, mean, rstd, gamma, None, axis)


def _forward(
    calls: _native.Calls,
    call: tuple[Any, ...],
    op: str,
    x: FloatArray,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    groups: int | None,
    axis: int,
    epsilon: float,
    return_statistics: bool,
) -> FloatArray | NormOutput:
    x = operand(op, "x", x)
    gamma, beta = optional(op, "gamma", gamma, x), optional(op, "beta", beta, x)
    wanted = flag_argument(op, "return_statistics", return_statistics)
    first = channels_first(op, axis, x.ndim)
    epsilon = epsilon_argument(op, epsilon)
    arguments = (op, x, gamma, beta, first, _groups(op, groups, x, first), epsilon)
    then: Any = NormOutput._make if wanted else itemgetter(0)
    return calls.learn(then, _native.group_norm, arguments, *call)  # type: ignore[no-any-return]


def _backward(
    op: str,
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray,
    rstd: FloatArray,
    gamma: FloatArray | None,
    groups: int | None,
    axis: int,
) -> NormGradients:
    x = operand(op, "x", x)
    dy = operand(op, "dy", dy, x)
    mean, rstd = operand(op, "mean", mean, x), operand(op, "rstd", rstd, x)
    gamma = optional(op, "gamma", gamma, x)
    first = channels_first(op, axis, x.ndim)
    dx, dgamma, dbeta = _native.group_norm_backward(
        op, dy, x, mean, rstd, gamma, first, _groups(op, groups, x, first)
    )
    return NormGradients(dx, None if gamma is None else dgamma, dbeta)


def _groups(op: str, groups: int | None, x: FloatArray, first: bool) -> int:
    """The number of groups: as many as channels for instance norm, which gives None."""
    channels = x.shape[1 if first else -1]
    if groups is None and op.startswith("instance"):
        return int(channels)
    if isinstance(groups, bool) or not isinstance(groups, int):
        raise TypeError(f"{op}: groups is {groups!r}; expected an int")
    if groups < 1 or channels % groups != 0:
        raise ValueError(f"{op}: groups is {groups}; expected a divisor of x's {channels} channels")
    return groups
