"""Causal 1-D convolution as time goes on: each call takes the next steps and the inputs that still matter."""

from __future__ import annotations

import numpy as np

from foldgate.gradients import ConvStep
from foldgate.reference._types import Array
from foldgate.reference.conv import conv

__all__ = ["conv_step"]


def conv_step(
    x: Array,
    state: Array | None,
    kernel: Array,
    bias: Array | None = None,
    *,
    dilation_rate: int = 1,
    groups: int = 1,
    activation: str | None = None,
) -> ConvStep:
    """The next outputs of `conv(..., padding="causal")` along a sequence that comes in pieces.

    Args:
        x: `(N, T, Cin)`, the next `T` time steps.
        state: `(N, (k - 1) * dilation_rate, Cin)`, the inputs before `x`; `None` for zeros, at the beginning.
        kernel: `(k, Cin / groups, Cout)`.
        bias: `(Cout,)` or `None`.
        dilation_rate, groups, activation: as in `conv`.

    Returns:
        `ConvStep(y, state)`: y `(N, T, Cout)`, and the state for the next call.

    Raises:
        ValueError: when shapes do not fit each other.

    Example:
        >>> import numpy as np
        >>> kernel = np.array([1.0, 10.0]).reshape(2, 1, 1)
        >>> y, state = conv_step(np.ones((1, 2, 1)), None, kernel)
        >>> y.ravel(), state.ravel()
        (array([10., 11.]), array([1.]))
    """
    if state is None:
        before = (kernel.shape[0] - 1) * dilation_rate
        state = np.zeros((x.shape[0], before, x.shape[2]), x.dtype)
    seen = np.concatenate([state, x], axis=1)
    y = conv(seen, kernel, bias, dilation_rate=dilation_rate, groups=groups, activation=activation)
    return ConvStep(y, seen[:, x.shape[1] :].copy())
