"""LSTM, GRU and RNN: all directions, lengths, states, peepholes, functions and layouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from foldgate import ops
from foldgate.onnx.graph import Array
from foldgate.onnx.operators._floats import wide
from foldgate.onnx.operators._gates import gate_functions
from foldgate.onnx.registry import Context, Function, operator
from foldgate.ops._packed_recurrent import both_directions

_ATTRIBUTES = "activation_alpha activation_beta activations clip direction hidden_size layout output_sequence"
_DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}
_WEIGHTS = (1, 2, 3, 7)  # inputs W, R, B and P
_LSTM_ORDER = (0, 2, 3, 1)  # i, o, f, c as i, f, c, o
_PEEPHOLE_ORDER = (0, 2, 1)  # i, o, f as i, f, o

Weights = tuple[Array, Array, Array | None]
Direction = Callable[..., Any]
_Given = Mapping[int, Array | None]


@operator("LSTM", attributes=_ATTRIBUTES + " input_forget")
def lstm(context: Context) -> Function:
    """Weights (D, 4U, I) in the order i, o, f, c."""
    coupled = context.flag("input_forget")

    def weights(d: int, w: Array, r: Array, b: Array | None) -> Weights:
        kernel, recurrent = (_reordered(a[d], 4, _LSTM_ORDER).T.copy() for a in (w, r))
        return kernel, recurrent, None if b is None else _reordered(_summed(b[d]), 4, _LSTM_ORDER)

    def options(d: int, p: Array | None) -> dict[str, Any]:
        gate, candidate, output = gate_functions(context, d, ("Sigmoid", "Tanh", "Tanh"))
        more: dict[str, Any] = {"recurrent_activation": gate, "activation": candidate}
        if output != candidate:
            more["output_activation"] = output
        if p is not None:
            more["peephole"] = _reordered(p[d], 3, _PEEPHOLE_ORDER).reshape(3, -1)
        return {**more, **({"coupled": True} if coupled else {}), **_clip(context)}

    plain = {"recurrent_activation": "sigmoid", "activation": "tanh"}
    return _layer(context, _Cell(ops.lstm, ops.PackedLSTM, {}, plain, weights, options))


@operator("GRU", attributes=_ATTRIBUTES + " linear_before_reset")
def gru(context: Context) -> Function:
    """Weights (D, 3U, I) in the order z, r, h."""
    after = context.flag("linear_before_reset")

    def weights(d: int, w: Array, r: Array, b: Array | None) -> Weights:
        bias = None if b is None else b[d].reshape(2, -1) if after else _summed(b[d])
        return w[d].T.copy(), r[d].T.copy(), bias

    def options(d: int, p: Array | None) -> dict[str, Any]:
        gate, candidate = gate_functions(context, d, ("Sigmoid", "Tanh"))
        return {"recurrent_activation": gate, "activation": candidate, **_clip(context)}

    plain = {"recurrent_activation": "sigmoid", "activation": "tanh"}
    always = {"reset_after": after}
    return _layer(context, _Cell(ops.gru, ops.PackedGRU, always, plain, weights, options))


@operator("RNN", attributes=_ATTRIBUTES)
def rnn(context: Context) -> Function:
    """Weights (D, U, I)."""

    def weights(d: int, w: Array, r: Array, b: Array | None) -> Weights:
        return w[d].T.copy(), r[d].T.copy(), None if b is None else _summed(b[d])

    def options(d: int, p: Array | None) -> dict[str, Any]:
        return {"activation": gate_functions(context, d, ("Tanh",))[0], **_clip(context)}

    plain = {"activation": "tanh"}
    return _layer(context, _Cell(ops.simple_rnn, ops.PackedSimpleRNN, {}, plain, weights, options))


class _Cell:
    """What the three operators differ in."""

    def __init__(
        self,
        function: Callable[..., Any],
        pack: Callable[..., Any],
        always: dict[str, Any],
        plain: dict[str, Any],
        weights: Callable[[int, Array, Array, Array | None], Weights],
        options: Callable[[int, Array | None], dict[str, Any]],
    ) -> None:
        self.function, self.pack, self.always = function, pack, always
        self.plain, self.weights, self.options = plain, weights, options


def _clip(context: Context) -> dict[str, Any]:
    bound = context.attr("clip")
    return {} if bound is None else {"clip": float(bound)}


def _summed(bias: Array) -> Array:
    """The input's and the recurrent product's biases as one."""
    one, other = np.split(bias, 2)
    return np.asarray(one + other)


def _reordered(a: Array, parts: int, order: tuple[int, ...]) -> Array:
    pieces = np.split(a, parts)
    return np.concatenate([pieces[i] for i in order])


def _layer(context: Context, cell: _Cell) -> Function:
    """The node's function: weights are packed here where they are known."""
    name = context.attr("direction", "forward")
    if name not in _DIRECTIONS:
        raise context.refuse(f"direction is {name!r}; expected one of {', '.join(_DIRECTIONS)}")
    directions, batch_first = len(_DIRECTIONS[name]), context.flag("layout")
    known = _checked(context, directions, {i: context.constant(i) for i in _WEIGHTS})
    fixed = all(value is not None or not context.given(i) for i, value in known.items())
    sequences = context.wanted(0)
    positions = [i for i in (0, 4, 5, 6) if i < len(context.node.inputs)]
    if fixed:
        context.takes(*positions)
    names = ("initial_h", "initial_c")[: 2 if context.op == "LSTM" else 1]

    def prepare(weights: _Given) -> tuple[Callable[..., tuple[Any, ...]], int]:
        recurrent = weights[2]
        assert recurrent is not None  # the operators' schemas want it
        return _prepared(context, cell, sequences, *weights.values()), recurrent.shape[2]

    packed = prepare(known) if fixed else None

    def call(*inputs: Any) -> tuple[Any, ...]:
        given = dict(zip(positions, inputs, strict=True)) if fixed else dict(enumerate(inputs))
        body, units = packed or prepare(_checked(context, directions, {i: given.get(i) for i in _WEIGHTS}))
        if given[0].ndim != 3:
            raise ValueError(f"X has shape {given[0].shape}; expected 3 axes")
        x = wide(given[0])
        shape = (x.shape[0], directions, units) if batch_first else (directions, x.shape[1], units)
        states = [_state(name, given.get(5 + i), shape, batch_first) for i, name in enumerate(names)]
        x, time_major = _as_it_lies(x, batch_first)
        y, *last = body(x, given.get(4), states, time_major)
        if y is not None:
            y = _as_onnx(y, directions, time_major, batch_first)
        last = [value.transpose(1, 0, 2) if batch_first else value for value in last]
        outputs = (y, *last)[: context.outputs]
        if given[0].dtype != x.dtype:
            outputs = tuple(None if value is None else value.astype(given[0].dtype) for value in outputs)
        return outputs[0] if context.outputs == 1 else outputs

    return call


