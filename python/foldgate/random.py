"""Random numbers: the state that layers draw from, and arrays of the usual distributions.

A stream is a seed and a counter. `ops.dropout` and its like take both, so that what was drawn can be drawn
again: neither threads nor a resumed run change it.
"""

from __future__ import annotations

import random as python_random
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from foldgate import _defaults, _naming
from foldgate._tape import Variable
from foldgate._typing import FloatArray

__all__ = [
    "SeedGenerator",
    "categorical",
    "normal",
    "randint",
    "set_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]

Seed = Any  # None, an int or a SeedGenerator


def make_default_seed() -> int:
    """A seed from Python's own generator, which `utils.set_random_seed` sets."""
    return python_random.randint(1, int(1e9))


def set_seed(seed: int) -> None:
    """Seeds Python's generator and NumPy's, from which every default seed comes.

    Args:
      seed: 0 to 2^32 - 1.

    Raises:
      ValueError: it is no such int.

    Example:
      >>> import foldgate as keras
      >>> keras.random.set_seed(1)
      >>> a = keras.random.uniform((2,))
      >>> keras.random.set_seed(1)
      >>> bool((a == keras.random.uniform((2,))).all())
      True
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ValueError(f"set_random_seed: seed is {seed!r}; expected an int from 0 to 2**32 - 1")
    python_random.seed(int(seed))
    np.random.seed(int(seed))
    _global_stream.clear()


class SeedGenerator:
    """A stream of random numbers: a seed and a counter, which is part of a model's state.

    Args:
      seed: 0 to 2^32 - 1; None draws one from Python's `random`.
      name: None makes one of the class's name.

    Raises:
      ValueError: `seed` is no such int.

    Example:
      >>> import foldgate as keras
      >>> stream = keras.random.SeedGenerator(seed=7)
      >>> stream.next()
      array([7, 0], dtype=uint32)
      >>> stream.next()
      array([7, 1], dtype=uint32)
    """

    _tracked_as = "seed_generators"

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(f"SeedGenerator: unknown argument {next(iter(kwargs))!r}")
        if seed is None:
            seed = make_default_seed()
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
            raise ValueError(f"SeedGenerator: seed is {seed!r}; expected None or an int from 0 to 2**32 - 1")
        self.name = _naming.auto_name("seed_generator") if name is None else name
        self._initial_seed = int(seed)
        self.state = Variable(
            np.array([seed, 0], np.uint32), trainable=False, name=f"{self.name}/seed_generator_state"
        )

    def next(self, ordered: bool = True) -> np.ndarray[Any, Any]:
        """The present state (seed, counter); the counter goes up by one."""
        state = self.state.writable()
        now = state.copy()
        state[1] += 1
        return now

    def next_key(self) -> tuple[int, int]:
        """`next` as two ints, for the `seed` and `offset` of `ops.dropout`: 2^32 counters a draw.

        Example:
          >>> import foldgate as keras
          >>> keras.random.SeedGenerator(seed=7).next_key()
          (7, 0)
        """
        state = self.state.writable()
        seed, counter = state.tolist()
        state[1] = (counter + 1) & 0xFFFFFFFF
        return seed, (counter << 32) & 0xFFFFFFFFFFFFFFFF

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again, from its first seed."""
        return {"seed": self._initial_seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Makes it from what `get_config` gave."""
        return cls(**config)


_global_stream: list[SeedGenerator] = []
_thread, _ZEROS = threading.local(), np.zeros(4, np.uint64)


def draw_seed(seed: Seed) -> np.ndarray[Any, Any]:
    """The state to draw with: of a SeedGenerator its next one, of an int that, of None the global
    stream's."""
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if seed is None:
        if not _global_stream:
            _global_stream.append(SeedGenerator())
        return _global_stream[0].next()
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and seed >= 0:
        return np.array([seed & 0xFFFFFFFF, 0], np.uint32)
    raise ValueError(f"seed is {seed!r}; expected None, an int of at least 0 or a SeedGenerator")


def generator(seed: Seed) -> np.random.Generator:
    """NumPy's generator of the state that `seed` stands for, this thread's own until its next call.

    Its bits are those of `Philox(key=...)`, whose making asks the system for entropy: it takes four times as
    long.
    """
    if not hasattr(_thread, "generator"):
        _thread.philox = np.random.Philox(0)
        _thread.generator = np.random.Generator(_thread.philox)
    _thread.philox.state = {
        "bit_generator": "Philox",
        "state": {"counter": _ZEROS, "key": draw_seed(seed).astype(np.uint64)},
        "buffer": _ZEROS,
        "buffer_pos": 4,
        "has_uint32": 0,
        "uinteger": 0,
    }
    found: np.random.Generator = _thread.generator
    return found


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

    Example:
      >>> import foldgate as keras
      >>> keras.random.randint((3,), 4, 5)
      array([4, 4, 4], dtype=int32)
    """
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
