"""What a recurrent cell may be besides the default: the functions of its gates, clipping, LSTM's variants."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from foldgate._typing import FloatArray
from foldgate.ops._scalars import check_flags

Gate: TypeAlias = str | tuple[Any, ...] | None
"""A function's name, or a tuple of a name and its parameters; None is linear."""

_FUNCTIONS: dict[str, tuple[float, ...]] = {
    "linear": (),
    "relu": (),
    "tanh": (),
    "sigmoid": (),
    "affine": (1.0, 0.0),
    "leaky_relu": (0.2,),
    "thresholded_relu": (1.0,),
    "scaled_tanh": (1.0, 1.0),
    "hard_sigmoid": (1 / 6, 0.5),
    "elu": (1.0,),
    "softsign": (),
    "softplus": (),
}  # in the order of the native codes, with the defaults of their parameters
_CODES = {name: code for code, name in enumerate(_FUNCTIONS)}

Function: TypeAlias = tuple[int, float, float]


class CellOptions(NamedTuple):
    """As the native functions take them."""

    functions: tuple[Function, Function, Function]
    clip: float
    coupled: bool
    peephole: FloatArray | None
    projection: FloatArray | None


def gate_function(op: str, argument: str, value: Gate) -> Function:
    """The native code and parameters of a gate's function.

    Raises:
      TypeError: it is neither a name, a tuple nor None, or a parameter is not a number.
      ValueError: no function has that name, or it has fewer parameters, or one is not finite.
    """
    if value is not None and not isinstance(value, str | tuple):
        raise TypeError(
            f"{op}: {argument} is {value!r}; expected a name, or a tuple of a name and its parameters"
        )
    name, *given = ("linear",) if value is None else (value,) if isinstance(value, str) else value or ("",)
    if not isinstance(name, str) or name not in _FUNCTIONS:
        raise ValueError(f"{op}: {argument} is {value!r}; expected one of {', '.join(_FUNCTIONS)}")
    defaults = _FUNCTIONS[name]
    if len(given) > len(defaults):
        raise ValueError(
            f"{op}: {argument} is {value!r}; expected at most {len(defaults)} parameters for {name}"
        )
    for number in given:
        if isinstance(number, bool) or not isinstance(number, int | float | np.floating | np.integer):
            raise TypeError(f"{op}: {argument} is {value!r}; expected numbers as parameters of {name}")
        if not abs(float(number)) <= float(np.finfo(np.float32).max):
            raise ValueError(f"{op}: {argument} is {value!r}; expected finite parameters of {name}")
    alpha, beta = (*map(float, given), *defaults[len(given) :], 0.0, 0.0)[:2]
    return _CODES[name], alpha, beta


def clip_bound(op: str, clip: object) -> float:
    """`clip` as a number: infinity for None."""
    if clip is None:
        return float("inf")
    if isinstance(clip, bool) or not isinstance(clip, int | float | np.floating | np.integer):
        raise TypeError(f"{op}: clip is {clip!r}; expected a number or None")
    if not float(clip) > 0:
        raise ValueError(f"{op}: clip is {clip!r}; expected more than 0")
    return float(clip)


_TANH, _SIGMOID = (_CODES["tanh"], 0.0, 0.0), (_CODES["sigmoid"], 0.0, 0.0)
_DEFAULT = (_SIGMOID, _TANH, _TANH)
_FUSED_RNN = (_TANH, (_CODES["relu"], 0.0, 0.0))


def _is(value: Gate, name: str) -> bool:
    return type(value) is str and value == name


def gated_options(
    op: str,
    activation: Gate,
    recurrent_activation: Gate,
    clip: float | None,
    output_activation: Gate = None,
    coupled: bool = False,
    peephole: FloatArray | None = None,
    projection: FloatArray | None = None,
) -> CellOptions | None:
    """An LSTM's or a GRU's options; None where all are the defaults, which the fused cells have."""
    if (
        _is(activation, "tanh")
        and _is(recurrent_activation, "sigmoid")
        and clip is None
        and output_activation is None
        and coupled is False
        and peephole is None
        and projection is None
    ):
        return None  # nearly every call, in a tenth of the time
    check_flags(op, coupled=coupled)
    candidate = gate_function(op, "activation", activation)
    gate = gate_function(op, "recurrent_activation", recurrent_activation)
    output = candidate
    if output_activation is not None:
        output = gate_function(op, "output_activation", output_activation)
    functions = (gate, candidate, output)
    bound = clip_bound(op, clip)
    plain = functions == _DEFAULT and bound == float("inf") and not coupled
    if plain and peephole is None and projection is None:
        return None
    return CellOptions(functions, bound, bool(coupled), peephole, projection)


def rnn_options(op: str, activation: Gate, clip: float | None) -> CellOptions | None:
    """A simple RNN's options; None where the fused cells have them."""
    if clip is None and (_is(activation, "tanh") or _is(activation, "relu")):
        return None
    function = gate_function(op, "activation", activation)
    bound = clip_bound(op, clip)
    if function in _FUSED_RNN and bound == float("inf"):
        return None
    return CellOptions((function, function, function), bound, False, None, None)
