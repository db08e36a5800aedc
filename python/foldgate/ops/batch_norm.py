"""Batch normalisation, in training and in inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import FloatArray
from foldgate.gradients import BatchNormOutput, NormGradients
from foldgate.ops._norm import axis_argument, epsilon_argument, relu_argument
from foldgate.ops._record import Backward, Needs, any_tensor, record

_calls = _native.Calls(3, 128)

_inference_calls = _native.Calls(5, 128)


@_calls.first  # a call like an earlier one never comes here
def batch_norm(
    x: FloatArray,
    gamma: FloatArray | None = None,
    beta: FloatArray | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    activation: str | None = None,
) -> BatchNormOutput:
    """Normalizes every channel by the mean and variance of the batch: what a layer does in training.

        y = activation(gamma (x - mean) / sqrt(variance + epsilon) + beta)

    Moving averages are the caller's: `moving = momentum * moving + (1 - momentum) * mean`, and likewise for
    the variance.

    Args:
      x: an array of at least two axes, float32 or float64.
      gamma: (C,), or None for 1.
      beta: (C,), or None for 0.
      axis: the axis of the channels; the statistics are over all others.
      epsilon: added to the variance.
      activation: None or `"relu"`, applied to the result.

    Returns:
      BatchNormOutput(y, mean, variance): y of the shape of `x`; the statistics (C,), the variance biased
      (divided by the number of values); zeros where `x` is empty.

    Raises:
      TypeError: an operand is not an array, not float32 or float64, or of another dtype than `x`.
      ValueError: a shape does not fit `x`, `axis` is none of its axes, or `epsilon` is negative.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> y, mean, variance = ops.batch_norm(np.array([[1.0, 2.0], [3.0, 6.0]]), epsilon=0.0)
      >>> y, mean, variance
      (array([[-1., -1.],
             [ 1.,  1.]]), array([2., 4.]), array([1., 4.]))
    """
    if any_tensor(x, gamma, beta):
        return record(batch_norm, _recorded, ("x", "gamma", "beta"), locals())
    call = tuple(locals().values())
    op = "batch_norm"
    x = operand(op, "x", x)
    gamma, beta = optional(op, "gamma", gamma, x), optional(op, "beta", beta, x)
    axis, epsilon = axis_argument(op, axis, x.ndim), epsilon_argument(op, epsilon)
    arguments = (x, gamma, beta, axis, epsilon, relu_argument(op, activation))
    return _calls.learn(BatchNormOutput._make, _native.batch_norm, arguments, *call)


def _recorded(
    x: FloatArray, gamma: FloatArray | None, beta: FloatArray | None, **options: Any
) -> tuple[BatchNormOutput, Backward, int]:
    """Through y alone: the moving averages that take the statistics are not trained."""
    output = batch_norm(x, gamma, beta, **options)

    def backward(needs: Needs, dy: FloatArray, *dstatistics: None) -> NormGradients:
        return batch_norm_backward(dy, x, output.mean, output.variance, gamma, beta, **options)

    return output, backward, 1


def batch_norm_backward(
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    gamma: FloatArray | None = None,
    beta: FloatArray | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    activation: str | None = None,
) -> NormGradients:
    """The gradients of `sum(dy * batch_norm(x, gamma, beta, ...).y)`.

    Args:
      dy: of the shape of `x`.
      x: as given to `batch_norm`.
      mean, variance: (C,), as `batch_norm` returned them.
      gamma: as given to `batch_norm`.
      beta: as given to `batch_norm`; needed for an activation alone, whose output is computed again.
      axis, epsilon, activation: as given to `batch_norm`.

    Returns:
      NormGradients(dx, dgamma, dbeta); dgamma is None where gamma is.

    Raises:
      TypeError: as `batch_norm`.
      ValueError: as `batch_norm`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([[1.0], [3.0], [8.0]])
      >>> y, mean, variance = ops.batch_norm(x)
      >>> ops.batch_norm_backward(np.ones((3, 1)), x, mean, variance).dbeta
      array([3.])
    """
    arguments = (dy, x, mean, variance, gamma, beta, axis, epsilon, activation)
    return _backward("batch_norm_backward", False, *arguments)


@_inference_calls.first  # a call like an earlier one never comes here
def batch_norm_inference(
    x: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    gamma: FloatArray | None = None,
    beta: FloatArray | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    activation: str | None = None,
) -> FloatArray:
    """Normalizes every channel by a given mean and variance: what a layer does in inference, or frozen.

    Args:
      x: an array of at least two axes, float32 or float64.
      mean, variance: (C,).
      gamma, beta, axis, epsilon, activation: as in `batch_norm`.

    Returns:
      y, of the shape of `x`.

    Raises:
      TypeError: as `batch_norm`.
      ValueError: as `batch_norm`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, mean, variance = np.array([[1.0], [3.0]]), np.array([1.0]), np.array([4.0])
      >>> ops.batch_norm_inference(x, mean, variance, epsilon=0.0).ravel()
      array([0., 1.])
    """
    if any_tensor(x, mean, variance, gamma, beta):
        return record(batch_norm_inference, _recorded_inference, _INFERENCE_OPERANDS, locals())
    call = tuple(locals().values())
    op = "batch_norm_inference"
    x = operand(op, "x", x)
    mean, variance = operand(op, "mean", mean, x), operand(op, "variance", variance, x)
    gamma, beta = optional(op, "gamma", gamma, x), optional(op, "beta", beta, x)
    axis, epsilon = axis_argument(op, axis, x.ndim), epsilon_argument(op, epsilon)
    relu = relu_argument(op, activation)
    arguments = (x, mean, variance, gamma, beta, axis, epsilon, relu)
    return _inference_calls.learn(None, _native.batch_norm_inference, arguments, *call)


_INFERENCE_OPERANDS = ("x", "mean", "variance", "gamma", "beta")


def _recorded_inference(
    x: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    **options: Any,
) -> tuple[FloatArray, Backward]:
    """The gradients of mean and variance are sums that those of beta and gamma are made of too."""
    y = batch_norm_inference(x, mean, variance, gamma, beta, **options)

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray | None]:
        scale = np.ones_like(mean) if gamma is None else gamma
        gradients = batch_norm_inference_backward(dy, x, mean, variance, scale, beta, **options)
        dx, dgamma, dbeta = cast("tuple[FloatArray, FloatArray, FloatArray]", gradients)
        square = variance + variance.dtype.type(options["epsilon"])
        dmean = -dbeta * scale / np.sqrt(square) if needs[1] else None
        dvariance = -dgamma * scale / (square + square) if needs[2] else None
        return dx, dmean, dvariance, dgamma, dbeta

    return y, backward


def batch_norm_inference_backward(
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    gamma: FloatArray | None = None,
    beta: FloatArray | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-3,
    activation: str | None = None,
) -> NormGradients:
    """The gradients of `sum(dy * batch_norm_inference(x, mean, variance, ...))`.

    The statistics are constants, as in a layer that is frozen.

    Args:
      dy: of the shape of `x`.
      x, mean, variance, gamma, beta, axis, epsilon, activation: as given to `batch_norm_inference`.

    Returns:
      NormGradients(dx, dgamma, dbeta); dgamma is None where gamma is.

    Raises:
      TypeError: as `batch_norm`.
      ValueError: as `batch_norm`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> one, two = np.ones((1, 1)), np.array([2.0])
      >>> ops.batch_norm_inference_backward(one, one, two, two * two, two, epsilon=0.0)
      NormGradients(dx=array([[1.]]), dgamma=array([-0.5]), dbeta=array([1.]))
    """
    arguments = (dy, x, mean, variance, gamma, beta, axis, epsilon, activation)
    return _backward("batch_norm_inference_backward", True, *arguments)


def _backward(
    op: str,
    constant: bool,
    dy: FloatArray,
    x: FloatArray,
    mean: FloatArray,
    variance: FloatArray,
    gamma: FloatArray | None,
    beta: FloatArray | None,
    axis: int,
    epsilon: float,
    activation: str | None,
) -> NormGradients:
    x = operand(op, "x", x)
    dy = operand(op, "dy", dy, x)
    mean, variance = operand(op, "mean", mean, x), operand(op, "variance", variance, x)
    gamma, beta = optional(op, "gamma", gamma, x), optional(op, "beta", beta, x)
    axis, epsilon = axis_argument(op, axis, x.ndim), epsilon_argument(op, epsilon)
    relu = relu_argument(op, activation)
    dx, dgamma, dbeta = _native.batch_norm_backward(
        op, dy, x, mean, variance, gamma, beta, axis, epsilon, relu, constant
    )
    return NormGradients(dx, None if gamma is None else dgamma, dbeta)
