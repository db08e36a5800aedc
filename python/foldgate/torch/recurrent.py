"""torch.nn.LSTM, GRU and RNN on foldgate's recurrent ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch.compiler import is_compiling
from torch.nn.utils.rnn import PackedSequence

from foldgate._torch_ready import are_plain, is_ordinary, needs_gradient
from foldgate.torch import _rules
from foldgate.torch._compiled_recurrent import recurrent_layer
from foldgate.torch._eagerly import eagerly
from foldgate.torch._forms import has_usual_switches
from foldgate.torch._gates import GATES
from foldgate.torch._kept import kept_of
from foldgate.torch._layer import Steps
from foldgate.torch._layout import copied, laid_out
from foldgate.torch._library import computes
from foldgate.torch._module import Accelerated
from foldgate.torch._sequence import Layer, packed_rows, run_layer


class _Call(NamedTuple):
    """A call, checked: states are (layers * directions, N, U), a packed sequence's x is (N, T, D)."""

    x: Any
    states: tuple[Any, ...]
    batch_sizes: Any
    rows: Any
    steps: Steps


_Alike = Callable[..., bool]
"""Whether the kernels may read some tensors, by the rules of eager or of compiled calls."""


def _states(module: Any, hx: Any, batch: int | None, x: Any, alike: _Alike) -> tuple[Any, ...] | None:
    """The initial states, (layers * directions, N, U) or None each; None where torch has to refuse them."""
    count = 2 if module.mode == "LSTM" else 1
    if hx is None:
        return (None,) * count
    given = (hx,) if count == 1 else hx
    if not isinstance(given, tuple | list) or len(given) != count:
        return None
    depth = module.num_layers * (2 if module.bidirectional else 1)
    widths = (module.proj_size or module.hidden_size, module.hidden_size)
    for state, width in zip(given, widths, strict=False):
        shape = (depth, width) if batch is None else (depth, batch, width)
        if not isinstance(state, torch.Tensor) or state.shape != shape or not alike(x, state):
            return None
    return tuple(s.unsqueeze(1) if batch is None else s for s in given)


def _dense_call(module: Any, x: Any, hx: Any, alike: _Alike) -> _Call | None:
    if not 2 <= x.dim() <= 3 or x.shape[-1] != module.input_size:
        return None
    batch = None if x.dim() == 2 else x.shape[0 if module.batch_first else 1]
    states = _states(module, hx, batch, x, alike)
    if states is None:
        return None
    if batch is None:
        x = x.unsqueeze(0)
    return _Call(x, states, None, None, Steps(time_major=batch is not None and not module.batch_first))


def _packed_call(module: Any, packed: Any, hx: Any, alike: _Alike) -> _Call | None:
    data, sizes, order = packed.data, packed.batch_sizes, packed.sorted_indices
    if data.dim() != 2 or data.shape[1] != module.input_size:
        return None
    batch, steps = int(sizes[0]), len(sizes)
    states = _states(module, hx, batch, data, alike)
    if states is None:
        return None
    if order is not None:
        states = tuple(None if s is None else s.index_select(1, order) for s in states)
    rows, lengths = packed_rows(sizes)
    padded = data.new_zeros(batch * steps, data.shape[1]).index_copy(0, rows, data)
    return _Call(padded.view(batch, steps, -1), states, sizes, rows, Steps(lengths))


def _is_worth(module: Any, given: Any) -> bool:
    """Whether foldgate is faster on such an input; what is none at all is torch's to refuse."""
    packed = type(given) is PackedSequence
    x = given.data if packed else given
    if type(x) is not torch.Tensor or x.is_nested or x.dim() < 2:
        return False
    if x.numel() < (_rules.LEAST_STEPS * module.input_size or 1):
        return False
    rows = x.numel() // x.shape[-1]
    gradient = torch.is_grad_enabled()  # they are nearly always needed then
    if packed:
        return _rules.packed_sequence_wins(module, rows, len(given.batch_sizes), gradient)
    steps = x.shape[1 if module.batch_first and x.dim() == 3 else 0]
    return _rules.sequence_wins(module, rows, steps, gradient)


def _run(module: Any, given: Any, hx: Any, compiling: bool = False) -> Any:
    """What the module returns, or None where torch's own op has to compute (or refuse) the call."""
    packed = type(given) is PackedSequence
    if packed and compiling:
        return None
    x = given.data if packed else given
    alike = computes if compiling else are_plain
    if not ((compiling or is_ordinary()) and alike(x) and has_usual_switches(module)):
        return None
    call = (_packed_call if packed else _dense_call)(module, given, hx, alike)
    if call is None:
        return None
    # Last: torch, too, would have them computed.
    weights = _flat_weights(module)
    if not (alike(x, *weights) and _fit(module, weights)):
        return None
    gradient = needs_gradient(x, *weights, *call.states)
    try:
        y, last = _layers(module, call, weights, gradient, compiling)
    except ValueError:  # torch says it in its own words
        return None
    return _as_torch_has_it(module, given, call, y, last)


def _flat_weights(module: Any) -> list[Any]:
    """Its weights; where a parametrization computes some, as often as torch's forward has them computed."""
    names, parameters = module._flat_weights_names, module._parameters
    if all(map(parameters.__contains__, names)):
        return [parameters[name] for name in names]
    module._update_flat_weights()
    return [None if w is None else w.contiguous() for w in module._flat_weights]


