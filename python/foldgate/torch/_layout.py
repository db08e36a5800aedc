"""Channels first or last: which of the two a tensor has, and NumPy's views of either."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from foldgate import _native

FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}
_NEW_PAGES = 1 << 14
"""Elements below which malloc has memory that was used before; an array around foldgate's costs 2 us."""
_TO_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}
_TO_FIRST = {3: (0, 2, 1), 4: (0, 3, 1, 2), 5: (0, 4, 1, 2, 3)}


def is_dense(weight: Any) -> bool:
    """Whether a weight fills its memory, in either layout; None, which torch refuses, does not."""
    if weight is None:
        return False
    contiguous: bool = weight.is_contiguous()
    rank = weight.dim()
    return contiguous or (rank in FORMATS and weight.is_contiguous(memory_format=FORMATS[rank]))


def laid_out(x: Any, last: bool) -> Any:
    """`x` in that layout: itself where it is, else a copy that autograd knows of."""
    layout = FORMATS[x.dim()] if last else torch.contiguous_format
    return x if x.is_contiguous(memory_format=layout) else copied(x, last)


def copied(x: Any, last: bool) -> Any:
    """A copy of `x` in that layout, a large one in foldgate's memory: new pages cost as much as the copy."""
    if x.numel() < _NEW_PAGES:
        return x.clone(memory_format=FORMATS[x.dim()] if last else torch.contiguous_format)
    array = array_of(x, last)
    return tensor_of(_native.empty(array.shape, array.dtype), last).copy_(x)


def array_of(x: Any, last: bool) -> Any:
    """The NumPy view of a tensor that is laid out so: (N, C, *spatial), or (N, *spatial, C)."""
    array = x.detach().numpy()
    return array.transpose(_TO_LAST[array.ndim]) if last else array


def tensor_of(y: np.ndarray[Any, Any], last: bool) -> Any:
    """The tensor (N, C, *spatial) over an array's memory.

    The axes are exchanged before torch sees it: a view that torch makes inside a Function could not be
    written to in place, as nn.ReLU(inplace=True) does.
    """
    return torch.from_numpy(y.transpose(_TO_FIRST[y.ndim]) if last else y)
