"""Functions of every value."""

from __future__ import annotations

import numpy as np

from foldgate import ops
from foldgate._typing import FloatArray
from foldgate.activations._operand import floats, of_tensors


def linear(x: FloatArray) -> FloatArray:
    """x itself."""
    return x


@of_tensors
def relu(
    x: FloatArray, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> FloatArray:
    """x where it is above `threshold`, at most `max_value`; below, negative_slope (x - threshold).

    Args:
      x: any shape.
      negative_slope: the slope below the threshold. Defaults to 0.0.
      max_value: the greatest value, or None for no limit. Defaults to None.
      threshold: where the function starts to be x. Defaults to 0.0.

    Returns:
      Of x's shape and dtype.

    Example:
      >>> import numpy as np
      >>> from foldgate import activations
      >>> activations.relu(np.array([-2.0, 3.0, 9.0]), negative_slope=0.5, max_value=5.0)
      array([-1.,  3.,  5.])
    """
    x = floats(x)
    if threshold == 0:
        if negative_slope == 0:
            return _plain_relu(x, max_value)
        if max_value is None and negative_slope > 0:
            return ops.leaky_relu(x, negative_slope)
        positive = _plain_relu(x, max_value)
    else:
        positive = np.where(x <= threshold, 0.0, x)
        if max_value is not None:
            positive = np.clip(positive, 0.0, max_value)
    if negative_slope == 0:
        return positive
    both: FloatArray = positive - negative_slope * ops.relu(threshold - x)
    return both


@of_tensors
def relu6(x: FloatArray) -> FloatArray:
    """min(max(x, 0), 6)."""
    return ops.relu6(floats(x))


@of_tensors
def leaky_relu(x: FloatArray, negative_slope: float = 0.2) -> FloatArray:
    """x where it is above 0, else negative_slope x."""
    return ops.leaky_relu(floats(x), negative_slope)


@of_tensors
def elu(x: FloatArray, alpha: float = 1.0) -> FloatArray:
    """x where it is above 0, else alpha (e^x - 1)."""
    return ops.elu(floats(x), alpha=alpha)


@of_tensors
def celu(x: FloatArray, alpha: float = 1.0) -> FloatArray:
    """x where it is above 0, else alpha (e^(x / alpha) - 1)."""
    if alpha == 1:
        return ops.elu(floats(x))
    return alpha * ops.elu(floats(x) / alpha)


@of_tensors
def selu(x: FloatArray) -> FloatArray:
    """1.0507 x where it is above 0, else 1.0507 * 1.6733 (e^x - 1)."""
    return ops.selu(floats(x))


@of_tensors
def gelu(x: FloatArray, approximate: bool = False) -> FloatArray:
    """x times the normal distribution function of x; `approximate` takes tanh for it."""
    return ops.gelu(floats(x), approximate=approximate)


@of_tensors
def silu(x: FloatArray) -> FloatArray:
    """x sigmoid(x); `swish` is another name."""
    return ops.silu(floats(x))


@of_tensors
def mish(x: FloatArray) -> FloatArray:
    """x tanh(softplus(x))."""
    return ops.mish(floats(x))


@of_tensors
def softplus(x: FloatArray) -> FloatArray:
    """log(1 + e^x)."""
    return ops.softplus(floats(x))


@of_tensors
def softsign(x: FloatArray) -> FloatArray:
    """x / (1 + |x|)."""
    return ops.softsign(floats(x))


@of_tensors
def tanh(x: FloatArray) -> FloatArray:
    """The hyperbolic tangent."""
    return ops.tanh(floats(x))


@of_tensors
def sigmoid(x: FloatArray) -> FloatArray:
    """1 / (1 + e^-x)."""
    return ops.sigmoid(floats(x))


@of_tensors
def hard_sigmoid(x: FloatArray) -> FloatArray:
    """min(max(x / 6 + 1 / 2, 0), 1)."""
    return ops.hard_sigmoid(floats(x))


@of_tensors
def hard_silu(x: FloatArray) -> FloatArray:
    """x hard_sigmoid(x); `hard_swish` is another name."""
    return ops.hard_silu(floats(x))


@of_tensors
def hard_tanh(x: FloatArray) -> FloatArray:
    """x within -1 and 1."""
    within: FloatArray = np.clip(floats(x), -1.0, 1.0)
    return within


@of_tensors
def hard_shrink(x: FloatArray, threshold: float = 0.5) -> FloatArray:
    """x where |x| is above the threshold, else 0."""
    x = floats(x)
    return np.where(np.absolute(x) <= threshold, 0.0, x)


@of_tensors
def soft_shrink(x: FloatArray, threshold: float = 0.5) -> FloatArray:
    """x, brought towards 0 by the threshold, and 0 within it."""
    x = floats(x)
    shrunk: FloatArray = np.maximum(x - threshold, 0.0) + np.minimum(x + threshold, 0.0)
    return shrunk


@of_tensors
def tanh_shrink(x: FloatArray) -> FloatArray:
    """x - tanh(x)."""
    x = floats(x)
    shrunk: FloatArray = x - ops.tanh(x)
    return shrunk


@of_tensors
def threshold(x: FloatArray, threshold: float, default_value: float) -> FloatArray:
    """x where it is above the threshold, else the default value."""
    x = floats(x)
    return np.where(x <= threshold, default_value, x)


@of_tensors
def exponential(x: FloatArray) -> FloatArray:
    """e^x."""
    return ops.exp(floats(x))


@of_tensors
def log_sigmoid(x: FloatArray) -> FloatArray:
    """log(sigmoid(x))."""
    return ops.log_sigmoid(floats(x))


@of_tensors
def sparse_plus(x: FloatArray) -> FloatArray:
    """0 up to -1, (x + 1)^2 / 4 up to 1, x above."""
    x = floats(x)
    return np.where(x >= 1.0, x, np.square(np.clip(x, -1.0, 1.0) + 1.0) / 4.0)


@of_tensors
def sparse_sigmoid(x: FloatArray) -> FloatArray:
    """0 up to -1, (x + 1) / 2 up to 1, 1 above."""
    share: FloatArray = (np.clip(floats(x), -1.0, 1.0) + 1.0) / 2.0
    return share


@of_tensors
def squareplus(x: FloatArray, b: float = 4) -> FloatArray:
    """(x + sqrt(x^2 + b)) / 2."""
    x = floats(x)
    half: FloatArray = (x + np.sqrt(np.square(x) + b)) / 2.0
    return half


def _plain_relu(x: FloatArray, max_value: float | None) -> FloatArray:
    if max_value is None:
        return ops.relu(x)
    return ops.relu6(x) if max_value == 6 else np.clip(x, 0.0, max_value)
