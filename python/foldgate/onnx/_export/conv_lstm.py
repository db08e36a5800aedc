"""ConvLSTM as a Scan: ONNX has no operator for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import activations
from foldgate._nest import flatten
from foldgate.onnx._export.activations import activate
from foldgate.onnx._export.convolution import _as_it_is, _forward, windows
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import Writer


def conv_lstm(w: Writer, layer: Any, given: dict[str, Any], shapes: Any) -> list[Value]:
    """The convolution of the inputs for all steps at once, and a Scan over what is left of each step:

    i, f, c, o = x_t + conv(h); c' = f c + i tanh(c); h' = o tanh(c').
    """
    cell, value = layer.cell, w.floats(given["sequences"], layer.compute_dtype)
    last = cell.data_format == "channels_last"
    perm = [1, 0, value.rank - 1, *range(2, value.rank - 1)] if last else [1, 0, *range(2, value.rank)]
    x = w.op("Transpose", w.plain(value), perm=perm)  # (T, N, C, *spatial)
    sizes = [value.shape[axis] for axis in perm]
    flat = w.op("Reshape", x, w.ints(-1, *sizes[2:]))
    bias = None if cell.bias is None else w.weight(cell.bias, _as_it_is, "bias")
    sums = w.op("Conv", flat, w.weight(cell.kernel, _forward, "kernel"), bias, **windows(cell))
    state = tuple(cell._state_shape)
    state = (state[-1], *state[:-1]) if last else state  # (F, *spatial)
    steps = w.op("Reshape", sums, w.joined(w.sizes(x, 0, 2), w.ints(4 * state[0], *state[1:])))
    states = _states(w, layer, given, x, state, value.dtype)
    mask = given.get("mask")
    mask = value.mask if mask is None else w.plain(mask)
    ends, y = _scan(w, layer, steps, states, mask, value.dtype, len(state))
    if layer.stateful:
        shape = (None, *cell._state_shape)
        w.keep_states(layer, [Value(end, shape, value.dtype, "first" if last else "plain") for end in ends])
    return _outputs(w, layer, y, ends, mask, shapes, value.dtype)


def _states(w: Writer, layer: Any, given: Any, x: str, state: Any, dtype: str) -> list[str]:
    own = [s for s in flatten(given.get("initial_state", [])) if isinstance(s, Value)]
    if layer.stateful and not own:
        own = w.states_of(layer)
    if own:
        return [w.channels_first(s, layer.cell.data_format) for s in own]
    shape = w.joined(w.sizes(x, 1, 2), w.ints(*state))
    return [w.op("Expand", w.constant(np.zeros((1,) * (1 + len(state))), dtype), shape)] * 2


def _scan(
    w: Writer, layer: Any, steps: str, states: list[str], mask: str | None, dtype: str, axes: int
) -> tuple[list[str], str]:
    from onnx import helper

    seen = None
    if mask is not None:  # (T, N, 1, 1, ...)
        seen = w.op("Unsqueeze", w.op("Transpose", mask, perm=[1, 0]), w.ints(*range(2, 2 + axes)))
    before, w.nodes = w.nodes, []
    names = [w.name(part) for part in ("h", "c", "step", "counts")]
    results = _step(w, layer, [*names[:3], names[3] if mask is not None else None], dtype)
    body_nodes, w.nodes = w.nodes, before
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    kinds = [kind, kind, kind, helper.np_dtype_to_tensor_dtype(np.dtype(bool))]
    inputs = [helper.make_tensor_value_info(n, k, None) for n, k in zip(names, kinds, strict=True)]
    outputs = [helper.make_tensor_value_info(n, kind, None) for n in results]
    body = helper.make_graph(body_nodes, w.name("body"), inputs if mask else inputs[:3], outputs)
    ways = {"scan_output_directions": [1]} if layer.go_backwards else {}
    scanned = [steps] if seen is None else [steps, seen]
    if layer.go_backwards:
        ways["scan_input_directions"] = [1] * len(scanned)
    *ends, y = w.many("Scan", [*states, *scanned], 3, body=body, num_scan_inputs=len(scanned), **ways)
    return ends, y


def _step(w: Writer, layer: Any, names: list[str | None], dtype: str) -> list[str]:
    """One step of h and c; (h', c', output)."""
    h, c, step, counts = names
    cell = layer.cell
    reach = [k - 1 for k in cell.kernel_size]
    pads = [r // 2 for r in reach] + [r - r // 2 for r in reach]
    kernel = w.weight(cell.recurrent_kernel, _forward, "recurrent_kernel")
    sums = w.op("Add", w.op("Conv", h, kernel, pads=pads, kernel_shape=list(cell.kernel_size)), step)
    i, f, g, o = w.many("Split", [sums], 4, axis=1, num_outputs=4)

    def through(name: str, function: Any) -> str:
        if function in (activations.softmax, activations.log_softmax):
            raise w.refuse("softmax as an activation of its gates has no ONNX form here")
        return activate(w, Value(name, (None,) * (2 + cell.rank), dtype), function).name

    gate, function = cell.recurrent_activation, cell.activation
    kept = w.op("Mul", through(f, gate), c)
    new_c = w.op("Add", kept, w.op("Mul", through(i, gate), through(g, function)))
    new_h = w.op("Mul", through(o, gate), through(new_c, function))
    if counts is None:
        return [new_h, new_c, w.op("Identity", new_h)]
    new_h, new_c = w.op("Where", counts, new_h, h), w.op("Where", counts, new_c, c)
    if layer.zero_output_for_mask:
        return [new_h, new_c, w.op("Where", counts, new_h, w.constant(np.zeros(()), dtype))]
    return [new_h, new_c, w.op("Identity", new_h)]


def _outputs(
    w: Writer, layer: Any, y: str, ends: list[str], mask: str | None, shapes: Any, dtype: str
) -> list[Value]:
    last = layer.cell.data_format == "channels_last"
    layout: Any = "first" if last else "plain"
    if layer.return_sequences:
        if layer.go_backwards:
            y = w.op("Slice", y, w.ints(-1), w.ints(-(2**31)), w.ints(0), w.ints(-1))
        rank = len(shapes[0])
        perm = [1, 0, *range(3, rank), 2] if last else [1, 0, *range(2, rank)]
        first = Value(w.op("Transpose", y, perm=perm), shapes[0], dtype, mask=mask)
    elif mask is not None and layer.zero_output_for_mask:
        end = w.constant(np.int64(0 if layer.go_backwards else -1))
        first = Value(w.op("Gather", y, end, axis=0), shapes[0], dtype, layout)
    else:
        first = Value(ends[0], shapes[0], dtype, layout)
    rest = zip(ends, shapes[1:], strict=True) if layer.return_state else ()
    return [first, *(Value(name, shape, dtype, layout) for name, shape in rest)]


HANDLERS: dict[str, Any] = {}
