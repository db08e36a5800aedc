"""lstm, gru and simple_rnn, whole sequences and single steps, against torch and its autograd.

torch keeps (G*U, D) weights. Its LSTM gates i, f, g, o are foldgate's i, f, c, o; its GRU gates r, z, n are
foldgate's z, r, h in another order. It has two biases everywhere: a GRU with reset_after has them too, for
the others the second is zero. A GRU without reset_after has no torch equivalent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import assert_close, recurrent_bound

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)

TORCH_OPS = [op for op in RECURRENT_OPS if op.options.get("reset_after", True)]
SIZES = [(1, 1, 1, 1), (3, 5, 4, 7), (5, 8, 17, 33), (2, 4, 3, 64)]  # N, T, D, U

each_op = pytest.mark.parametrize("op", TORCH_OPS, ids=lambda op: op.label)


def _gates(op: RecurrentOp, weight: Any) -> Any:
    """(..., GU) with the gates in foldgate's order -> in torch's; its own inverse."""
    if op.name != "gru":
        return weight
    z, r, n = np.split(weight, 3, axis=-1)
    return np.concatenate([r, z, n], axis=-1)


def _torch_weights(op: RecurrentOp, operands: dict[str, Any]) -> list[Any]:
    """weight_ih, weight_hh, bias_ih, bias_hh."""
    bias = operands["bias"]
    biases = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
    kernels = [operands["kernel"], operands["recurrent_kernel"]]
    return [torch.tensor(_gates(op, a).T.copy()) for a in kernels] + [
        torch.tensor(_gates(op, b)) for b in biases
    ]


def _kernel_gradients(op: RecurrentOp, weights: list[Any]) -> dict[str, Any]:
    """dkernel, drecurrent_kernel and dbias from the gradients of torch's four weights."""
    w, r, b, recurrent_b = (weight.grad.numpy() for weight in weights)
    dbias = np.stack([_gates(op, b), _gates(op, recurrent_b)]) if op.name == "gru" else b
    return {"dkernel": _gates(op, w.T), "drecurrent_kernel": _gates(op, r.T), "dbias": dbias}


def _module(op: RecurrentOp, operands: dict[str, Any], reverse: bool) -> tuple[Any, list[Any]]:
    """A bidirectional torch module with our weights in the direction asked for; those parameters."""
    units, inputs = operands["recurrent_kernel"].shape[0], operands["x"].shape[-1]
    kinds = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "simple_rnn": torch.nn.RNN}
    extra = {"nonlinearity": op.options["activation"]} if op.name == "simple_rnn" else {}
    dtype = torch.tensor(operands["x"]).dtype
    module = kinds[op.name](inputs, units, batch_first=True, bidirectional=True, dtype=dtype, **extra)
    ending = "_reverse" if reverse else ""
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    parameters = [getattr(module, name + ending) for name in names]
    with torch.no_grad():
        for parameter, value in zip(parameters, _torch_weights(op, operands), strict=True):
            parameter.copy_(value)
    return module, parameters


def _torch_run(op: RecurrentOp, operands: dict[str, Any], reverse: bool, lengths: Any) -> tuple[Any, ...]:
    """(y, final states, tensors of x and the initial states, parameters) of one direction."""
    module, parameters = _module(op, operands, reverse)
    direction = int(reverse)
    steps, units = operands["x"].shape[1], operands["recurrent_kernel"].shape[0]
    x = torch.tensor(operands["x"], requires_grad=True)
    initial = [torch.tensor(operands[f"initial_{state}"], requires_grad=True) for state in op.states]
    both = [torch.stack([torch.zeros_like(a), a] if reverse else [a, torch.zeros_like(a)]) for a in initial]
    given = x
    if lengths is not None:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        given = pack(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    y, final = module(given, tuple(both) if len(both) == 2 else both[0])
    if lengths is not None:
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=steps)
    finals = [a[direction] for a in (final if isinstance(final, tuple) else (final,))]
    return y[..., direction * units : (direction + 1) * units], finals, [x, *initial], parameters


