"""Keras' recurrent layers by foldgate: the loop over the steps of LSTM, GRU, SimpleRNN, RNN of a cell."""

from __future__ import annotations

import functools
import importlib
from typing import Any, NamedTuple

import numpy as np

from foldgate.keras import counts, kernels


class _Cell(NamedTuple):
    """What foldgate reads of a cell."""

    name: str
    states: int
    options: dict[str, Any]


def inner_loop(room: Any, original: Any) -> Any:
    """`inner_loop` of a recurrent layer."""

    @functools.wraps(original)
    def replacement(self: Any, sequences: Any, initial_state: Any, mask: Any, training: Any = False) -> Any:
        if room.is_traced():
            return original(self, sequences, initial_state, mask, training)
        # Keras' own loops call that of RNN for what they leave to it: it was looked at already.
        cell = cell_of(self.cell) if type(self).inner_loop is replacement else None
        if cell is None:
            return original(self, sequences, initial_state, mask, training)
        result = _run(room, original, self, cell, sequences, initial_state, mask, training)
        if result is not None:
            counts.ran(cell.name)
            return result
        counts.left(cell.name)
        return original(self, sequences, initial_state, mask, training)

    return replacement


def _run(
    room: Any,
    original: Any,
    layer: Any,
    cell: _Cell,
    sequences: Any,
    initial_state: Any,
    mask: Any,
    training: Any,
) -> tuple[Any, ...] | None:
    """(last output, outputs, states) as Keras' loop has them; None where it should compute them itself."""
    states = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
    if isinstance(mask, (list, tuple)) and mask and hasattr(layer, "use_cudnn"):  # LSTM and GRU take lists
        mask = mask[0]
    drops = bool(training) and not _only_inputs_drop(layer.cell)
    if len(states) != cell.states or drops or getattr(layer, "use_cudnn", "auto") is True:
        return None
    bias = layer.cell.bias if layer.cell.use_bias else None
    variables = [layer.cell.kernel, layer.cell.recurrent_kernel, *([] if bias is None else [bias])]
    found = room.operands(sequences, *map(room.tensor, variables), *states)
    if found is None or not all(isinstance(variable, _variable()) for variable in variables):
        return None
    # After the operands: under a transform, where those are None, a mask has no memory to read.
    steps = None if mask is None else room.mask_array(mask)
    if mask is not None and (steps is None or layer.unroll):  # unrolled, Keras masks in another way
        return None
    x, weights, states = found[0], found[1 : -cell.states], list(found[-cell.states :])
    if not _fits(x, weights, states, steps):
        return None
    if training and layer.cell.dropout:
        x = _dropped(layer.cell, x)
    operands = (x, *weights, *([None] if bias is None else []), *room.states_of(layer, states))
    options = {
        **cell.options,
        "mask": steps,
        "reverse": bool(layer.go_backwards),
        "zero_output_for_mask": bool(layer.zero_output_for_mask),
    }
    wants_sequences = bool(layer.return_sequences)
    call = kernels.Recurrence(cell.name, wants_sequences, options)
    masked = None if steps is None else room.as_tensor(steps)
    plain = functools.partial(_plain, original, layer, variables, masked, cell.states)
    y, *ends = room.run(call, plain, *operands)
    return _results(room, layer, y, ends, steps)


def _results(room: Any, layer: Any, y: Any, states: list[Any], mask: Any) -> tuple[Any, ...]:
    """Outputs in the order of the walk, with masked steps as this backend has them."""
    last = states[0]
    backwards, zeros = layer.go_backwards, layer.zero_output_for_mask
    if mask is not None:
        walked = mask[:, ::-1] if backwards else mask
        if zeros:
            last = room.where(walked[:, -1].copy(), last)
        elif room.STARTS_WITH_ZEROS and not walked[:, 0].all():
            seen = np.logical_or.accumulate(walked, axis=1)
            last = room.where(seen[:, -1].copy(), last)
            if layer.return_sequences:  # copies: of a single step, torch refuses a view with negative strides
                y = room.where((seen[:, ::-1] if backwards else seen).copy(), y)
    if not layer.return_sequences:
        if layer.return_state:  # whoever writes to the one does not mean the other
            last = room.copy(last)
        return last, last[:, None], states
    return last, room.flip(y) if backwards else y, states


