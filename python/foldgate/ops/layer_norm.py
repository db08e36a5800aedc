"""Normalisation over the last axes: layer norm, and rms norm, which takes no mean away."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Literal, overload

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray
from foldgate.gradients import NormGradients, NormOutput
from foldgate.ops._norm import epsilon_argument, last_axes, recorded_norm
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import flag_argument

_OPERANDS = ("x", "gamma", "beta")

_calls = _native.Calls(3, 128)

_rms_calls = _native.Calls(2, 128)


@overload
def layer_norm(
    x: FloatArray,
    gamma: FloatArray | None = ...,
    beta: FloatArray | None = ...,
    *,
    axis: int | Sequence[int] = ...,
    epsilon: float = ...,
    return_statistics: Literal[False] = ...,
) -> FloatArray: ...
@overload
def layer_norm(
    x: FloatArray,
    gamma: FloatArray | None = ...,
    beta: FloatArray | None = ...,
    *,
    axis: int | Sequence[int] = ...,
    epsilon: float = ...,
    return_statistics: Literal[True],
) -> NormOutput: ...
@_calls.first  # a call like an earlier one never comes here
def layer_norm(
    x: FloatArray,
    gamma: FloatArray | None = None,
    beta: FloatArray | None = None,
    *,
    axis: int | Sequence[int] = -1,
    epsilon: float = 1e-3,
    return_statistics: bool = False,
) -> FloatArray | NormOutput:
    """Normalizes by the mean and variance over the last axes.

        y = gamma (x - mean) rstd + beta,  rstd = 1 / sqrt(variance + epsilon)

    Args:
      x: (..., *D), float32 or float64.
      gamma: (*D), or None for 1.
      beta: (*D), or None for 0.
      axis: the axes D: the last one, or a tuple of the last ones.
      epsilon: added to the variance.
      return_statistics: whether to return what `layer_norm_backward` needs.

    Returns:
      y, of the shape of `x`; with `return_statistics`, NormOutput(y, mean, rstd), the statistics of the
      shape of the axes before D.

    Raises:
      TypeError: an operand is not an array, not float32 or float64, or of another dtype than `x`.
      ValueError: a shape does not fit `x`, `axis` are not its last axes or hold nothing, or `epsilon` is
        negative.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.layer_norm(np.array([[1.0, 3.0], [6.0, 2.0]]), epsilon=0.0)
      array([[-1.,  1.],
             [ 1., -1.]])
    """
    if any_tensor(x, gamma, beta):
        return record(
            layer_norm, partial(recorded_norm, layer_norm, layer_norm_backward), _OPERANDS, locals()
        )
    call = tuple(locals().values())
    op = "layer_norm"
    x = operand(op, "x", x)
    gamma, beta = optional(op, "gamma", gamma, x), optional(op, "beta", beta, x)
    wanted = flag_argument(op, "return_statistics", return_statistics)
    axes, epsilon = last_axes(op, axis, x.ndim), epsilon_argument(op, epsilon)
    arguments = (op, x, gamma, beta, axes, epsilon, True)
    then: Any = NormOutput._make if wanted else itemgetter(0)
    return _calls.learn(then, _native.row_norm, arguments, *call)  # type: ignore[no-any-return]


def layer_norm_backward(
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray,
    rstd: FloatArray,
    gamma: FloatArray | None = None,
    *,
    axis: int | Sequence[int] = -1,
) -> NormGradients:
    """The gradients of `sum(dy * layer_norm(x, gamma, beta, ...))`.

    Args:
      dy: of the shape of `x`.
      x, gamma, axis: as given to `layer_norm`.
      mean, rstd: as `layer_norm` returned them.

    Returns:
      NormGradients(dx, dgamma, dbeta); dgamma is None where gamma is.

    Raises:
      TypeError: as `layer_norm`.
      ValueError: as `layer_norm`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([[1.0, 3.0], [6.0, 2.0]])
      >>> y, mean, rstd = ops.layer_norm(x, return_statistics=True)
      >>> ops.layer_norm_backward(np.ones((2, 2)), x, mean, rstd).dbeta
      array([2., 2.])
    """
    op = "layer_norm_backward"
    x = operand(op, "x", x)
    dy, mean, rstd = operand(op, "dy", dy, x), operand(op, "mean", mean, x), operand(op, "rstd", rstd, x)
    gamma = optional(op, "gamma", gamma, x)
    dx, dgamma, dbeta = _native.row_norm_backward(op, dy, x, mean, rstd, gamma, last_axes(op, axis, x.ndim))
    return NormGradients(dx, None if gamma is None else dgamma, dbeta)


@overload
def rms_norm(
    x: FloatArray,
    gamma: FloatArray | None = ...,
    *,
    axis: int | Sequence[int] = ...,
    epsilon: float = ...,
    return_statistics: Literal[False] = ...,
) -> FloatArray: ...
@overload
def rms_norm(
    x: FloatArray,
    gamma: FloatArray | None = ...,
    *,
    axis: int | Sequence[int] = ...,
    epsilon: float = ...,
    return_statistics: Literal[True],
) -> NormOutput: ...
@_rms_calls.first  # a call like an earlier one never comes here
def rms_norm(
    x: FloatArray,
    gamma: FloatArray | None = None,
    *,
    axis: int | Sequence[int] = -1,
    epsilon: float = 1e-6,
    return_statistics: bool = False,
) -> FloatArray | NormOutput:
    """Divides by the root of the mean square over the last axes.

        y = gamma x rstd,  rstd = 1 / sqrt(mean(x^2) + epsilon)

    Args:
      x: (..., *D), float32 or float64.
      gamma: (*D), or None for 1.
      axis: the axes D: the last one, or a tuple of the last ones.
      epsilon: added to the mean square.
      return_statistics: whether to return what `rms_norm_backward` needs.

    Returns:
      y, of the shape of `x`; with `return_statistics`, NormOutput(y, None, rstd), rstd of the shape of the
      axes before D.

    Raises:
      TypeError: as `layer_norm`.
      ValueError: as `layer_norm`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.rms_norm(np.array([[1.0, 7.0], [-1.0, 1.0]]), epsilon=0.0)
      array([[ 0.2,  1.4],
             [-1. ,  1. ]])
    """
    if any_tensor(x, gamma):
        return record(rms_norm, _recorded_rms, ("x", "gamma"), locals())
    call = tuple(locals().values())
    op = "rms_norm"
    x = operand(op, "x", x)
    gamma = optional(op, "gamma", gamma, x)
    wanted = flag_argument(op, "return_statistics", return_statistics)
    axes, epsilon = last_axes(op, axis, x.ndim), epsilon_argument(op, epsilon)
    arguments = (op, x, gamma, None, axes, epsilon, False)
    then: Any = NormOutput._make if wanted else itemgetter(0)
    return _rms_calls.learn(then, _native.row_norm, arguments, *call)  # type: ignore[no-any-return]


def _recorded_rms(
    x: FloatArray,
    gamma: FloatArray | None,
    *,
    axis: int | Sequence[int],
    epsilon: float,
    return_statistics: bool,
) -> tuple[Any, Backward, int]:
    output = rms_norm(x, gamma, axis=axis, epsilon=epsilon, return_statistics=True)

    def backward(needs: Needs, dy: FloatArray, *dstatistics: None) -> Sequence[FloatArray | None]:
        return rms_norm_backward(dy, x, output.rstd, gamma, axis=axis)[:2]

    return (output if return_statistics else output.y), backward, 1


def rms_norm_backward(
    dy: FloatArray,
    x: FloatArray,
    rstd: FloatArray,
    gamma: FloatArray | None = None,
    *,
    axis: int | Sequence[int] = -1,
) -> NormGradients:
    """The gradients of `sum(dy * rms_norm(x, gamma, ...))`.

    Args:
      dy: of the shape of `x`.
      x, gamma, axis: as given to `rms_norm`.
      rstd: as `rms_norm` returned it.

    Returns:
      NormGradients(dx, dgamma, None); dgamma is None where gamma is.

    Raises:
      TypeError: as `layer_norm`.
      ValueError: as `layer_norm`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([[1.0, 7.0]])
      >>> y, _, rstd = ops.rms_norm(x, epsilon=0.0, return_statistics=True)
      >>> ops.rms_norm_backward(np.ones((1, 2)), x, rstd, np.ones(2)).dgamma
      array([0.2, 1.4])
    """
    op = "rms_norm_backward"
    x = operand(op, "x", x)
    dy, rstd, gamma = operand(op, "dy", dy, x), operand(op, "rstd", rstd, x), optional(op, "gamma", gamma, x)
    dx, dgamma, _ = _native.row_norm_backward(op, dy, x, None, rstd, gamma, last_axes(op, axis, x.ndim))
    return NormGradients(dx, None if gamma is None else dgamma, None)
