"""PyTorch's LSTM, GRU and RNN modules, time-major and batch-first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cases import Array, Arrays, RecurrentCase, StepCase
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
        return {"y": restore(y), "dx": restore(gradients[0])} | _weight_gradients(
            case.op, _suffixes(case), named
        )

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
    _set_weights(torch, module, case.op, _suffixes(case), arrays)
    return module


def _set_weights(torch: Any, module: Any, cell: str, suffixes: dict[str, str], arrays: Arrays) -> None:
    order = _GATE_ORDER[cell]
    values: Arrays = {}
    for ours, theirs in suffixes.items():
        bias = reorder_gates(arrays["bias" + ours], order)
        input_bias, recurrent_bias = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
        values["weight_ih" + theirs] = reorder_gates(arrays["kernel" + ours], order).T
        values["weight_hh" + theirs] = reorder_gates(arrays["recurrent_kernel" + ours], order).T
        values["bias_ih" + theirs], values["bias_hh" + theirs] = input_bias, recurrent_bias
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values[name])))


def _weight_gradients(cell: str, suffixes: dict[str, str], named: Arrays) -> Arrays:
    inverse = tuple(int(i) for i in np.argsort(_GATE_ORDER[cell]))
    results: Arrays = {}
    for ours, theirs in suffixes.items():
        results["dkernel" + ours] = reorder_gates(named["weight_ih" + theirs].T, inverse)
        results["drecurrent_kernel" + ours] = reorder_gates(named["weight_hh" + theirs].T, inverse)
        bias = reorder_gates(named["bias_ih" + theirs], inverse)
        if cell == "gru":
            bias = np.stack([bias, reorder_gates(named["bias_hh" + theirs], inverse)])
        results["dbias" + ours] = bias
    return results


def step_candidate(torch: Any, case: StepCase, training: bool, arrays: Arrays) -> Candidate:
    """One call of torch's cell module."""
    suffixes = {"": ""}
    cell = getattr(torch.nn, _MODULES[case.cell] + "Cell")(
        case.width, case.units, dtype=getattr(torch, case.dtype)
    )
    _set_weights(torch, cell, case.cell, suffixes, arrays)
    x = torch.from_numpy(arrays["x"])
    states = [torch.from_numpy(arrays[f"initial_{name}"]) for name in case.states]

    def step() -> tuple[Any, ...]:
        found = cell(x, tuple(states) if len(states) > 1 else states[0])
        return found if len(states) > 1 else (found,)

    def named(found: Any) -> Arrays:
        return {name: value.detach().numpy() for name, value in zip(case.states, found, strict=True)}

    if not training:
        call = torch.inference_mode()(step)
        return Candidate("", call, lambda: named(call()))
    sources = [x, *states]
    for value in sources:
        value.requires_grad_(True)
    names, parameters = zip(*cell.named_parameters(), strict=True)
    upstream = [torch.from_numpy(arrays[f"d{name}"]) for name in case.states]

    def train() -> Any:
        found = step()
        return found, torch.autograd.grad(found, (*sources, *parameters), upstream)

    def results() -> Arrays:
        found, gradients = train()
        values = [gradient.numpy() for gradient in gradients]
        inputs = ["dx", *(f"dinitial_{name}" for name in case.states)]
        weights = dict(zip(names, values[len(inputs) :], strict=True))
        return (
            named(found)
            | dict(zip(inputs, values, strict=False))
            | _weight_gradients(case.cell, suffixes, weights)
        )

    return Candidate("", train, results)