def _plain(
    original: Any, layer: Any, variables: list[Any], mask: Any, count: int, *operands: Any
) -> tuple[Any, ...]:
    """Keras' loop with outputs as the kernel has them; x was dropped before.

    Where masked steps put out something else, no gradient arrives: `_results` cuts it off.
    """
    with importlib.import_module("keras").StatelessScope(zip(variables, operands[1:], strict=False)):
        _, y, states = original(layer, operands[0], list(operands[-count:]), mask, False)
    if not layer.return_sequences:
        return None, *states
    return y.flip(1) if layer.go_backwards else y, *states


def _fits(x: Any, weights: Any, states: list[Any], mask: Any) -> bool:
    """Whether the shapes are those of a layer's call; what is not is Keras' to answer."""
    if len(x.shape) != 3 or 0 in x.shape or any(len(w.shape) == 0 for w in weights):
        return False
    batch, steps, features = x.shape
    units = weights[1].shape[0]
    return (
        weights[0].shape[0] == features
        and all(tuple(state.shape) == (batch, units) for state in states)
        and (mask is None or mask.shape == (batch, steps))
    )


def _only_inputs_drop(cell: Any) -> bool:
    """Whether dropout is none, or one mask over the inputs of all steps and gates."""
    if cell.recurrent_dropout:
        return False
    return not cell.dropout or (cell.dropout < 1 and getattr(cell, "implementation", 2) == 2)


def _dropped(cell: Any, x: Any) -> Any:
    """The inputs with those of the layer's dropout mask set to 0 and the others scaled."""
    return x * cell.get_dropout_mask(x[:, 0, :])[:, None, :]


def cell_of(cell: Any) -> _Cell | None:
    """What foldgate makes of a cell; None if it is not exactly one of Keras' three, with known functions."""
    kind = _cells().get(type(cell))
    if kind is None or _is_changed(cell):
        return None
    name, states = kind
    known = activations()
    functions = ["activation"] if name == "simple_rnn" else ["activation", "recurrent_activation"]
    found = {f: known.get(getattr(cell, f)) for f in functions}
    if None in found.values():
        return None
    options: dict[str, Any] = dict(found)
    if name == "gru":
        options["reset_after"] = bool(cell.reset_after)
    return _Cell(name, states, options)


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
"""What a layer of the torch backend keeps of those who watch its calls."""


def _is_changed(cell: Any) -> bool:
    """Whether a cell's calls are more than its class has: somebody's function or hooks, or losses."""
    if "call" in vars(cell) or cell.activity_regularizer is not None:
        return True
    return any(getattr(cell, hooks, None) for hooks in _HOOKS)


@functools.cache
def _variable() -> type:
    variable: type = importlib.import_module("keras").Variable
    return variable


@functools.cache
def _cells() -> dict[type, tuple[str, int]]:
    layers = importlib.import_module("keras").layers
    return {
        layers.LSTMCell: ("lstm", 2),
        layers.GRUCell: ("gru", 1),
        layers.SimpleRNNCell: ("simple_rnn", 1),
    }


@functools.cache
def activations() -> dict[Any, str]:
    """Keras' functions that a gate may have, and their names in foldgate."""
    keras = importlib.import_module("keras")
    names = ("linear", "relu", "tanh", "sigmoid", "hard_sigmoid", "elu", "softsign", "softplus")
    found = {getattr(keras.activations, name): name for name in names}
    return {**found, keras.ops.tanh: "tanh", keras.ops.sigmoid: "sigmoid"}
