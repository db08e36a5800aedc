"""The activations that ops fuse into their output."""

_CODES = {None: 0, "linear": 0, "relu": 1, "tanh": 2, "sigmoid": 3}


def activation_code(op: str, activation: str | None) -> int:
    """The native code of an activation's name; 0 is none."""
    code = _CODES.get(activation) if activation is None or isinstance(activation, str) else None
    if code is None:
        raise ValueError(
            f"{op}: activation is {activation!r}; expected None, 'linear', 'relu', 'tanh' or 'sigmoid'"
        )
    return code
