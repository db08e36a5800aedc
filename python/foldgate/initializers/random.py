"""Initializers that draw: uniform, normal, truncated normal, orthogonal."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from foldgate._checks import numbers
from foldgate._typing import FloatArray
from foldgate.initializers.initializer import Initializer, standard_dtype


class RandomInitializer(Initializer):
    """What initializers that draw share: where their numbers come from.

    Args:
      seed: an int gives the same values in every call; a `SeedGenerator` other ones each time; None draws an
        int from Python's generator, which `utils.set_random_seed` seeds.
    """

    def __init__(self, seed: Any = None) -> None:
        self._given = seed
        if seed is None:
            seed = random.randint(1, 10**9)
        elif isinstance(seed, Mapping):
            from foldgate.random import SeedGenerator

            seed = SeedGenerator.from_config(seed["config"])
        elif isinstance(seed, bool) or not (hasattr(seed, "__index__") or hasattr(seed, "next")):
            raise ValueError(
                f"{type(self).__name__}: seed is {seed!r}; expected None, an int or a SeedGenerator"
            )
        self.seed = seed

    def generator(self) -> np.random.Generator:
        """The numbers of one call."""
        seed = self.seed.next() if hasattr(self.seed, "next") else self.seed
        return np.random.default_rng([int(word) & 0xFFFFFFFFFFFFFFFF for word in np.ravel(seed)])

    def get_config(self) -> dict[str, Any]:
        seed = self._given
        if hasattr(seed, "next"):
            seed = {
                "module": "keras.random",
                "class_name": "SeedGenerator",
                "config": seed.get_config(),
                "registered_name": None,
            }
        return {"seed": seed}


class RandomUniform(RandomInitializer):
    """Uniform numbers of an interval.

    Args:
      minval: the lower end. Defaults to -0.05.
      maxval: the upper end. Defaults to 0.05.
      seed: None, an int or a `SeedGenerator`. Defaults to None.

    Example:
      >>> from foldgate import initializers
      >>> values = initializers.RandomUniform(-1, 1, seed=3)((100,))
      >>> bool(abs(values).max() <= 1)
      True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        numbers(self, "(-inf, inf)", minval=minval, maxval=maxval)
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        return uniform(self.generator(), shape, self.minval, self.maxval, standard_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class RandomNormal(RandomInitializer):
    """Numbers of a normal distribution.

    Args:
      mean: a number. Defaults to 0.0.
      stddev: the standard deviation. Defaults to 0.05.
      seed: None, an int or a `SeedGenerator`. Defaults to None.

    Example:
      >>> from foldgate import initializers
      >>> initializers.RandomNormal(seed=3)((2, 2)).shape
      (2, 2)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        numbers(self, "(-inf, inf)", mean=mean)
        numbers(self, "[0, inf)", stddev=stddev)
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        return normal(self.generator(), shape, self.mean, self.stddev, standard_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Numbers of a normal distribution, those beyond two standard deviations drawn again.

    Args:
      mean: of the distribution before. Defaults to 0.0.
      stddev: its standard deviation. Defaults to 0.05.
      seed: None, an int or a `SeedGenerator`. Defaults to None.

    Example:
      >>> from foldgate import initializers
      >>> values = initializers.TruncatedNormal(seed=3)((1000,))
      >>> bool(abs(values).max() <= 0.1)
      True
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        return truncated_normal(self.generator(), shape, self.mean, self.stddev, standard_dtype(dtype))


class Orthogonal(RandomInitializer):
    """Orthonormal rows or columns, whichever are fewer, of the weight as a matrix of its last axis.

    Args:
      gain: what the matrix is multiplied by. Defaults to 1.0.
      seed: None, an int or a `SeedGenerator`. Defaults to None.

    Raises:
      ValueError: when called, the shape has less than two axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import initializers
      >>> q = initializers.Orthogonal(seed=3)((4, 2), "float64")
      >>> np.allclose(q.T @ q, np.eye(2))
      True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        numbers(self, "(-inf, inf)", gain=gain)
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal: shape is {tuple(shape)}; expected at least two axes")
        kind, columns = standard_dtype(dtype), shape[-1]
        rows = int(np.prod(shape[:-1]))
        tall = normal(self.generator(), (max(rows, columns), min(rows, columns)), 0.0, 1.0, kind)
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diagonal(r) < 0, kind.type(-1), kind.type(1))  # uniform over all such matrices
        matrix: FloatArray = np.ascontiguousarray(q.T if rows < columns else q)
        matrix *= kind.type(self.gain)
        return matrix.reshape(tuple(shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}


def uniform(
    generator: np.random.Generator, shape: Sequence[int], low: float, high: float, dtype: np.dtype[Any]
) -> FloatArray:
    """From `low` to `high`."""
    values = generator.random(tuple(shape), dtype=_drawn(dtype))
    values *= high - low
    values += low
    return values.astype(dtype, copy=False)


def normal(
    generator: np.random.Generator, shape: Sequence[int], mean: float, stddev: float, dtype: np.dtype[Any]
) -> FloatArray:
    """A normal distribution."""
    values = generator.standard_normal(tuple(shape), dtype=_drawn(dtype))
    values *= stddev
    values += mean
    return values.astype(dtype, copy=False)


def truncated_normal(
    generator: np.random.Generator, shape: Sequence[int], mean: float, stddev: float, dtype: np.dtype[Any]
) -> FloatArray:
    """A normal distribution of which what lies beyond two standard deviations is drawn again."""
    kind = _drawn(dtype)
    values = generator.standard_normal(tuple(shape), dtype=kind)
    flat = values.reshape(-1)
    outside = np.flatnonzero(np.abs(flat) > 2)
    while outside.size:
        flat[outside] = generator.standard_normal(outside.size, dtype=kind)
        outside = outside[np.abs(flat[outside]) > 2]
    values *= stddev
    values += mean
    return values.astype(dtype, copy=False)


def _drawn(dtype: np.dtype[Any]) -> Any:
    """What the generator draws: float64 for a float64 weight, else float32."""
    return np.float64 if dtype == np.float64 else np.float32
