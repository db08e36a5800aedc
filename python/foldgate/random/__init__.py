"""Random numbers: the state that layers draw from, and arrays of the usual distributions."""

from foldgate.random.distributions import categorical, normal, randint, shuffle, truncated_normal, uniform
from foldgate.random.seeds import SeedGenerator, set_seed

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
