"""Weights of recurrent layers in the kernels' layout and order of gates, and their gradients back.

torch has (G U, D) with the gates i, f, g, o (LSTM) or r, z, n (GRU), and two biases. foldgate has (D, G U)
with i, f, c, o or z, r, h, and one bias, which is the sum of the two, or for the GRU both as rows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from foldgate.ops._layout import turned

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class Direction(NamedTuple):
    """One direction of a layer, as `foldgate.ops` takes it."""

    kernel: Any
    recurrent_kernel: Any
    bias: Any
    projection: Any


def _other_order(kind: str, weight: Any) -> Any:
    """Rows of gates in the other side's order: r and z change places."""
    if kind != "GRU":
        return weight
    units = len(weight) // 3
    return np.concatenate((weight[units : 2 * units], weight[:units], weight[2 * units :]))


def _kernel(kind: str, weight: Any) -> Any:
    return turned(_other_order(kind, weight.detach().numpy()))


def _bias(kind: str, inner: Any, recurrent: Any) -> Any:
    if inner is None:
        return None
    first, second = inner.detach().numpy(), recurrent.detach().numpy()
    if kind != "GRU":
        return first + second
    return np.stack((first, second)).reshape(2, 3, -1)[:, [1, 0, 2]].reshape(2, -1)


def direction_of(kind: str, weights: tuple[Any, ...]) -> Direction:
    """The arrays of (weight_ih, weight_hh, bias_ih, bias_hh, weight_hr), the last three tensors or None."""
    inner, recurrent, inner_bias, recurrent_bias, projection = weights
    return Direction(
        _kernel(kind, inner),
        _kernel(kind, recurrent),
        _bias(kind, inner_bias, recurrent_bias),
        None if projection is None else turned(projection.detach().numpy()),
    )


def biases_of(kind: str, bias: Any) -> tuple[Any, Any]:
    """Two biases of which `_bias` makes this one: those that it was made of where they are known."""
    return _bias_gradients(kind, bias) if kind == "GRU" else (torch.from_numpy(bias), 0)


def _weight_gradient(kind: str, dkernel: Any) -> Any:
    return torch.from_numpy(_other_order(kind, turned(dkernel)))


def _bias_gradients(kind: str, dbias: Any) -> tuple[Any, Any]:
    if dbias is None:
        return None, None
    if kind != "GRU":
        return torch.from_numpy(dbias), torch.from_numpy(dbias.copy())
    rows = dbias.reshape(2, 3, -1)[:, [1, 0, 2]].reshape(2, -1)
    return torch.from_numpy(rows[0]), torch.from_numpy(rows[1])


def weight_gradients(
    kind: str, dkernel: Any, drecurrent: Any, dbias: Any, dprojection: Any
) -> tuple[Any, ...]:
    """The gradients of (weight_ih, weight_hh, bias_ih, bias_hh, weight_hr)."""
    return (
        _weight_gradient(kind, dkernel),
        _weight_gradient(kind, drecurrent),
        *_bias_gradients(kind, dbias),
        None if dprojection is None else torch.from_numpy(turned(dprojection)),
    )
