"""Weights and activations of recurrent cells as the operators LSTM, GRU and RNN take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from foldgate import activations, layers
from foldgate._typing import FloatArray
from foldgate.onnx._export.writer import Writer

_KINDS = {layers.LSTMCell: "LSTM", layers.GRUCell: "GRU", layers.SimpleRNNCell: "RNN"}
# The function in ONNX, and its alpha and beta where they are not what ONNX takes by itself.
_FUNCTIONS: dict[Any, tuple[str, float, float]] = {
    activations.tanh: ("Tanh", 0.0, 0.0),
    activations.sigmoid: ("Sigmoid", 0.0, 0.0),
    activations.relu: ("Relu", 0.0, 0.0),
    activations.linear: ("Affine", 1.0, 0.0),
    activations.leaky_relu: ("LeakyRelu", 0.2, 0.0),
    activations.hard_sigmoid: ("HardSigmoid", 1 / 6, 0.5),
    activations.elu: ("Elu", 1.0, 0.0),
    activations.softsign: ("Softsign", 0.0, 0.0),
    activations.softplus: ("Softplus", 0.0, 0.0),
}
_WITH_ALPHA = {"Affine", "LeakyRelu", "HardSigmoid", "Elu"}
_WITH_BETA = {"Affine", "HardSigmoid"}


@dataclass(frozen=True)
class Operator:
    """What says how one direction, or both, of a cell are computed.

    Attributes:
      kind: `"LSTM"`, `"GRU"` or `"RNN"`.
      weights: the names of W, R and B, with an axis of directions in front.
      attributes: of the node.
    """

    kind: str
    weights: tuple[str, str, str | None]
    attributes: dict[str, Any]


def kind_of(w: Writer, cell: Any) -> str:
    """The operator of a cell.

    Raises:
      ExportError: there is none.
    """
    kind = _KINDS.get(type(cell))
    if kind is None:
        raise w.refuse(f"its cell is a {type(cell).__name__}; expected a cell of LSTM, GRU or SimpleRNN")
    return kind


def operator(w: Writer, cells: list[Any]) -> Operator:
    """The operator of a cell, or of the cells of both directions, which have one kind and one size."""
    kind = kind_of(w, cells[0])
    functions = [_function(w, function) for cell in cells for function in _functions_of(cell, kind)]
    attributes: dict[str, Any] = {
        "hidden_size": cells[0].units,
        "activations": [name for name, _, _ in functions],
        "activation_alpha": [alpha for name, alpha, _ in functions if name in _WITH_ALPHA] or None,
        "activation_beta": [beta for name, _, beta in functions if name in _WITH_BETA] or None,
    }
    if kind == "GRU":
        attributes["linear_before_reset"] = int(cells[0].reset_after)

    def gates(*kernels: FloatArray) -> FloatArray:
        return np.stack([_ordered(kind, kernel).T for kernel in kernels])

    def biases(*given: FloatArray) -> FloatArray:
        return np.stack([_bias(kind, bias) for bias in given])

    kernels = w.weight(tuple(cell.kernel for cell in cells), gates, "W")
    recurrent = w.weight(tuple(cell.recurrent_kernel for cell in cells), gates, "R")
    bias = None
    if cells[0].bias is not None:
        bias = w.weight(tuple(cell.bias for cell in cells), biases, "B")
    return Operator(kind, (kernels, recurrent, bias), attributes)


def _functions_of(cell: Any, kind: str) -> list[Any]:
    if kind == "RNN":
        return [cell.activation]
    return [cell.recurrent_activation, cell.activation, *([cell.activation] if kind == "LSTM" else [])]


def _function(w: Writer, function: Any) -> tuple[str, float, float]:
    found = _FUNCTIONS.get(function)
    if found is None:
        name = getattr(function, "__name__", function)
        raise w.refuse(f"its cell's activation {name!r} is none that ONNX has for recurrent operators")
    return found


def _ordered(kind: str, kernel: FloatArray) -> FloatArray:
    """Columns i, f, c, o of an LSTM as i, o, f, c; the gates z, r, h of a GRU stand as in ONNX."""
    if kind != "LSTM":
        return kernel
    i, f, c, o = np.split(kernel, 4, axis=-1)
    return np.concatenate([i, o, f, c], axis=-1)


def _bias(kind: str, bias: FloatArray) -> FloatArray:
    """One bias as ONNX's two, the second of them 0; a GRU with `reset_after` has two."""
    if bias.ndim == 2:
        return bias.reshape(-1)
    bias = _ordered(kind, bias)
    return np.concatenate([bias, np.zeros_like(bias)])
