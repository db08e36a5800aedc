"""Weights of recurrent layers in the kernels' layout and order of gates, and their gradients back.

torch has (G U, D) with the gates i, f, g, o (LSTM) or r, z, n (GRU), and two biases. foldgate has (D, G U)
with i, f, c, o or z, r, h, and one bias, which is the sum of the two, or for the GRU both as rows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from foldgate import _native
from foldgate.ops._layout import turned

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class Direction(NamedTuple):
    """One direction of a layer, as `foldgate.ops` takes it."""

    kernel: Any
    recurrent_kernel: Any
    bias: Any
    projection: Any


def _array(tensor: Any) -> Any:
    return None if tensor is None else tensor.detach().numpy()


def direction_of(kind: str, weights: tuple[Any, ...]) -> Direction:
    """The arrays of (weight_ih, weight_hh, bias_ih, bias_hh, weight_hr), the last three tensors or None."""
    *gates, projection = map(_array, weights)
    turned_projection = None if projection is None else turned(projection)
    return Direction(*_native.gate_rows_to_columns(GATES[kind], *gates), turned_projection)


def biases_of(kind: str, bias: Any) -> tuple[Any, Any]:
    """Two biases of which `direction_of` makes this one: those that it was made of where they are known."""
    if kind != "GRU":
        return torch.from_numpy(bias), 0
    rows = bias.reshape(2, 3, -1)[:, [1, 0, 2]].reshape(2, -1)
    return torch.from_numpy(rows[0]), torch.from_numpy(rows[1])


def weight_gradients(
    kind: str, dkernel: Any, drecurrent: Any, dbias: Any, dprojection: Any
) -> tuple[Any, ...]:
    """The gradients of (weight_ih, weight_hh, bias_ih, bias_hh, weight_hr), None where there is none."""
    found = _native.gate_columns_to_rows(GATES[kind], dkernel, drecurrent, dbias)
    projection = None if dprojection is None else turned(dprojection)
    return tuple([None if array is None else torch.from_numpy(array) for array in (*found, projection)])
