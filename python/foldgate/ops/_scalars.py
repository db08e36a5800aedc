"""Options that are one bool or one int."""

from __future__ import annotations

import operator

import numpy as np


def check_flags(op: str, **values: object) -> None:
    """Refuses what is neither True nor False, by its name.

    Raises:
      TypeError: one of the values is no bool.
    """
    for name, value in values.items():
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{op}: {name} is {value!r}; expected a bool")


def flag_argument(op: str, name: str, value: bool) -> bool:
    """A bool, of Python's kind."""
    check_flags(op, **{name: value})
    return bool(value)


def int_argument(op: str, name: str, value: object, *, expected: str = "an int") -> int:
    """An int, of Python's kind.

    Raises:
      TypeError: the value is a bool, or has no index.
    """
    if isinstance(value, bool):
        raise TypeError(f"{op}: {name} is {value!r}; expected {expected}")
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{op}: {name} is {value!r}; expected {expected}") from None