@each_op
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("ragged", [False, True], ids=["full", "lengths"])
def test_sequence(
    op: RecurrentOp,
    size: tuple[int, int, int, int],
    reverse: bool,
    ragged: bool,
    ops: Any,
    dtype: Any,
    rng: np.random.Generator,
) -> None:
    n, steps, inputs, units = size
    operands = op.operands(rng, n, steps, inputs, units, dtype)
    lengths = 1 + np.arange(n) * 3 % steps if ragged else None  # torch takes no length of 0
    expected, finals, tensors, parameters = _torch_run(op, operands, reverse, lengths)
    dy, *dfinals = (rng.standard_normal(a.shape).astype(dtype) for a in (expected, *finals))
    torch.autograd.backward([expected, *finals], [torch.tensor(d) for d in (dy, *dfinals)])

    # pad_packed_sequence pads with zeros
    arguments = {"reverse": reverse, "zero_output_for_mask": ragged, "lengths": lengths, **op.options}
    y, *states, cache = getattr(ops, op.name)(**operands, **arguments, return_cache=True)
    given = {f"d{state}": d for state, d in zip(op.states, dfinals, strict=True)}
    backward = getattr(ops, f"{op.name}_backward")
    gradients = backward(dy, **operands, y=y, cache=cache, **given, **arguments)

    allowed = recurrent_bound(dtype, steps, inputs + units, operands["x"], operands["kernel"])
    assert_close(y, expected.detach().numpy(), allowed, "y")
    for state, final, name in zip(states, finals, op.states, strict=True):
        assert_close(state, final.detach().numpy(), allowed, name)
    allowed *= n * 4  # sums over the batch, of gradients of order 1
    names = ["dx", *(f"dinitial_{state}" for state in op.states)]
    by_name = {name: tensor.grad.numpy() for name, tensor in zip(names, tensors, strict=True)}
    for name, gradient in {**by_name, **_kernel_gradients(op, parameters)}.items():
        assert_close(getattr(gradients, name), gradient, allowed, name)


@each_op
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_step(
    op: RecurrentOp, size: tuple[int, int, int, int], ops: Any, dtype: Any, rng: np.random.Generator
) -> None:
    n, _, inputs, units = size
    operands = op.operands(rng, n, 1, inputs, units, dtype)
    operands = {name.removeprefix("initial_"): a for name, a in operands.items()}
    operands["x"] = operands["x"][:, 0]
    tensors = {name: torch.tensor(operands[name], requires_grad=True) for name in ("x", *op.states)}
    weights = [w.requires_grad_() for w in _torch_weights(op, operands)]
    cells = {
        "lstm": torch.lstm_cell,
        "gru": torch.gru_cell,
        "simple_rnn": {"tanh": torch.rnn_tanh_cell, "relu": torch.rnn_relu_cell}.get(
            op.options.get("activation")
        ),
    }
    states = tuple(tensors[state] for state in op.states)
    expected = cells[op.name](tensors["x"], states if len(states) == 2 else states[0], *weights)
    expected = expected if isinstance(expected, tuple) else (expected,)
    dstates = [rng.standard_normal((n, units)).astype(dtype) for _ in expected]
    torch.autograd.backward(expected, [torch.tensor(d) for d in dstates])

    *new, cache = getattr(ops, f"{op.name}_step")(**operands, **op.options, return_cache=True)
    named = {f"d{state}": d for state, d in zip(op.states, dstates, strict=True)}
    gradients = getattr(ops, f"{op.name}_step_backward")(**named, **operands, cache=cache, **op.options)

    allowed = recurrent_bound(dtype, 1, inputs + units, operands["x"], operands["kernel"])
    for actual, wanted in zip(new, expected, strict=True):
        assert_close(actual, wanted.detach().numpy(), allowed, "state")
    allowed *= n * 4
    by_name = {"dx": tensors["x"].grad.numpy(), **_kernel_gradients(op, weights)}
    by_name |= {f"dinitial_{state}": tensors[state].grad.numpy() for state in op.states}
    for name, gradient in by_name.items():
        assert_close(getattr(gradients, name), gradient, allowed, name)
