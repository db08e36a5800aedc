"""The activations that ops fuse into their output."""

from __future__ import annotations

from foldgate._typing import FloatArray
from foldgate.ops import elementwise

_CODES = {None: 0, "linear": 0, "relu": 1, "tanh": 2, "sigmoid": 3, "relu6": 4}

_BACKWARD = {
    "relu": elementwise.relu_backward,
    "relu6": elementwise.relu6_backward,
    "tanh": elementwise.tanh_backward,
    "sigmoid": elementwise.sigmoid_backward,
}


def activation_code(op: str, activation: str | None) -> int:
    """The native code of an activation's name; 0 is none."""
    code = _CODES.get(activation) if activation is None or isinstance(activation, str) else None
    if code is None:
        raise ValueError(
            f"{op}: activation is {activation!r}; expected None, 'linear', 'relu', 'relu6', 'tanh' or "
            "'sigmoid'"
        )
    return code


def activation_backward(activation: str | None, dy: FloatArray, y: FloatArray | None) -> FloatArray:
    """dy times the derivative of a fused activation, from its result y; dy itself where there is none."""
    if y is None or activation is None or activation == "linear":
        return dy
    return _BACKWARD[activation](dy, y)
