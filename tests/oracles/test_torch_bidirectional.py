"""The bidirectional ops, and a stack of two, against torch's bidirectional modules and its autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops
from recurrent_cases import RECURRENT_OPS, RecurrentOp
from support import assert_close, recurrent_bound

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)

TORCH_OPS = [op for op in RECURRENT_OPS if op.options.get("reset_after", True)]
GATE_ORDER = {
    "lstm": [0, 1, 2, 3],
    "gru": [1, 0, 2],
    "simple_rnn": [0],
}  # torch's, by foldgate's; own inverses


def _reordered(op: RecurrentOp, weight: Any) -> Any:
    gates = np.split(weight, op.gates, axis=-1)
    return np.concatenate([gates[i] for i in GATE_ORDER[op.name]], axis=-1)


def _module(op: RecurrentOp, layers: list[list[Any]], dtype: Any) -> Any:
    """torch's module with every layer's weights: kernel, recurrent_kernel and bias of both directions."""
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "simple_rnn": torch.nn.RNN}[op.name]
    extra = {"nonlinearity": op.options["activation"]} if op.name == "simple_rnn" else {}
    inputs, units = layers[0][0].shape[0], layers[0][1].shape[0]
    module = kind(
        inputs,
        units,
        num_layers=len(layers),
        batch_first=True,
        bidirectional=True,
        dtype=getattr(torch, np.dtype(dtype).name),
        **extra,
    )
    with torch.no_grad():
        for i, weights in enumerate(layers):
            for d in range(2):
                kernel, recurrent, bias = (_reordered(op, w) for w in weights[3 * d : 3 * d + 3])
                biases = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
                for name, value in zip(
                    ("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
                    (kernel.T, recurrent.T, *biases),
                    strict=True,
                ):
                    target = getattr(module, f"{name}_l{i}{'_reverse' if d else ''}")
                    target.copy_(torch.from_numpy(np.ascontiguousarray(value)))
    return module


@pytest.mark.parametrize("op", TORCH_OPS, ids=lambda op: op.label)
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (5, 8, 17, 33), (2, 4, 3, 64)], ids=str)
def test_two_layers(op: RecurrentOp, sizes: tuple[int, ...], dtype: Any, rng: np.random.Generator) -> None:
    n, steps, inputs, units = sizes
    layers = []
    for width in (inputs, 2 * units):
        both = [op.operands(rng, n, steps, width, units, dtype) for _ in range(2)]
        layers.append([each[name] for each in both for name in ("kernel", "recurrent_kernel", "bias")])
    x = rng.standard_normal((n, steps, inputs)).astype(dtype)
    dy = rng.standard_normal((n, steps, 2 * units)).astype(dtype)
    module, given = _module(op, layers, dtype), torch.tensor(x, requires_grad=True)
    expected, _ = module(given)
    expected.backward(torch.tensor(dy))

    function = getattr(ops, f"bidirectional_{op.name}")
    backward = getattr(ops, f"bidirectional_{op.name}_backward")
    kept, sequence = [], x
    for weights in layers:
        y, *_, cache = function(sequence, *weights, **op.options, return_cache=True)
        kept.append((sequence, weights, y, cache))
        sequence = y
    allowed = recurrent_bound(dtype, 2 * steps, inputs + 3 * units, x, layers[0][0])
    assert_close(sequence, expected.detach().numpy(), allowed, "y")
    upstream = dy
    for i, (layer_x, weights, y, cache) in reversed(list(enumerate(kept))):
        gradients = backward(upstream, layer_x, *weights, y, cache, **op.options)
        for ending, d in (("", ""), ("_reverse", "reverse_")):
            wanted = getattr(module, f"weight_ih_l{i}{ending}").grad.numpy().T
            found = getattr(gradients, f"d{d}kernel")
            assert_close(found, _reordered(op, wanted), allowed * n * 8, f"d{d}kernel of layer {i}")
        upstream = gradients.dx
    assert_close(upstream, given.grad.numpy(), allowed * n * 8, "dx")
