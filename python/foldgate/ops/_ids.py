"""Ids: classes of rows, rows of tables."""

from __future__ import annotations

import numpy as np

from foldgate._typing import IntArray

_KINDS = (np.dtype(np.int64), np.dtype(np.int32))


def ids_operand(op: str, name: str, value: IntArray) -> IntArray:
    """Ids as the kernels read them: int32 or int64, C-contiguous, aligned, of the machine's byte order.

    Raises:
      TypeError: `value` is not an array of integers.
      IndexError: an unsigned id is past int64.
    """
    if type(value) is np.ndarray and value.dtype in _KINDS:
        flags = value.flags
        if flags.c_contiguous and flags.aligned:
            return value  # nearly always, and what follows takes 2 us
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{op}: {name} is a {type(value).__name__}; expected a numpy.ndarray")
    if value.dtype.kind not in "iu":
        raise TypeError(f"{op}: {name} has dtype {value.dtype}; expected integers")
    if value.dtype.kind == "u" and value.itemsize == 8 and value.size and int(value.max()) >= 2**63:
        raise IndexError(f"{op}: {name} hold {value.max()}; expected an id below 2**63")
    dtype = np.int32 if value.dtype.kind == "i" and value.itemsize == 4 else np.int64
    return np.require(value, dtype, ["C_CONTIGUOUS", "ALIGNED"]).view(np.ndarray)