def _checked(context: Context, directions: int, given: _Given) -> _Given:
    """The weights, after their ranks and extents: of those that are there, and the kernels check the rest."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[context.op]
    r = given[2]
    hidden = context.attr("hidden_size") or (r.shape[-1] if r is not None and r.ndim == 3 else None)
    expected: dict[int, tuple[str, list[Any]]] = {
        1: ("W", [directions, hidden and gates * hidden, None]),
        2: ("R", [directions, hidden and gates * hidden, hidden]),
        3: ("B", [directions, hidden and 2 * gates * hidden]),
        7: ("P", [directions, hidden and 3 * hidden]),
    }
    for i, (name, extents) in expected.items():
        value = given[i]
        if value is not None and (
            value.ndim != len(extents)
            or any(want is not None and want != have for want, have in zip(extents, value.shape, strict=True))
        ):
            raise context.refuse(f"{name} has shape {value.shape}; expected {tuple(extents)}")
    return given


def _state(name: str, value: Array | None, expected: tuple[int, ...], batch_first: bool) -> Array | None:
    """(D, N, U)."""
    if value is None:
        return None
    if value.shape != expected:
        raise ValueError(f"{name} has shape {value.shape}; expected {expected}")
    return wide(value.transpose(1, 0, 2) if batch_first else value)


def _as_it_lies(x: Array, batch_first: bool) -> tuple[Array, bool]:
    """X, and whether its steps come first: the other way round where that is how it lies in memory.

    Exporters transpose what has the batch first before such a node, and its Y behind it.
    """
    other = x.transpose(1, 0, 2)
    if not x.flags.c_contiguous and other.flags.c_contiguous:
        return other, batch_first
    return x, not batch_first


def _as_onnx(y: Array, directions: int, time_major: bool, batch_first: bool) -> Array:
    """(T, N, D U) or (N, T, D U) as Y, (T, D, N, U) or (N, T, D, U)."""
    y = y.reshape(*y.shape[:2], directions, y.shape[2] // directions)
    if batch_first:
        return y.transpose(1, 0, 2, 3) if time_major else y
    return y.transpose(0, 2, 1, 3) if time_major else y.transpose(1, 2, 0, 3)


def _prepared(
    context: Context, cell: _Cell, sequences: bool, w: Any, r: Any, b: Any, p: Any
) -> Callable[..., tuple[Any, ...]]:
    """What takes X, lengths and states (D, N, U), and gives y, D U wide, and the last states."""
    w, r, b, p = (None if value is None else wide(value) for value in (w, r, b, p))
    reverses = _DIRECTIONS[context.attr("direction", "forward")]
    options = [cell.options(d, p) for d in range(len(reverses))]
    weights = [cell.weights(d, w, r, b) for d in range(len(reverses))]
    plain = all(given == cell.plain for given in options)
    if plain and len(reverses) == 2:
        return _both(cell, weights, sequences)
    if plain:
        runs: list[Direction] = [cell.pack(*weights[0], **cell.always)]
    else:
        runs = [
            _with_options(cell, given, {**cell.always, **more})
            for given, more in zip(weights, options, strict=True)
        ]
    return _each(runs, reverses, sequences)


def _with_options(cell: _Cell, weights: Weights, options: dict[str, Any]) -> Direction:
    return lambda x, **given: cell.function(x, *weights, **options, **given)


def _padded(lengths: Array | None) -> dict[str, Any]:
    """Steps beyond a length give zeros."""
    return {} if lengths is None else {"lengths": lengths, "zero_output_for_mask": True}


def _each(
    runs: list[Direction], reverses: tuple[bool, ...], sequences: bool
) -> Callable[..., tuple[Any, ...]]:
    def call(
        x: Array, lengths: Array | None, states: list[Array | None], time_major: bool
    ) -> tuple[Any, ...]:
        shared = {"return_sequences": sequences, "time_major": time_major, **_padded(lengths)}
        results = []
        for d, (run, reverse) in enumerate(zip(runs, reverses, strict=True)):
            initial = {
                name: state[d]
                for name, state in zip(("initial_h", "initial_c"), states, strict=False)
                if state is not None
            }
            results.append(run(x, reverse=reverse, **shared, **initial))
        if len(results) == 1:
            y, *last = results[0]
            return (y, *[value[None] for value in last])
        columns = list(zip(*results, strict=True))
        y = np.concatenate(columns[0], axis=2) if sequences else None
        return (y, *[np.stack(values) for values in columns[1:]])

    return call


def _both(cell: _Cell, weights: list[Weights], sequences: bool) -> Callable[..., tuple[Any, ...]]:
    """Two plain directions in one call."""
    forward, reverse = (cell.pack(*given, **cell.always) for given in weights)

    def call(
        x: Array, lengths: Array | None, states: list[Array | None], time_major: bool
    ) -> tuple[Any, ...]:
        initial: dict[str, Any] = {
            name: np.concatenate(list(state), axis=1)
            for name, state in zip(("initial_h", "initial_c"), states, strict=False)
            if state is not None
        }
        shared: dict[str, Any] = {"return_sequences": sequences, "time_major": time_major}
        y, *last = both_directions(forward, reverse, x, **shared, **initial, **_padded(lengths))
        return (y, *[np.stack(np.split(value, 2, axis=1)) for value in last if value is not None])

    return call