def _fit(module: Any, weights: list[Any]) -> bool:
    """Whether there are as many as the options say, dense, and of as many units."""
    depth = module.num_layers * (2 if module.bidirectional else 1)
    if len(weights) != depth * sum(_which(module)) or False in [
        w is not None and w.is_contiguous() for w in weights
    ]:
        return False
    units = module.hidden_size
    shape: tuple[int, int] = weights[1].shape
    return shape == (GATES[module.mode] * units, module.proj_size or units)


def _which(module: Any) -> tuple[bool, ...]:
    """Which of weight_ih, weight_hh, bias_ih, bias_hh, weight_hr there are."""
    return (True, True, module.bias, module.bias, module.proj_size > 0)


def _layers(
    module: Any, call: _Call, weights: list[Any], gradient: bool, compiling: bool
) -> tuple[Any, list[Any]]:
    """y of the last layer, and the last states of all."""
    directions = 2 if module.bidirectional else 1
    each = _which(module)
    layer = Layer(module.mode, directions, each, call.steps, call.batch_sizes)
    width = sum(each) * directions
    y, watched = _read(call, gradient and not compiling)
    if module.mode != "LSTM" and call.states[0] is not None and not call.states[0].is_contiguous():
        watched += call.states  # which the op of an LSTM copies
    states = []
    for depth in range(module.num_layers):
        part = slice(depth * directions, (depth + 1) * directions)
        initial = tuple([None if s is None else s[part].contiguous() for s in call.states])
        mine = tuple(weights[depth * width : (depth + 1) * width])
        if compiling:
            y, *last = _compiled_layer(layer, y, initial, mine, gradient)
        else:
            y, *last = run_layer(layer, kept_of(module), depth, y, initial, mine, gradient, watched)
        states.append(last)
        if module.training and module.dropout > 0 and depth + 1 < module.num_layers:
            y = _dropped(y, module.dropout, call)
    return y, [torch.cat(s) for s in zip(*states, strict=True)] if len(states) > 1 else states[0]


def _read(call: _Call, gradient: bool) -> tuple[Any, tuple[Any, ...]]:
    """x contiguous, and what nobody may write to until the gradient is taken.

    torch reads in place what is contiguous with its steps first; it copies the rest, to which one may write.
    """
    x = call.x
    if not gradient or call.rows is not None:
        return x.contiguous(), ()
    if call.steps.time_major:
        in_place = x.is_contiguous()
    else:
        rows_first = x.is_contiguous() and 1 not in x.shape[:2]  # asked first, as a view costs 5 us
        in_place = not rows_first and x.transpose(0, 1).is_contiguous()
    return (laid_out(x, last=False), (x,)) if in_place else (copied(x, last=False), ())


def _compiled_layer(layer: Layer, x: Any, states: Any, weights: Any, gradient: bool) -> list[Any]:
    """`run_layer` as an op of the graph that is being compiled."""
    h, c = (*states, None)[:2]
    _, _, bias, _, projected = layer.weights_each
    options = (layer.kind, layer.directions, bias, projected, layer.steps.time_major)
    y, *last = recurrent_layer(x, h, c, list(weights), gradient, *options)
    return [y, *last[: len(states)]]


def _dropped(y: Any, p: float, call: _Call) -> Any:
    """Dropout between layers, from torch's generator in torch's order: the same seed drops the same."""
    if call.steps.time_major:
        return torch.dropout(y, p, True)
    batch, steps, width = y.shape
    if call.rows is not None:
        noise = torch.dropout(y.new_ones(len(call.rows), width), p, True)
        return y * y.new_zeros(batch * steps, width).index_copy_(0, call.rows, noise).view_as(y)
    return y * torch.dropout(y.new_ones(steps, batch, width), p, True).transpose(0, 1)


def _as_torch_has_it(module: Any, given: Any, call: _Call, y: Any, last: list[Any]) -> Any:
    if call.rows is not None:
        data = y.view(-1, y.shape[2]).index_select(0, call.rows)
        order = given.unsorted_indices
        if order is not None:
            last = [s.index_select(1, order) for s in last]
        y = PackedSequence(data, call.batch_sizes, given.sorted_indices, order)
    elif given.dim() == 2:
        y, last = y.squeeze(0), [s.squeeze(1) for s in last]
    return (y, tuple(last)) if module.mode == "LSTM" else (y, last[0])


_run_eagerly = eagerly(_run)
"""The compiler, which leaves recurrent modules out of its graphs, would compile what they call in pieces."""


class _Recurrent(Accelerated):
    """What the three have in common."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        found = None
        if _is_worth(self, input):
            found = _run(self, input, hx, True) if is_compiling() else _run_eagerly(self, input, hx)
        return self._own(input, hx) if found is None else found


class LSTM(_Recurrent, torch.nn.LSTM):
    """torch.nn.LSTM, computed by foldgate where it can and wins."""

    _own = torch.nn.LSTM.forward


class GRU(_Recurrent, torch.nn.GRU):
    """torch.nn.GRU, computed by foldgate where it can and wins."""

    _own = torch.nn.GRU.forward


class RNN(_Recurrent, torch.nn.RNN):
    """torch.nn.RNN, computed by foldgate where it can and wins."""

    _own = torch.nn.RNN.forward
