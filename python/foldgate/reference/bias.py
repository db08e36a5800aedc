"""A bias along the channels, with an activation; the join of a residual block."""

from __future__ import annotations

import numpy as np

from foldgate.gradients import BiasGradients
from foldgate.reference._activation import activate, activation_backward
from foldgate.reference._types import Array

__all__ = ["add_relu", "add_relu_backward", "bias_add", "bias_add_backward"]


def bias_add(
    x: Array, bias: Array, *, data_format: str = "channels_last", activation: str | None = None
) -> Array:
    """activation(x + bias).

    Example:
        >>> import numpy as np
        >>> bias_add(np.zeros((2, 3)), np.array([-1.0, 0.0, 2.0]), activation="relu")
        array([[0., 0., 2.],
               [0., 0., 2.]])
    """
    axis = 1 if data_format == "channels_first" else x.ndim - 1
    return activate(x + bias.reshape((-1,) + (1,) * (x.ndim - 1 - axis)), activation)


def bias_add_backward(
    dy: Array,
    y: Array | None = None,
    *,
    data_format: str = "channels_last",
    activation: str | None = None,
) -> BiasGradients:
    """dx = dy f'(y), and its sums over all axes but the channels'.

    Example:
        >>> import numpy as np
        >>> bias_add_backward(np.ones((3, 2)), np.array([[1.0, 0.0]] * 3), activation="relu").dbias
        array([3., 0.])
    """
    if activation not in (None, "linear"):
        if y is None:
            raise ValueError("bias_add_backward: y is None; expected it with an activation")
        dy = activation_backward(dy, y, activation)
    axis = 1 if data_format == "channels_first" else dy.ndim - 1
    return BiasGradients(dy, dy.sum(tuple(i for i in range(dy.ndim) if i != axis)))


def add_relu(a: Array, b: Array) -> Array:
    """max(a + b, 0).

    Example:
        >>> import numpy as np
        >>> add_relu(np.array([1.0, -3.0]), np.array([2.0, 2.0]))
        array([3., 0.])
    """
    return np.asarray(np.maximum(a + b, 0))


def add_relu_backward(dy: Array, y: Array) -> Array:
    """dy where y > 0, else 0: the gradient of both operands.

    Example:
        >>> import numpy as np
        >>> add_relu_backward(np.ones(2), np.array([3.0, 0.0]))
        array([1., 0.])
    """
    return activation_backward(dy, y, "relu")
