"""The same or similar values in memory of every kind that NumPy knows, for tests of what ops read."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _unaligned(a: Array) -> Array:
    return np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)


def _packed(a: Array) -> Array:
    records = np.zeros(a.shape, np.dtype([("tag", "u1"), ("value", a.dtype)]))
    records["value"] = a
    return records["value"]


def _read_only(a: Array) -> Array:
    frozen = a.copy()
    frozen.flags.writeable = False
    return frozen


def _reversed(a: Array) -> Array:
    every = (slice(None, None, -1),) * a.ndim
    return np.ascontiguousarray(a[every])[every]


class _Subclass(np.ndarray[Any, Any]):
    """A subclass is viewed as the array that it is."""


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": _reversed,
    "fortran": np.asfortranarray,
    "broadcast": lambda a: np.broadcast_to(a[:1], a.shape),
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "unaligned": _unaligned,
    "packed": _packed,
    "read-only": _read_only,
    "subclass": lambda a: a.view(_Subclass),
}


def plain(a: Array) -> Array:
    """The values of an array of any layout, C-contiguous, aligned and of the machine's byte order."""
    return np.array(a, a.dtype.newbyteorder("="), order="C", subok=False)


_libc = ctypes.CDLL(None, use_errno=True)


def guarded(a: Array, at_end: bool) -> Array:
    """A copy of `a` that touches a page which faults when it is read or written, behind it or before it.

    The pages go with the last array on them: a process may have 65,530 mappings, and each takes three.
    """
    page = mmap.PAGESIZE
    inner = max(page, -(-a.nbytes // page) * page)
    memory = mmap.mmap(-1, inner + 2 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for address in (start, start + page + inner):
        if _libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(page), 0) != 0:
            raise OSError(ctypes.get_errno(), "mprotect")
    offset = page + (inner - a.nbytes if at_end else 0)
    copy = np.frombuffer(memory, a.dtype, a.size, offset).reshape(a.shape)
    copy[...] = a
    return copy
