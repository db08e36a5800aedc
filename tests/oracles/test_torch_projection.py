"""lstm with a projection against torch.nn.LSTM(proj_size=...) and its autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recurrent_option_cases import LSTM, OptionCase

from support import assert_close, recurrent_bound

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)


def _layer(operands: dict[str, Any]) -> tuple[Any, list[Any]]:
    """torch's module with our weights; its weight_ih, weight_hh, bias_ih, bias_hh and weight_hr."""
    (units, outputs), inputs = operands["projection"].shape, operands["x"].shape[-1]
    dtype = torch.tensor(operands["x"]).dtype
    layer = torch.nn.LSTM(inputs, units, proj_size=outputs, batch_first=True, dtype=dtype)
    values = [
        operands["kernel"].T,
        operands["recurrent_kernel"].T,
        operands["bias"],
        np.zeros_like(operands["bias"]),
        operands["projection"].T,
    ]
    parameters = [
        getattr(layer, f"{name}_l0") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    ]
    with torch.no_grad():
        for parameter, value in zip(parameters, values, strict=True):
            parameter.copy_(torch.tensor(np.ascontiguousarray(value)))
    return layer, parameters


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("sizes", [(1, 1, 1, 2, 1), (3, 5, 4, 7, 3), (4, 6, 9, 33, 16)], ids=str)
def test_projection(sizes: tuple[int, ...], ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    n, steps, inputs, units, outputs = sizes
    case = OptionCase(LSTM, {}, ("projection",), outputs)
    operands = case.operands(rng, n, steps, inputs, units, dtype)
    layer, parameters = _layer(operands)
    x, h, c = (torch.tensor(operands[name], requires_grad=True) for name in ("x", "initial_h", "initial_c"))
    y, (last_h, last_c) = layer(x, (h[None], c[None]))
    expected = [y, last_h[0], last_c[0]]
    given = [rng.standard_normal(tuple(a.shape)).astype(dtype) for a in expected]
    torch.autograd.backward(expected, [torch.tensor(d) for d in given])

    *found, cache = ops.lstm(**operands, return_cache=True)
    allowed = recurrent_bound(dtype, steps, inputs + units, operands["x"], operands["kernel"])
    for a, e in zip(found, expected, strict=True):
        assert_close(a, e.detach().numpy(), allowed)
    dy, dh, dc = given
    gradients = ops.lstm_backward(dy, **operands, y=found[0], cache=cache, dh=dh, dc=dc)
    w, r, b, _, p = (parameter.grad.numpy() for parameter in parameters)
    for name, gradient in {
        "dx": x.grad.numpy(),
        "dinitial_h": h.grad.numpy(),
        "dinitial_c": c.grad.numpy(),
        "dkernel": w.T,
        "drecurrent_kernel": r.T,
        "dbias": b,
        "dprojection": p.T,
    }.items():
        scale = allowed * n * (4 + float(np.abs(gradient).max()))
        assert_close(getattr(gradients, name), np.ascontiguousarray(gradient), scale, name)
