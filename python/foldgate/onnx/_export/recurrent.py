"""LSTM, GRU, SimpleRNN, stacks of their cells, Bidirectional and TimeDistributed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from foldgate import layers
from foldgate._nest import flatten
from foldgate.layers.rnn.conv_lstm_cell import ConvLSTMCell
from foldgate.onnx._export import recurrent_masks as masks
from foldgate.onnx._export.cells import kind_of, operator
from foldgate.onnx._export.conv_lstm import conv_lstm
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer

Run = tuple[str, list[str]]  # all outputs (T, N, U) of one direction and its last states (N, U)


def rnn(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> list[Value]:
    """RNN and its subclasses; a list of cells as operators on top of each other."""
    if isinstance(layer.cell, ConvLSTMCell):
        return conv_lstm(w, layer, given, shapes)
    value = w.floats(given["sequences"], layer.compute_dtype)
    mask = mask_of(w, given, value)
    steps = None if mask is None else masks.steps_of(w, mask)
    cells = layer.cell.cells if isinstance(layer.cell, layers.StackedRNNCells) else [layer.cell]
    states = _given_states(w, given)
    if layer.stateful and not states:
        states = [w.plain(state) for state in w.states_of(layer)]
    x, new_states = w.laid(value, "time").name, []
    for i, cell in enumerate(cells):
        count = 2 if kind_of(w, cell) == "LSTM" else 1
        own, states = states[:count], states[count:]
        zeros = layer.zero_output_for_mask and i == len(cells) - 1
        x, last = one_way(w, cell, x, own, steps, layer.go_backwards, zeros, value.dtype)
        new_states += last
    if layer.stateful:
        w.keep_states(layer, [_state(name, value.dtype) for name in new_states])
    return outputs_of(w, layer, x, new_states, mask, shapes, value.dtype)


def mask_of(w: Writer, given: dict[str, Any], value: Value) -> str | None:
    """The mask that is given in the call, or that of the value."""
    mask = given.get("mask")
    return value.mask if mask is None else w.plain(mask)


def _given_states(w: Writer, given: dict[str, Any]) -> list[str]:
    return [w.plain(state) for state in flatten(given.get("initial_state", [])) if isinstance(state, Value)]


def one_way(
    w: Writer, cell: Any, x: str, states: list[str], steps: masks.Steps | None, reverse: bool, zeros: bool,
    dtype: str,
) -> Run:  # fmt: skip
    """One direction of one cell over (T, N, D)."""
    found = operator(w, [cell])
    starts = [w.op("Unsqueeze", state, w.ints(0)) for state in states]
    given = x if steps is None else masks.compacted(w, steps, x)
    lengths = None if steps is None else steps.lengths
    count = 2 if found.kind == "LSTM" else 1
    direction = "reverse" if reverse else "forward"
    inputs = [given, *found.weights, lengths, *starts]
    y, *last = w.many(found.kind, inputs, 1 + count, direction=direction, **found.attributes)
    y = w.op("Squeeze", y, w.ints(1))
    last = [w.op("Squeeze", state, w.ints(0)) for state in last]
    if steps is not None:
        begins = states or [_zeros(w, x, cell.units, dtype)] * count
        none = w.op("Equal", w.op("Unsqueeze", lengths, w.ints(1)), w.constant(0, "int32"))
        last = [w.op("Where", none, start, end) for start, end in zip(begins, last, strict=True)]
        y = masks.spread(w, steps, y, begins[0], reverse, zeros, dtype)
    return y, last


def _zeros(w: Writer, x: str, units: int, dtype: str) -> str:
    return w.op("Expand", w.constant(np.zeros((1, 1)), dtype), w.joined(w.sizes(x, 1, 2), w.ints(units)))


def outputs_of(
    w: Writer, layer: Any, y: str, states: list[str], mask: str | None, shapes: Any, dtype: str
) -> list[Value]:
    """What a layer returns of all outputs and the last states."""
    if layer.return_sequences:
        if layer.go_backwards:  # in the order in which they were computed
            y = w.op("Slice", y, w.ints(-1), w.ints(-(2**31)), w.ints(0), w.ints(-1))
        first = Value(y, shapes[0], dtype, "time", mask)
    elif mask is not None and layer.zero_output_for_mask:
        end = 0 if layer.go_backwards else -1
        first = Value(w.op("Gather", y, w.constant(np.int64(end)), axis=0), shapes[0], dtype)
    else:
        top = states[-2] if len(states) > 1 and _is_lstm(layer) else states[-1]
        first = Value(top, shapes[0], dtype)
    rest = zip(states, shapes[1:], strict=True) if layer.return_state else ()
    return [first, *(Value(name, shape, dtype) for name, shape in rest)]


def _is_lstm(layer: Any) -> bool:
    cell = layer.cell
    last = cell.cells[-1] if isinstance(cell, layers.StackedRNNCells) else cell
    return isinstance(last, layers.LSTMCell)


def bidirectional(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> list[Value]:
    """Bidirectional: one node where both directions are alike and no step is masked, else one each."""
    forward, backward = layer.forward_layer, layer.backward_layer
    for one in (forward, backward):
        if not isinstance(one, layers.RNN):
            raise w.refuse(
                f"it wraps {one.name!r} ({type(one).__name__}); expected LSTM, GRU, SimpleRNN or RNN"
            )
    value = w.floats(given["sequences"], layer.compute_dtype)
    mask, states = mask_of(w, given, value), _given_states(w, given)
    if mask is None and _alike(forward, backward):
        return _as_one(w, layer, value, states, shapes)
    half, scope = len(states) // 2, w.scope
    found = []
    for one, own in ((forward, states[:half]), (backward, states[half:])):
        w.enter(f"{scope}/{one.name}", one)
        inner = {
            "sequences": replace(value, mask=mask),
            "initial_state": [_state(name, value.dtype) for name in own],
        }
        inner_shapes = [shapes[0], *([(None, None)] * len(one.state_size) if one.return_state else [])]
        found.append(rnn(w, one, {k: v for k, v in inner.items() if v}, inner_shapes))
    w.enter(scope, layer)
    (y, *first), (back, *second) = found
    if layer.return_sequences:  # in the order of the forward layer's, whichever of the two goes backwards
        back = _turned(w, back)
    joined = _merged(w, layer, y, back, shapes, mask if layer.return_sequences else None)
    return [*joined, *first, *second]


def _state(name: str, dtype: str) -> Value:
    return Value(name, (None, None), dtype)


def _turned(w: Writer, value: Value) -> Value:
    """The outputs from the last to the first."""
    axis = w.ints(value.place(1))
    return replace(value, name=w.op("Slice", value.name, w.ints(-1), w.ints(-(2**31)), axis, w.ints(-1)))


def _alike(forward: Any, backward: Any) -> bool:
    a, b = forward.cell, backward.cell
    same = type(a) is type(b) and type(a) in (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)
    ways = not forward.go_backwards and backward.go_backwards
    if not same or not ways or forward.stateful or backward.stateful:
        return False
    return (
        a.units == b.units
        and (a.bias is None) == (b.bias is None)
        and getattr(a, "reset_after", None) == getattr(b, "reset_after", None)
    )


def _as_one(w: Writer, layer: Any, value: Value, states: list[str], shapes: Any) -> list[Value]:
    cells = [layer.forward_layer.cell, layer.backward_layer.cell]
    found = operator(w, cells)
    count, units, dtype = 2 if found.kind == "LSTM" else 1, cells[0].units, value.dtype
    starts = [_pair(w, states[i], states[i + count]) for i in range(count)] if states else []
    inputs = [w.laid(value, "time").name, *found.weights, None, *starts]
    y, *last = w.many(found.kind, inputs, 1 + count, direction="bidirectional", **found.attributes)
    ends = [w.many("Split", [state], 2, axis=0, num_outputs=2) for state in last]
    first, second = ([w.op("Squeeze", pair[way], w.ints(0)) for pair in ends] for way in (0, 1))
    rest = [_state(name, dtype) for name in (*first, *second)] if layer.return_state else []
    if layer.return_sequences and layer.merge_mode == "concat":
        y = w.op("Transpose", y, perm=[0, 2, 1, 3])
        y = w.op("Reshape", y, w.ints(0, 0, 2 * units))
        return [Value(y, shapes[0], dtype, "time"), *rest]
    if layer.return_sequences:
        parts = [w.op("Squeeze", part, w.ints(1)) for part in w.many("Split", [y], 2, axis=1, num_outputs=2)]
        ahead, back = (Value(part, shapes[0], dtype, "time") for part in parts)
    else:
        ahead, back = Value(first[0], shapes[0], dtype), Value(second[0], shapes[0], dtype)
    return [*_merged(w, layer, ahead, back, shapes, None), *rest]


def _pair(w: Writer, one: str, other: str) -> str:
    return w.op("Concat", w.op("Unsqueeze", one, w.ints(0)), w.op("Unsqueeze", other, w.ints(0)), axis=0)


def _merged(w: Writer, layer: Any, ahead: Value, back: Value, shapes: Any, mask: str | None) -> list[Value]:
    mode = layer.merge_mode
    if mode is None:
        return [replace(ahead, mask=mask), replace(back, mask=mask)]
    if mode == "concat":
        y = w.op("Concat", ahead.name, back.name, axis=ahead.place(-1))
    else:
        y = w.op("Mul" if mode == "mul" else "Add", ahead.name, back.name)
        y = w.op("Mul", y, w.constant(0.5, ahead.dtype)) if mode == "ave" else y
    return [replace(ahead, name=y, shape=tuple(shapes[0]), mask=mask)]


def time_distributed(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> Value:
    """TimeDistributed: the layer on batches of all steps together."""
    value = given["inputs"]
    if layer._needs_steps(False):
        raise w.refuse("a stateful layer in TimeDistributed has no ONNX form here")
    x, step = w.plain(value), tuple(value.shape[2:])
    if step.count(None):
        raise w.refuse(f"its input has shape {value.shape}; expected known sizes behind the steps")
    flat = w.op("Reshape", x, w.ints(-1, *step))
    y = w.inner(layer.layer, Value(flat, (None, *step), value.dtype), (None, *shapes[0][2:]))
    rest = w.sizes(w.plain(y), 1, y.rank)
    back = w.op("Reshape", w.plain(y), w.joined(w.sizes(x, 0, 2), rest)) if y.rank > 1 else w.op(
        "Reshape", y.name, w.sizes(x, 0, 2)
    )  # fmt: skip
    return Value(back, shapes[0], y.dtype, mask=value.mask)


HANDLERS = {
    **dict.fromkeys(("RNN", "LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), rnn),
    "Bidirectional": bidirectional,
    "TimeDistributed": time_distributed,
}
