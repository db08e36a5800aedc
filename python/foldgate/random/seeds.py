"""The state that random numbers are drawn from.

A stream is a seed and a counter. `ops.dropout` and its like take both, so that what was drawn can be drawn
again: neither threads nor a resumed run change it.
"""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from foldgate import _naming
from foldgate._tape import Variable

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
    global_stream.clear()


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


global_stream: list[SeedGenerator] = []  # what None draws from; empty until it does


def draw_seed(seed: Seed) -> np.ndarray[Any, Any]:
    """The state to draw with: of a SeedGenerator its next one, of an int that, of None the global
    stream's."""
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if seed is None:
        if not global_stream:
            global_stream.append(SeedGenerator())
        return global_stream[0].next()
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and seed >= 0:
        return np.array([seed & 0xFFFFFFFF, 0], np.uint32)
    raise ValueError(f"seed is {seed!r}; expected None, an int of at least 0 or a SeedGenerator")


class _Key(ISeedSequence):
    """A key where a bit generator asks for its seed; `Philox(key=...)` asks the system for entropy besides,
    which takes three times as long."""

    def __init__(self, key: np.ndarray[Any, Any]) -> None:
        self.key = key

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray[Any, Any]:
        return self.key.astype(dtype)


def generator(seed: Seed) -> np.random.Generator:
    """NumPy's generator of the state that `seed` stands for, with the bits of `Philox(key=...)`."""
    key: Any = _Key(draw_seed(seed))
    return np.random.Generator(np.random.Philox(key))
