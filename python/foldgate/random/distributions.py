"""Arrays of the usual distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from foldgate import _defaults
from foldgate._typing import FloatArray
from foldgate.random.seeds import Seed, generator


def normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: Seed = None,
) -> FloatArray:
    """Draws from the normal distribution.

    Args:
      shape: of the result.
      mean: its mean. Defaults to 0.0.
      stddev: its standard deviation. Defaults to 1.0.
      dtype: a float type; None for `config.floatx()`.
      seed: None for the global stream, an int for always the same numbers, or a `SeedGenerator`.

    Example:
      >>> import foldgate as keras
      >>> keras.random.normal((2, 3), seed=1).shape
      (2, 3)
    """
    return _cast(generator(seed).normal(mean, stddev, tuple(shape)), dtype)


def uniform(
    shape: Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: Seed = None,
) -> FloatArray:
    """Draws evenly from [minval, maxval).

    Args:
      shape: of the result.
      minval: the lower end. Defaults to 0.0.
      maxval: the upper end, which does not come up. Defaults to 1.0.
      dtype: a float type; None for `config.floatx()`.
      seed: as in `normal`.

    Example:
      >>> import foldgate as keras
      >>> keras.random.uniform((2,), seed=1).dtype
      dtype('float32')
    """
    return _cast(generator(seed).uniform(minval, maxval, tuple(shape)), dtype)


def truncated_normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: DTypeLike | None = None,
    seed: Seed = None,
) -> FloatArray:
    """Draws from the normal distribution, again wherever more than two standard deviations off.

    Args:
      shape: of the result.
      mean: of the whole distribution. Defaults to 0.0.
      stddev: of the whole distribution. Defaults to 1.0.
      dtype: a float type; None for `config.floatx()`.
      seed: as in `normal`.

    Example:
      >>> import foldgate as keras
      >>> bool((abs(keras.random.truncated_normal((100,), seed=1)) <= 2).all())
      True
    """
    draw = generator(seed)
    values = draw.standard_normal(tuple(shape))
    while (far := np.abs(values) > 2.0).any():
        values[far] = draw.standard_normal(int(far.sum()))
    return _cast(values * stddev + mean, dtype)


def randint(
    shape: Sequence[int], minval: int, maxval: int, dtype: DTypeLike = "int32", seed: Seed = None
) -> np.ndarray[Any, Any]:
    """Draws whole numbers from [minval, maxval).

    Args:
      shape: of the result.
      minval: the smallest.
      maxval: one above the largest.
      dtype: a type of integers. Defaults to `"int32"`.
      seed: as in `normal`.

    Raises:
      ValueError: `maxval` is not above `minval`.

    Example:
      >>> import foldgate as keras
      >>> keras.random.randint((3,), 4, 5)
      array([4, 4, 4], dtype=int32)
    """
    if minval >= maxval:
        raise ValueError(f"randint: maxval is {maxval}; expected more than minval, which is {minval}")
    return generator(seed).integers(minval, maxval, tuple(shape)).astype(dtype)


def shuffle(x: FloatArray, axis: int = 0, seed: Seed = None) -> FloatArray:
    """Puts the parts along an axis in another order, and returns that as a new array.

    Args:
      x: any array.
      axis: of the parts. Defaults to 0.
      seed: as in `normal`.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> np.sort(keras.random.shuffle(np.arange(4), seed=1))
      array([0, 1, 2, 3])
    """
    shuffled: FloatArray = generator(seed).permutation(np.asarray(x), axis=axis)
    return shuffled


def categorical(
    logits: FloatArray, num_samples: int, dtype: DTypeLike = "int32", seed: Seed = None
) -> np.ndarray[Any, Any]:
    """Draws classes by their logits.

    Args:
      logits: (N, classes), unnormalised logarithms of probabilities.
      num_samples: how many a row.
      dtype: a type of integers. Defaults to `"int32"`.
      seed: as in `normal`.

    Returns:
      (N, num_samples).

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.random.categorical(np.array([[0.0, -1e9]]), 3)
      array([[0, 0, 0]], dtype=int32)
    """
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 2:
        raise ValueError(f"categorical: logits has shape {logits.shape}; expected (N, classes)")
    noise = generator(seed).gumbel(size=(logits.shape[0], num_samples, logits.shape[1]))
    drawn: np.ndarray[Any, Any] = np.argmax(logits[:, None, :] + noise, axis=-1).astype(dtype)
    return drawn


def _cast(values: FloatArray, dtype: DTypeLike | None) -> FloatArray:
    return values.astype(_defaults.floatx() if dtype is None else dtype)
