"""PyTorch's LSTM, GRU and RNN modules, time-major and batch-first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cases import Array, Arrays, RecurrentCase
from .base import Candidate, reorder_gates

_MODULES = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "RNN"}
# torch's gate at each place, by foldgate's numbering: LSTM i f c o in both; GRU r z n out of z r h
_GATE_ORDER = {"lstm": (0, 1, 2, 3), "gru": (1, 0, 2), "simple_rnn": (0,)}


def recurrent_candidates(torch: Any, case: RecurrentCase, training: bool, arrays: Arrays) -> list[Candidate]:
    return [_candidate(torch, case, training, arrays, batch_first) for batch_first in (False, True)]


def _candidate(
    torch: Any, case: RecurrentCase, training: bool, arrays: Arrays, batch_first: bool
) -> Candidate:
    module = _module(torch, case, arrays, batch_first)
    module.train(training)

    def sequence(array: Array) -> Any:
        return torch.from_numpy(array if batch_first else np.ascontiguousarray(array.swapaxes(0, 1)))

    def restore(value: Any) -> Array:
        array: Array = value.detach().numpy()
        return array if batch_first else array.swapaxes(0, 1)

    variant = "NTC" if batch_first else "TNC"
    x = sequence(arrays["x"])
    if not training:
        call = torch.inference_mode()(lambda: module(x)[0])
        return Candidate(variant, call, lambda: {"y": restore(call())})
    x.requires_grad_(True)
    dy = sequence(arrays["dy"])
    names, parameters = zip(*module.named_parameters(), strict=True)

    def train() -> Any:
        y = module(x)[0]
        return y, torch.autograd.grad(y, (x, *parameters), dy)

    def results() -> Arrays:
        y, gradients = train()
        named = {name: g.numpy() for name, g in zip(names, gradients[1:], strict=True)}
        return {"y": restore(y), "dx": restore(gradients[0])} | _weight_gradients(case, named)

    return Candidate(variant, train, results)


def _suffixes(case: RecurrentCase) -> dict[str, str]:
    """foldgate's suffix of each cell -> torch's."""
    return {f"_{layer}{d}": f"_l{layer}{'_reverse' if d else ''}" for layer, d in case.cells}


def _module(torch: Any, case: RecurrentCase, arrays: Arrays, batch_first: bool) -> Any:
    module = getattr(torch.nn, _MODULES[case.op])(
        case.width,
        case.units,
        num_layers=case.layers,
        bidirectional=case.directions == 2,
        batch_first=batch_first,
        dtype=getattr(torch, case.dtype),
    )
    order = _GATE_ORDER[case.op]
    values: Arrays = {}
    for ours, theirs in _suffixes(case).items():
        bias = reorder_gates(arrays["bias" + ours], order)
        input_bias, recurrent_bias = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
        values["weight_ih" + theirs] = reorder_gates(arrays["kernel" + ours], order).T
        values["weight_hh" + theirs] = reorder_gates(arrays["recurrent_kernel" + ours], order).T
        values["bias_ih" + theirs], values["bias_hh" + theirs] = input_bias, recurrent_bias
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values[name])))
    return module


def _weight_gradients(case: RecurrentCase, named: Arrays) -> Arrays:
    inverse = tuple(int(i) for i in np.argsort(_GATE_ORDER[case.op]))
    results: Arrays = {}
    for ours, theirs in _suffixes(case).items():
        results["dkernel" + ours] = reorder_gates(named["weight_ih" + theirs].T, inverse)
        results["drecurrent_kernel" + ours] = reorder_gates(named["weight_hh" + theirs].T, inverse)
        bias = reorder_gates(named["bias_ih" + theirs], inverse)
        if case.op == "gru":
            bias = np.stack([bias, reorder_gates(named["bias_hh" + theirs], inverse)])
        results["dbias" + ours] = bias
    return results
