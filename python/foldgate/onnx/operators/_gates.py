"""The functions of a recurrent node's gates."""

from __future__ import annotations

from typing import Any

from foldgate.onnx.registry import Context

# ONNX name -> foldgate's, and the default of alpha and beta, None where the function has none.
_FUNCTIONS: dict[str, tuple[str, float | None, float | None]] = {
    "affine": ("affine", 1.0, 0.0),
    "elu": ("elu", 1.0, None),
    "hardsigmoid": ("hard_sigmoid", 0.2, 0.5),
    "leakyrelu": ("leaky_relu", 0.01, None),
    "relu": ("relu", None, None),
    "scaledtanh": ("scaled_tanh", 1.0, 1.0),
    "sigmoid": ("sigmoid", None, None),
    "softplus": ("softplus", None, None),
    "softsign": ("softsign", None, None),
    "tanh": ("tanh", None, None),
    "thresholdedrelu": ("thresholded_relu", 1.0, None),
}


def gate_functions(context: Context, direction: int, defaults: tuple[str, ...]) -> list[Any]:
    """One direction's functions, as `foldgate.ops` takes them.

    `activation_alpha` and `activation_beta` are read in the order of the functions that have them.
    """
    names = context.attr("activations") or []
    several = context.attr("direction", "forward") == "bidirectional"
    if not names:
        names = list(defaults) * (1 + several)
    if len(names) not in (len(defaults) * (1 + several), 3 * (1 + several)):
        raise context.refuse(f"activations is {names}; expected {len(defaults)} for each direction")
    alphas, betas = list(context.attr("activation_alpha") or []), list(context.attr("activation_beta") or [])
    functions: list[Any] = []
    for name in names:
        known = _FUNCTIONS.get(name.lower())
        if known is None:
            raise context.refuse(f"activations has {name!r}; expected some of {', '.join(_FUNCTIONS)}")
        ours, alpha, beta = known
        parameters = []
        for default, given in ((alpha, alphas), (beta, betas)):
            if default is not None:
                parameters.append(float(given.pop(0)) if given else default)
        functions.append((ours, *parameters) if parameters else ours)
    count = len(names) // (1 + several)
    return functions[direction * count : (direction + 1) * count][: len(defaults)]
