"""What the stacked recurrence shares between forward and backward: its operands and its native calls.

Layers of one direction run in one native call; those of both directions, which fill the threads by
themselves, one after the other, each reading what the one below wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from foldgate import _native
from foldgate._arrays import operand, optional
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.gradients import StackedGradients
from foldgate.ops import _bidirectional
from foldgate.ops._recurrent import GRU, GRU_RESET_BEFORE, LSTM, RELU_RNN, TANH_RNN, counted_steps
from foldgate.ops._scalars import check_flags

Layer = tuple[Any, ...]
"""(kernel, recurrent_kernel, bias), and of a layer of both directions the same three of the reverse one."""

_CELLS = {
    "lstm": LSTM,
    "gru": GRU,
    "gru_reset_before": GRU_RESET_BEFORE,
    "tanh_rnn": TANH_RNN,
    "relu_rnn": RELU_RNN,
}
_NAMES = ("kernel", "recurrent_kernel", "bias", "reverse_kernel", "reverse_recurrent_kernel", "reverse_bias")


class Options(NamedTuple):
    """What forward and backward are both told."""

    cell: str
    initial_h: FloatArray | None
    initial_c: FloatArray | None
    mask: BoolArray | None
    lengths: IntArray | None
    reverse: bool
    zero_output_for_mask: bool
    time_major: bool


def cell_code(op: str, cell: object) -> int:
    """The native code of a cell.

    Raises:
      ValueError: there is none of that name.
    """
    if not isinstance(cell, str) or cell not in _CELLS:
        raise ValueError(f"{op}: cell is {cell!r}; expected one of {', '.join(_CELLS)}")
    return _CELLS[cell]


def layers_of(op: str, layers: object) -> list[Layer]:
    """`layers` as tuples of one length, 3 or 6.

    Raises:
      TypeError: they are no list or tuple of lists or tuples.
      ValueError: there are none, or their lengths are others.
    """
    if not isinstance(layers, list | tuple):
        raise TypeError(f"{op}: layers is a {type(layers).__name__}; expected a list of tuples of weights")
    if not layers:
        raise ValueError(f"{op}: layers is empty; expected at least one")
    for i, layer in enumerate(layers):
        if not isinstance(layer, list | tuple):
            raise TypeError(f"{op}: layers[{i}] is a {type(layer).__name__}; expected a tuple of weights")
        if len(layer) not in (3, 6) or len(layer) != len(layers[0]):
            raise ValueError(
                f"{op}: layers[{i}] has {len(layer)} weights and layers[0] has {len(layers[0])}; expected 3 "
                f"of each, (kernel, recurrent_kernel, bias), or 6, with those of the reverse direction"
            )
    return [tuple(layer) for layer in layers]


def _checked(op: str, layers: list[Layer], x: FloatArray) -> list[Layer]:
    def one(index: int, position: int, value: Any) -> Any:
        name = f"layers[{index}]'s {_NAMES[position]}"
        return (optional if position % 3 == 2 else operand)(op, name, value, x)

    return [tuple(one(i, p, value) for p, value in enumerate(layer)) for i, layer in enumerate(layers)]


class _Call(NamedTuple):
    """The operands of a call as the native functions take them."""

    op: str
    cell: int
    x: FloatArray
    layers: list[Any]  # of Layer
    initial_h: FloatArray | None
    initial_c: FloatArray | None
    mask: BoolArray | None
    lengths: IntArray | None
    reverse: bool
    zero_output_for_mask: bool
    time_major: bool

    @property
    def both(self) -> bool:
        return len(self.layers[0]) == 6


def _call(op: str, x: FloatArray, layers: object, options: Options) -> _Call:
    cell, checked = cell_code(op, options.cell), layers_of(op, layers)
    flags = {name: getattr(options, name) for name in ("reverse", "zero_output_for_mask", "time_major")}
    check_flags(op, **flags)
    x = operand(op, "x", x)
    if len(checked[0]) == 6 and options.reverse:
        raise ValueError(f"{op}: reverse is True for layers of both directions; expected False")
    return _Call(
        op,
        cell,
        x,
        _checked(op, checked, x),
        optional(op, "initial_h", options.initial_h, x),
        optional(op, "initial_c", options.initial_c, x),
        *counted_steps(op, options.mask, options.lengths),
        **flags,
    )


def forward(
    op: str,
    x: FloatArray,
    layers: object,
    options: Options,
    return_sequences: bool,
    return_cache: bool,
) -> tuple[Any, Any, Any, tuple[tuple[FloatArray, FloatArray], ...]]:
    """(y, h, c, ((y, cache) of every layer)), None where not wanted or not there."""
    check_flags(op, return_sequences=return_sequences, return_cache=return_cache)
    call = _call(op, x, layers, options)
    if call.both:
        return _both_forward(call, return_sequences, return_cache)
    ys, h, c, caches = _native.stacked_forward(*call, return_sequences, return_cache)
    return ys[-1], h, c, tuple(zip(ys, caches, strict=True)) if return_cache else ()


def _parts(op: str, name: str, states: FloatArray | None, call: _Call) -> list[Any]:
    """The layers' states, whose number is checked."""
    if states is None:
        return [None] * len(call.layers)
    if states.ndim != 3 or len(states) != len(call.layers):
        units = call.layers[0][1].shape[0] if call.layers[0][1].ndim else 0
        batch = call.x.shape[call.time_major] if call.x.ndim > 1 else 0
        expected = (len(call.layers), batch, 2 * units)
        raise ValueError(f"{op}: {name} has shape {states.shape}; expected {expected}")
    return list(states)


