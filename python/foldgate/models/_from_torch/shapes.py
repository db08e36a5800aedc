"""Functions and methods of torch that read or change the shape of a tensor, or take parts of it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from foldgate import layers
from foldgate.models._from_torch.convert import Converter, Size


def flatten(c: Converter, x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Axes made one, in the order in which they stand."""
    rank = len(x.shape)
    start, end = start_dim % rank, end_dim % rank
    if start == 1 and end == rank - 1:
        return c.once(lambda: layers.Flatten(data_format="channels_last", **c.options()))(x)
    sizes: list[Any] = list(x.shape)
    joined = None if None in sizes[start : end + 1] else prod(sizes[start : end + 1])
    return reshaped(c, x, [*sizes[:start], joined, *sizes[end + 1 :]])


def unflatten(c: Converter, x: Any, dim: int, sizes: Any) -> Any:
    """An axis made several."""
    dim = dim % len(x.shape)
    return reshaped(c, x, [*x.shape[:dim], *sizes, *x.shape[dim + 1 :]])


def reshape(c: Converter, x: Any, *shape: Any, size: Any = None) -> Any:
    """view and reshape."""
    target = list(shape[0]) if len(shape) == 1 and isinstance(shape[0], (list, tuple)) else list(shape)
    return reshaped(c, x, target)


def reshaped(c: Converter, x: Any, target: list[Any]) -> Any:
    """x in another shape, where sizes that are not known stand for themselves: the batch first, one more."""
    sizes = [None if isinstance(n, Size) else n for n in target]
    open_batch = x.shape[0] is None
    first = target[0] if target else None
    is_batch = first is None or (isinstance(first, Size) and first.axis == 0) or first == x.shape[0]
    if is_batch or (first == -1 and open_batch and _rest_is_known(x, sizes)):
        rest = [-1 if n is None else n for n in sizes[1:]]
        if rest.count(-1) <= 1:
            return c.once(lambda: layers.Reshape(tuple(rest), **c.options()))(x)
    filled = [-1 if n is None else n for n in sizes]
    if filled.count(-1) > 1:
        raise c.refuse(f"a reshape of {x.shape} to {filled}: only one size besides the batch may be open")
    return np.reshape(x, tuple(filled))


def _rest_is_known(x: Any, sizes: list[Any]) -> bool:
    known = (*x.shape[1:], *sizes[1:])
    return None not in known and -1 not in known and int(prod(x.shape[1:])) == int(prod(sizes[1:]))


def permute(c: Converter, x: Any, *dims: Any) -> Any:
    """permute; with the batch in its place as the layer."""
    order = list(dims[0]) if len(dims) == 1 and isinstance(dims[0], (list, tuple)) else list(dims)
    return _ordered(c, x, [axis % len(x.shape) for axis in order])


def transpose(c: Converter, x: Any, dim0: int, dim1: int) -> Any:
    """Two axes in each other's place."""
    order = list(range(len(x.shape)))
    one, other = dim0 % len(order), dim1 % len(order)
    order[one], order[other] = order[other], order[one]
    return _ordered(c, x, order)


def _ordered(c: Converter, x: Any, order: list[int]) -> Any:
    if order[0] == 0:
        return c.once(lambda: layers.Permute(tuple(order[1:]), **c.options()))(x)
    return np.transpose(x, tuple(order))


def size(c: Converter, x: Any, dim: Any = None) -> Any:
    """Sizes: numbers where they are known."""
    sizes = [Size(axis) if n is None else n for axis, n in enumerate(x.shape)]
    return tuple(sizes) if dim is None else sizes[dim]


def attribute(c: Converter, x: Any, name: str) -> Any:
    """`x.shape` and what models read of it."""
    if name == "shape":
        return size(c, x)
    if name == "device":
        return None
    if name == "dtype":
        import torch

        return getattr(torch, str(x.dtype))
    if name == "T":
        return _ordered(c, x, list(range(len(x.shape)))[::-1])
    raise c.refuse(f"the attribute {name!r} has no counterpart here")


def item(c: Converter, x: Any, key: Any) -> Any:
    """Parts of results and of tensors."""
    if isinstance(x, (list, tuple)):
        return x[key]
    if isinstance(x, Size) or x is None:
        raise c.refuse("this part of a result has no counterpart here")
    keys = key if isinstance(key, tuple) else (key,)
    if any(str(getattr(part, "dtype", None)) == "bool" for part in keys):
        raise c.refuse("a mask as an index has no counterpart here")
    return x[key]


def chunk(c: Converter, x: Any, chunks: int, dim: int = 0) -> Any:
    """Equal parts along an axis."""
    found = x.shape[dim]
    if found is None:
        raise c.refuse(f"axis {dim} of {x.shape} is not known")
    return split(c, x, -(-found // chunks), dim)


def split(c: Converter, x: Any, sizes: Any, dim: int = 0) -> Any:
    """Parts of given sizes along an axis."""
    found, dim = x.shape[dim], dim % len(x.shape)
    if found is None:
        raise c.refuse(f"axis {dim} of {x.shape} is not known")
    if isinstance(sizes, int):
        sizes = [min(sizes, found - start) for start in range(0, found, sizes)]
    parts, start = [], 0
    for one in sizes:
        key = [slice(None)] * len(x.shape)
        key[dim] = slice(start, start + one)
        parts.append(x[tuple(key)])
        start += one
    return tuple(parts)


def squeeze(c: Converter, x: Any, dim: Any = None) -> Any:
    """An axis of one taken out."""
    if dim is None:
        raise c.refuse("squeeze without an axis has no counterpart here")
    return x if x.shape[dim] != 1 else np.squeeze(x, axis=dim)
