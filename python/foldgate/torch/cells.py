"""torch.nn.LSTMCell, GRUCell and RNNCell on foldgate's single steps."""

from __future__ import annotations

from typing import Any

import torch
from torch import _VF, Tensor
from torch.compiler import is_compiling

from foldgate import _by_torch, ops
from foldgate._torch_ready import are_plain, is_first_order, is_ordinary, needs_gradient
from foldgate.torch import _rules
from foldgate.torch._eagerly import eagerly
from foldgate.torch._gates import GATES, Direction, direction_of, weight_gradients
from foldgate.torch._kept import kept_of
from foldgate.torch._module import Accelerated, parameter

_STEP: dict[str, Any] = {
    "LSTM": ops.lstm_step,
    "GRU": ops.gru_step,
    "RNN_TANH": ops.simple_rnn_step,
    "RNN_RELU": ops.simple_rnn_step,
}
_BACKWARD: dict[str, Any] = {
    "LSTM": ops.lstm_step_backward,
    "GRU": ops.gru_step_backward,
    "RNN_TANH": ops.simple_rnn_step_backward,
    "RNN_RELU": ops.simple_rnn_step_backward,
}
_OPTIONS: dict[str, dict[str, Any]] = {"RNN_TANH": {"activation": "tanh"}, "RNN_RELU": {"activation": "relu"}}
_TORCH = {
    "LSTM": _VF.lstm_cell,
    "GRU": _VF.gru_cell,
    "RNN_TANH": _VF.rnn_tanh_cell,
    "RNN_RELU": _VF.rnn_relu_cell,
}


class _Step(torch.autograd.Function):
    """The kernels under autograd: h, or (h, c)."""

    @staticmethod
    def forward(ctx: Any, kind: str, prepared: Direction, x: Any, *operands: Any) -> Any:
        count = len(operands) - 4
        arrays = _arrays(x, *operands[:count])
        *last, cache = _STEP[kind](*arrays, *prepared[:3], **_OPTIONS.get(kind, {}), return_cache=True)
        ctx.save_for_backward(x, torch.from_numpy(cache), *operands)
        ctx.kind, ctx.prepared, ctx.count = kind, prepared, count
        ctx.set_materialize_grads(False)
        results = tuple(torch.from_numpy(s) for s in last)
        return results if count == 2 else results[0]

    @staticmethod
    @eagerly
    def backward(ctx: Any, *dys: Any) -> Any:
        kind, count = ctx.kind, ctx.count
        x, cache, *operands = ctx.saved_tensors
        if all(dy is None for dy in dys):
            return (None,) * (3 + len(operands))
        if not is_first_order(*dys):

            def again(x: Any, *operands: Any) -> Any:
                states = operands[0] if count == 1 else operands[:2]
                return _TORCH[kind](x, states, *operands[count:])

            found = _by_torch.gradients(again, (x, *operands), ctx.needs_input_grad[2:], dys)
            return (None, None, *found)
        gradients = _BACKWARD[kind](
            *(None if dy is None else dy.contiguous().numpy() for dy in dys),
            *_arrays(x, *operands[:count]),
            *ctx.prepared[:3],
            cache.numpy(),
            **_OPTIONS.get(kind, {}),
        )
        dx, dkernel, drecurrent, dbias, *dstates = gradients[: 4 + count]
        dweights = weight_gradients(kind, dkernel, drecurrent, dbias, None)[:4]
        return (None, None, torch.from_numpy(dx), *(torch.from_numpy(d) for d in dstates), *dweights)


def _arrays(*tensors: Any) -> list[Any]:
    return [t.detach().contiguous().numpy() for t in tensors]


def _wins(module: Any, x: Any, least: int) -> bool:
    if type(x) is not Tensor or x.numel() < least or is_compiling():
        return False
    return _rules.step_wins(module, x, torch.is_grad_enabled())


def _step(module: Any, kind: str, x: Any, states: tuple[Any, ...]) -> Any:
    """The new states of a batch, or None where torch's own op has to compute (or refuse) the call."""
    if not (are_plain(x, *states) and is_ordinary()):
        return None
    if x.dim() == 1 and all(s is None or s.dim() == 1 for s in states):
        found = _step(
            module, kind, x.unsqueeze(0), tuple(None if s is None else s.unsqueeze(0) for s in states)
        )
        return None if found is None else tuple(s.squeeze(0) for s in found)
    size = (x.shape[0], module.hidden_size)
    if x.dim() != 2 or x.shape[1] != module.input_size:
        return None
    if any(s is not None and s.shape != size for s in states):
        return None
    # Last: torch, too, would have them computed.
    weights: tuple[Any, ...] = tuple(
        None if w is None else w.contiguous()
        for w in (parameter(module, n) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    )
    if (
        not are_plain(x, *weights)
        or any(w is None for w in weights[:2])
        or weights[1].shape != (GATES[kind] * size[1], size[1])
        or (weights[2] is None) != (weights[3] is None)
    ):
        return None
    given = tuple(x.new_zeros(size) if s is None else s for s in states)
    prepared = kept_of(module).get(kind, weights, lambda: direction_of(kind, (*weights, None)))
    if needs_gradient(x, *weights, *given):
        found = _Step.apply(kind, prepared, x, *given, *weights)
        return found if isinstance(found, tuple) else (found,)
    last = _STEP[kind](*_arrays(x, *given), *prepared[:3], **_OPTIONS.get(kind, {}))
    return tuple(torch.from_numpy(s) for s in (last if isinstance(last, tuple) else (last,)))


class LSTMCell(Accelerated, torch.nn.LSTMCell):
    """torch.nn.LSTMCell, computed by foldgate where it can and wins."""

    _own = torch.nn.LSTMCell.forward

    def forward(self, input: Any, hx: Any = None) -> Any:
        found = None
        if _wins(self, input, _rules.LEAST_STEPPED) and (
            hx is None or (isinstance(hx, tuple | list) and len(hx) == 2)
        ):
            found = _step(self, "LSTM", input, (None, None) if hx is None else tuple(hx))
        return self._own(input, hx) if found is None else found


class GRUCell(Accelerated, torch.nn.GRUCell):
    """torch.nn.GRUCell, computed by foldgate where it can and wins."""

    _own = torch.nn.GRUCell.forward

    def forward(self, input: Any, hx: Any = None) -> Any:
        found = _step(self, "GRU", input, (hx,)) if _wins(self, input, _rules.LEAST_STEPPED) else None
        return self._own(input, hx) if found is None else found[0]


class RNNCell(Accelerated, torch.nn.RNNCell):
    """torch.nn.RNNCell, computed by foldgate where it can and wins."""

    _own = torch.nn.RNNCell.forward

    def forward(self, input: Any, hx: Any = None) -> Any:
        found = None
        if _wins(self, input, _rules.LEAST_STEPPED_SIMPLY) and self.nonlinearity in ("tanh", "relu"):
            found = _step(self, f"RNN_{self.nonlinearity.upper()}", input, (hx,))
        return self._own(input, hx) if found is None else found[0]
