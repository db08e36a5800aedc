"""Dropout and uniform numbers, from a counter: Philox 4x32-7 in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from foldgate.reference._types import Array

__all__ = ["dropout", "dropout_backward", "random_uniform"]

MULTIPLY = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 7  # the fewest that pass BigCrush
HALF = 0xFFFFFFFF


def philox_words(n: int, seed: int, offset: int) -> Array:
    """n words: four a counter, of the counters from `offset` on (modulo 2^64), whose upper 64 bits are 0.

    A round multiplies two words by constants, exchanges halves of the products and adds the key by exclusive
    or; the key grows by a constant from round to round.
    """
    counter = np.arange(-(-n // 4), dtype=np.uint64) + np.array([offset], np.uint64)
    half, shift = np.uint64(HALF), np.uint64(32)
    c0, c1, c2, c3 = counter & half, counter >> shift, np.zeros_like(counter), np.zeros_like(counter)
    for i in range(ROUNDS):
        k0, k1 = ((seed & HALF) + i * WEYL[0]) & HALF, ((seed >> 32) + i * WEYL[1]) & HALF
        low, high = c0 * np.uint64(MULTIPLY[0]), c2 * np.uint64(MULTIPLY[1])
        c0, c1 = (high >> shift) ^ c1 ^ np.uint64(k0), high & half
        c2, c3 = (low >> shift) ^ c3 ^ np.uint64(k1), low & half
    return np.stack([c0, c1, c2, c3], 1).reshape(-1)[:n].astype(np.uint32)


def dropout(x: Array, rate: float, *, seed: int, offset: int = 0) -> Array:
    """0 where the value's word is below rate 2^32, rounded; x / (1 - rate) elsewhere.

    Example:
        >>> import numpy as np
        >>> dropout(np.ones(8), 0.5, seed=1)
        array([2., 0., 0., 0., 0., 2., 0., 2.])
    """
    threshold = min(int(rate * 2.0**32 + 0.5), 2**32 - 1)
    kept = (philox_words(x.size, seed, offset) >= threshold).reshape(x.shape)
    scaled = x * x.dtype.type(1 / (1 - rate))
    return np.asarray(np.where(kept, scaled, np.zeros_like(scaled)))


def dropout_backward(dy: Array, rate: float, *, seed: int, offset: int = 0) -> Array:
    """dy / (1 - rate) where the value was kept, else 0.

    Example:
        >>> import numpy as np
        >>> dropout_backward(np.ones(8), 0.5, seed=1)
        array([2., 0., 0., 0., 0., 2., 0., 2.])
    """
    return dropout(dy, rate, seed=seed, offset=offset)


def random_uniform(
    shape: Sequence[int],
    low: float = 0.0,
    high: float = 1.0,
    *,
    seed: int,
    offset: int = 0,
    dtype: DTypeLike = np.float32,
) -> Array:
    """low + (high - low) u, u the upper 24 bits of a word (float32) or all 32 (float64) as a fraction of 1.

    Where the largest u would be rounded to high, the last number before that is taken for it.

    Example:
        >>> random_uniform((2, 2), -1, 1, seed=7).shape
        (2, 2)
    """
    words = philox_words(int(np.prod(shape, dtype=np.int64)), seed, offset)
    fractions = words / 2.0**32 if np.dtype(dtype) == np.float64 else (words >> np.uint32(8)) / 2.0**24
    span, first = np.array([high - low], dtype), np.array([low], dtype)
    last = np.nextafter(np.array([high], dtype), first)
    largest = 1 - 2.0 ** (-32 if span.dtype == np.float64 else -24)
    if abs(span.dtype.type(largest) * span + first - first) > abs(last - first):
        span = last - first
    return np.asarray(fractions.astype(dtype) * span + first).reshape(shape)
