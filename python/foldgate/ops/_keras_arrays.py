"""Functions of arrays by `keras.ops`' names that NumPy has not, or calls otherwise."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import config
from foldgate._tape import Tensor


def _values(x: Any) -> Any:
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def _rows(index: Any, shape: tuple[int, ...]) -> Any:
    """The key of places along a last axis."""
    return (*np.ix_(*[np.arange(n) for n in shape[:-1]], np.arange(index.shape[-1]))[:-1], index)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The k largest values along the last axis, largest first, and their places (int32).

    Raises:
      ValueError: there are fewer than k.
    """
    values = _values(x)
    if not 0 <= k <= values.shape[-1]:
        raise ValueError(
            f"top_k: k is {k}; expected 0 to {values.shape[-1]}, the last axis of {values.shape}"
        )
    places = np.argsort(-values, axis=-1, kind="stable")[..., :k]
    return x[_rows(places, values.shape)], places.astype(np.int32)


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether fewer than k predictions are above that of the target class, a row each."""
    scores, classes = _values(predictions), _values(targets).astype(np.int64)
    known = (classes >= 0) & (classes < scores.shape[-1])
    of_target = np.take_along_axis(scores, np.where(known, classes, 0)[:, None], axis=-1)
    return known & np.isfinite(of_target[:, 0]) & ((scores > of_target).sum(-1) < k)


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Sums of the rows of each segment; rows of others than 0 to `num_segments` - 1 are left out."""
    ids, count = _segments("segment_sum", data, segment_ids, num_segments)
    belongs = np.equal(np.arange(count)[:, None], ids).astype(data.dtype)  # (segments, rows)
    return np.tensordot(belongs, data, axes=([1], [0]))


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The largest value of each segment's rows; -inf, or the least integer, of one without rows."""
    ids, count = _segments("segment_max", data, segment_ids, num_segments)
    kind = np.dtype(data.dtype)
    least = kind.type(-np.inf) if kind.kind == "f" else np.iinfo(kind).min
    belongs = np.equal(np.arange(count)[:, None], ids)
    belongs = belongs.reshape(belongs.shape + (1,) * (data.ndim - 1))
    return np.max(np.where(belongs, data[None], least), axis=1)


def _segments(name: str, data: Any, segment_ids: Any, num_segments: int | None) -> tuple[Any, int]:
    ids = _values(segment_ids)
    if ids.ndim != 1 or data.shape[:1] not in (ids.shape, (None,)):
        raise ValueError(
            f"{name}: segment_ids have shape {ids.shape}; expected one for each row of data "
            f"{tuple(data.shape)}"
        )
    return ids, int(ids.max(initial=-1)) + 1 if num_segments is None else num_segments


def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Any:
    """Zeros of a shape with values added at indices (..., d): d axes of the shape are named by each."""
    made = np.zeros(tuple(shape), _values(values).dtype)
    np.add.at(made, _key(indices), _values(values))
    return made


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """A copy of the inputs with updates at indices (..., d).

    Args:
      inputs: an array.
      indices: integers, each the first d axes of a place.
      updates: what is put there.
      reduction: None puts it there, `"add"`, `"max"`, `"min"` or `"mul"` joins it with what is.

    Raises:
      ValueError: `reduction` is none of these.
    """
    joins = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}
    if reduction is not None and reduction not in joins:
        raise ValueError(f"scatter_update: reduction is {reduction!r}; expected None or one of {list(joins)}")
    made = np.array(_values(inputs))
    if reduction is None:
        made[_key(indices)] = _values(updates)
    else:
        joins[reduction].at(made, _key(indices), _values(updates))
    return made


def _key(indices: Any) -> tuple[Any, ...]:
    return tuple(np.moveaxis(_values(indices), -1, 0))


def slice(inputs: Any, start_indices: Sequence[int], shape: Sequence[int]) -> Any:
    """The part of a shape that begins at a place."""
    return inputs[_part(start_indices, shape)]


def slice_update(inputs: Any, start_indices: Sequence[int], updates: Any) -> Any:
    """A copy of the inputs with updates from a place on."""
    made = np.array(_values(inputs))
    made[_part(start_indices, updates.shape)] = _values(updates)
    return made


def _part(starts: Sequence[int], shape: Sequence[int]) -> tuple[Any, ...]:
    pairs = zip(starts, shape, strict=True)
    return tuple(builtins.slice(int(start), int(start) + int(size)) for start, size in pairs)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`numpy.linalg.norm`; without an `ord`, or of 2 along one axis, with a gradient."""
    if ord is None or (ord == 2 and isinstance(axis, int)):
        axes = tuple(axis) if isinstance(axis, list) else axis
        squares = np.sum(np.square(x), axis=axes, keepdims=keepdims)
        if not isinstance(squares, Tensor):
            return np.sqrt(squares)
        zero = np.equal(squares, 0)  # where it is flat, as in PyTorch, and not infinitely steep
        return np.sqrt(squares + zero) * ~zero
    return np.linalg.norm(_values(x), ord, tuple(axis) if isinstance(axis, list) else axis, keepdims)


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0."""
    zero = np.equal(x2, 0)
    return np.where(zero, 0.0, x1 / np.where(zero, 1.0, x2))


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """x with numbers for NaN and the infinities: 0, the largest and the least."""
    limits = np.finfo(x.dtype)
    x = np.where(np.isnan(x), nan, x)
    x = np.where(np.equal(x, np.inf), limits.max if posinf is None else posinf, x)
    return np.where(np.equal(x, -np.inf), limits.min if neginf is None else neginf, x)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """`numpy.cumprod`."""
    return np.cumprod(_values(x), axis, dtype)


def diag(x: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or a matrix of a diagonal."""
    if x.ndim == 1:
        length = x.shape[0] + abs(k)
        return np.expand_dims(np.pad(x, (max(-k, 0), max(k, 0))), -1) * np.eye(length, k=k, dtype=x.dtype)
    return np.diagonal(x, k)


def empty(shape: int | Sequence[int], dtype: Any = None) -> Any:
    """An array of any values."""
    return np.empty(shape, dtype or config.floatx())


def dtype(x: Any) -> str:
    """The name of an array's dtype."""
    return str(np.dtype(x.dtype))


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Windows along the last axis, as a new axis before it."""
    starts = np.arange(0, x.shape[-1] - sequence_length + 1, sequence_stride)
    return x[..., starts[:, None] + np.arange(sequence_length)]


def multi_hot(inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """1 at every class of the last axis."""
    ids = _values(inputs)
    found = np.equal(ids[..., None], np.arange(num_classes)).any(-2)
    return np.moveaxis(found, -1, axis).astype(dtype or config.floatx())