def _both_forward(call: _Call, return_sequences: bool, return_cache: bool) -> tuple[Any, ...]:
    op, cell, y, layers, initial_h, initial_c, mask, lengths, _, zero, major = call
    first_h, first_c = _parts(op, "initial_h", initial_h, call), _parts(op, "initial_c", initial_c, call)
    hs, cs, caches = [], [], []
    for i in range(len(layers)):
        layer: _bidirectional.Weights = layers[i]
        wanted = return_sequences or i + 1 < len(layers)
        y, h, c, cache = _native.bidirectional_forward(
            op, cell, y, *layer, first_h[i], first_c[i], mask, lengths, zero, major, wanted, return_cache
        )
        hs.append(h)
        cs.append(c)
        caches.append((y, cache))
    return y, np.stack(hs), None if cs[0] is None else np.stack(cs), tuple(caches) if return_cache else ()


def backward(
    op: str,
    dy: FloatArray | None,
    x: FloatArray,
    layers: object,
    cache: object,
    dh: FloatArray | None,
    dc: FloatArray | None,
    options: Options,
    need_dx: bool,
) -> StackedGradients:
    """The gradients of all operands."""
    check_flags(op, need_dx=need_dx)
    call = _call(op, x, layers, options)
    if not isinstance(cache, tuple) or not all(isinstance(c, tuple) and len(c) == 2 for c in cache):
        raise TypeError(f"{op}: cache is a {type(cache).__name__}; expected what the forward op returned")
    if len(cache) != len(call.layers):
        raise ValueError(f"{op}: cache is of {len(cache)} layers; expected {len(call.layers)}")
    dy, dh, dc = (optional(op, name, value, call.x) for name, value in (("dy", dy), ("dh", dh), ("dc", dc)))
    ys = [operand(op, "y", y, call.x) for y, _ in cache]
    caches = [operand(op, "cache", kept, call.x) for _, kept in cache]
    if call.both:
        return _both_backward(call, dy, ys, caches, dh, dc, need_dx)
    gradients = _native.stacked_backward(
        op, call.cell, dy, call.x, call.layers, ys, caches, dh, dc, *call[4:], need_dx
    )
    return StackedGradients(gradients[0], tuple(gradients[1]), *gradients[2:])


def _both_backward(
    call: _Call,
    dy: FloatArray | None,
    ys: Sequence[FloatArray],
    caches: Sequence[FloatArray],
    dh: FloatArray | None,
    dc: FloatArray | None,
    need_dx: bool,
) -> StackedGradients:
    op, cell, x, layers, initial_h, initial_c, mask, lengths, _, zero, major = call
    first_h, first_c = _parts(op, "initial_h", initial_h, call), _parts(op, "initial_c", initial_c, call)
    last_h, last_c = _parts(op, "dh", dh, call), _parts(op, "dc", dc, call)
    dlayers, dhs, dcs = [], [], []
    for i in reversed(range(len(layers))):
        layer: _bidirectional.Weights = layers[i]
        dy, *gradients = _native.bidirectional_backward(
            op, cell, dy, ys[i - 1] if i else x, *layer, ys[i], caches[i], last_h[i], last_c[i],
            first_h[i], first_c[i], mask, lengths, zero, major, need_dx or i > 0,
        )  # fmt: skip
        dlayers.append(tuple(gradients[:6]))
        dhs.append(gradients[6])
        dcs.append(gradients[7])
    dinitial_c = None if dcs[0] is None else np.stack(dcs[::-1])
    return StackedGradients(dy, tuple(dlayers[::-1]), np.stack(dhs[::-1]), dinitial_c)
