"""Dropout and uniform numbers, from a counter."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import int_argument
from foldgate.ops._window import is_int


def dropout(x: FloatArray, rate: float, *, seed: int, offset: int = 0) -> FloatArray:
    """Sets values to 0 at random and divides the others by 1 - rate.

    Which are dropped is a function of `seed`, `offset` and a value's place alone: value i, in C order, has
    word i mod 4 of Philox 4x32-7 under the key `seed` at the counter offset + i // 4, and is dropped where
    that word is below rate * 2^32, rounded. Neither threads nor the instruction set change it, and no mask is
    kept: `dropout_backward` makes the same one.

    Args:
      x: any shape, float32 or float64.
      rate: the probability of a 0, at least 0 and below 1.
      seed: 0 to 2^64 - 1.
      offset: 0 to 2^64 - 1. A call on n values uses the counters from `offset` to offset + ceil(n / 4) - 1.

    Returns:
      Of x's shape and dtype.

    Raises:
      TypeError: `x` is not a float32 or float64 array; `rate` is not a number; `seed` or `offset` no int.
      ValueError: `rate`, `seed` or `offset` is outside its range.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.dropout(np.ones(8), 0.5, seed=1)
      array([2., 0., 0., 0., 0., 2., 0., 2.])
    """
    if any_tensor(x):
        return record(dropout, _recorded, ("x",), locals())
    op = "dropout"
    x = operand(op, "x", x)
    return _native.dropout(
        op, "x", x, _rate(op, rate), _word64(op, "seed", seed), _word64(op, "offset", offset)
    )


def _recorded(x: FloatArray, rate: float, seed: int, offset: int) -> tuple[FloatArray, Backward]:
    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (dropout_backward(dy, rate, seed=seed, offset=offset),)

    return dropout(x, rate, seed=seed, offset=offset), backward


def dropout_backward(dy: FloatArray, rate: float, *, seed: int, offset: int = 0) -> FloatArray:
    """The gradient of `sum(dy * dropout(x, ...))`: dy / (1 - rate) where x was kept, else 0.

    Args:
      dy: any shape, float32 or float64.
      rate: as given to `dropout`, and so are the arguments that follow.

    Returns:
      dx, of dy's shape and dtype.

    Raises:
      TypeError, ValueError: as `dropout`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.dropout_backward(np.ones(8), 0.5, seed=1)
      array([2., 0., 0., 0., 0., 2., 0., 2.])
    """
    op = "dropout_backward"
    dy = operand(op, "dy", dy)
    return _native.dropout(
        op, "dy", dy, _rate(op, rate), _word64(op, "seed", seed), _word64(op, "offset", offset)
    )


def random_uniform(
    shape: Sequence[int],
    low: float = 0.0,
    high: float = 1.0,
    *,
    seed: int,
    offset: int = 0,
    dtype: DTypeLike = np.float32,
) -> FloatArray:
    """Uniform numbers from `low` to below `high`, from the generator of `dropout`.

    Args:
      shape: of the result, a tuple of ints.
      low: what the fraction 0 stands for.
      high: what the fraction 1 stands for. It does not occur, unless it is `low`.
      seed: 0 to 2^64 - 1.
      offset: 0 to 2^64 - 1, as in `dropout`.
      dtype: float32, of fractions of 24 bits, or float64, of 32 bits.

    Returns:
      An array of `shape`.

    Raises:
      TypeError: an argument is of another kind, or `dtype` another dtype.
      ValueError: an extent is negative, `seed` or `offset` is outside its range, a bound is not finite, or it
        or the range between them is beyond the dtype's.

    Example:
      >>> from foldgate import ops
      >>> ops.random_uniform((2, 2), -1, 1, seed=7).shape
      (2, 2)
    """
    op = "random_uniform"
    kind = _float_dtype(op, dtype)
    if not isinstance(shape, Sequence) or isinstance(shape, str | bytes) or not all(map(is_int, shape)):
        raise TypeError(f"{op}: shape is {shape!r}; expected a tuple of ints")
    extents = [index(n) for n in shape]
    if any(not 0 <= n < 2**63 for n in extents):
        raise ValueError(f"{op}: shape is {tuple(extents)}; expected extents from 0 to 2**63 - 1")
    bounds = _finite(op, "low", low), _finite(op, "high", high)
    if max(abs(bounds[0]), abs(bounds[1]), abs(bounds[1] - bounds[0])) > float(np.finfo(kind).max):
        raise ValueError(f"{op}: low is {low} and high {high}; expected them and their range within {kind}'s")
    words = _word64(op, "seed", seed), _word64(op, "offset", offset)
    return _native.random_uniform(extents, *bounds, *words, bool(kind == np.float64))


def _float_dtype(op: str, dtype: DTypeLike) -> np.dtype[Any]:
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if dtype is None or kind not in (np.float32, np.float64):  # to NumPy None is float64
        raise TypeError(f"{op}: dtype is {dtype!r}; expected float32 or float64")
    return kind


def _number(op: str, name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise TypeError(f"{op}: {name} is {value!r}; expected a number")
    return float(value)


def _rate(op: str, rate: float) -> float:
    if not 0 <= _number(op, "rate", rate) < 1:
        raise ValueError(f"{op}: rate is {rate!r}; expected at least 0 and below 1")
    return float(rate)


def _finite(op: str, name: str, value: float) -> float:
    if not np.isfinite(_number(op, name, value)):
        raise ValueError(f"{op}: {name} is {value!r}; expected a finite number")
    return float(value)


def _word64(op: str, name: str, value: int) -> int:
    word = int_argument(op, name, value)
    if not 0 <= word < 2**64:
        raise ValueError(f"{op}: {name} is {value}; expected 0 to 2**64 - 1")
    return word
