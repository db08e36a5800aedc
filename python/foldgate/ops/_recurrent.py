"""What the recurrent ops share: their cells' native codes and the check of masks and lengths."""

from __future__ import annotations

import numpy as np

from foldgate._typing import BoolArray, IntArray
from foldgate.ops._scalars import check_flags

LSTM, GRU, GRU_RESET_BEFORE, TANH_RNN, RELU_RNN = range(5)
"""Native codes of the cells."""

_RNN_CELLS = {"tanh": TANH_RNN, "relu": RELU_RNN}


def gru_cell(op: str, reset_after: bool) -> int:
    """The native code of the GRU whose reset gate comes after, or before, the recurrent product."""
    check_flags(op, reset_after=reset_after)
    return GRU if reset_after else GRU_RESET_BEFORE


def rnn_cell(op: str, activation: object) -> int:
    """The native code of the simple RNN with this activation."""
    if not isinstance(activation, str) or activation not in _RNN_CELLS:
        raise ValueError(f"{op}: activation is {activation!r}; expected 'tanh' or 'relu'")
    return _RNN_CELLS[activation]


def rnn_code(activation: object) -> int:
    """The native code of the fused simple RNN with this activation; any where it has none."""
    name = activation[0] if isinstance(activation, tuple) and activation else activation
    return RELU_RNN if name == "relu" else TANH_RNN


def counted_steps(op: str, mask: object, lengths: object) -> tuple[BoolArray | None, IntArray | None]:
    """`mask` and `lengths` as the kernels read them: C-contiguous bool and int64.

    Their shapes and values are checked against x by the native plan.

    Raises:
      TypeError: one of them is not an array, or not of bool or of integers.
    """
    if mask is not None:
        mask = _array(op, "mask", mask, "?", "bool")
        mask = np.ascontiguousarray(mask)
    if lengths is not None:
        lengths = _array(op, "lengths", lengths, "iu", "integers")
        if lengths.dtype == np.uint64 and lengths.max(initial=0) > np.iinfo(np.int64).max:
            raise ValueError(f"{op}: lengths has {lengths.max()}; expected at most the steps of x")
        lengths = np.ascontiguousarray(lengths, np.int64)
    return mask, lengths


def _array(op: str, name: str, value: object, kinds: str, expected: str) -> np.ndarray:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{op}: {name} is a {type(value).__name__}; expected a numpy.ndarray of {expected}")
    if value.dtype.kind not in kinds and value.dtype.char not in kinds:
        raise TypeError(f"{op}: {name} has dtype {value.dtype}; expected {expected}")
    return value.view(np.ndarray)
