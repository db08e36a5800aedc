"""What constructors ask of their arguments: `<owner>: <argument> is <found>; expected <what>`.

The owner is an object, whose class is named, or a name. What is of another kind is a TypeError, what is out
of its range a ValueError. NaN is in no range.
"""

from __future__ import annotations

import inspect
import numbers as kinds
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np


def _name(owner: Any) -> str:
    return owner if isinstance(owner, str) else type(owner).__name__


def _or_none(expected: str, or_none: bool) -> str:
    return f"None or {expected}" if or_none else expected


def _is_number(value: Any) -> bool:
    return isinstance(value, kinds.Real) or (isinstance(value, np.ndarray) and value.ndim == 0)


def _within(value: Any, interval: str) -> bool:
    """Whether a number is in an interval as mathematics writes it: "[0, 1)" holds 0 and not 1."""
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = value >= low if interval[0] == "[" else value > low
    return bool(above and (value <= high if interval[-1] == "]" else value < high))


def numbers(owner: Any, interval: str, /, *, or_none: bool = False, **values: Any) -> None:
    """Refuses what is not a number of an interval.

    Args:
      owner: whose arguments these are.
      interval: as mathematics writes it, such as `"[0, 1)"` or `"(0, inf)"`.
      or_none: whether None will do.
      **values: the arguments by name.

    Raises:
      TypeError: one is not a number.
      ValueError: one is outside.
    """
    for name, value in values.items():
        if value is None and or_none:
            continue
        if not _is_number(value):
            raise TypeError(f"{_name(owner)}: {name} is {value!r}; expected {_or_none('a number', or_none)}")
        if not _within(value, interval):
            expected = _or_none(f"a number in {interval}", or_none)
            raise ValueError(f"{_name(owner)}: {name} is {value!r}; expected {expected}")


def integers(owner: Any, least: int | None, /, *, or_none: bool = False, **values: Any) -> None:
    """Refuses what is not an integer of at least `least`; None for any integer.

    Raises:
      TypeError: one is not an integer.
      ValueError: one is less.
    """
    expected = _or_none("an int" if least is None else f"an int of at least {least}", or_none)
    for name, value in values.items():
        if value is None and or_none:
            continue
        if not isinstance(value, kinds.Integral):
            raise TypeError(f"{_name(owner)}: {name} is {value!r}; expected {expected}")
        if least is not None and value < least:
            raise ValueError(f"{_name(owner)}: {name} is {value!r}; expected {expected}")


def members(owner: Any, **lists: Any) -> dict[str, Any]:
    """The members of lists by the names that errors give them: `boundaries[0]`, ...

    Raises:
      TypeError: what is given is not a list.
    """
    found: dict[str, Any] = {}
    for name, given in lists.items():
        if isinstance(given, str) or not isinstance(given, (Sequence, np.ndarray)):
            raise TypeError(f"{_name(owner)}: {name} is {given!r}; expected a list")
        found |= {f"{name}[{i}]": member for i, member in enumerate(given)}
    return found


def axes(owner: Any, **values: Any) -> None:
    """Refuses what does not name axes: an int, ints, or None for all of them.

    Raises:
      TypeError: one does not.
    """
    for name, value in values.items():
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        if value is not None and not all(isinstance(axis, kinds.Integral) for axis in several):
            raise TypeError(f"{_name(owner)}: {name} is {value!r}; expected an int, ints or None")


def one_axis(owner: Any, **values: Any) -> None:
    """Refuses what does not name one axis.

    Raises:
      TypeError: one does not.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, kinds.Integral):
            raise TypeError(f"{_name(owner)}: {name} is {value!r}; expected an int")


def some_axes(owner: Any, **values: Any) -> None:
    """Refuses what does not name one axis or more.

    Raises:
      TypeError: one does not.
      ValueError: a list has none.
    """
    for name, value in values.items():
        several = list(value) if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(axis, bool) or not isinstance(axis, kinds.Integral) for axis in several):
            raise TypeError(f"{_name(owner)}: {name} is {value!r}; expected an int or ints")
        if not several:
            raise ValueError(f"{_name(owner)}: {name} is {value!r}; expected one axis or more")


def switches(kind: type, args: Sequence[Any], arguments: Mapping[str, Any]) -> None:
    """Refuses, of arguments that are True or False by default, what is neither: `from_logits="yes"`.

    1 and 0 stand for them. Arguments of a subclass that is not of this library are its own business.

    Raises:
      TypeError: one is another value.
    """
    names = _parameters_of(kind)[2]
    for name, value in given(kind, args, arguments).items():
        if name not in names:
            continue
        flags(kind.__name__, **dict[str, Any]({name: value}))


def flags(owner: Any, /, **values: Any) -> None:
    """Refuses what is neither True nor False, nor 1 or 0, which stand for them.

    Raises:
      TypeError: one is another value.
    """
    for name, value in values.items():
        if not isinstance(value, (bool, np.bool_)) and not (isinstance(value, int) and value in (0, 1)):
            raise TypeError(f"{_name(owner)}: {name} is {value!r}; expected True or False")


def verbosity(owner: Any, verbose: Any) -> None:
    """Refuses what is neither `"auto"` nor an int of at least 0.

    Raises:
      ValueError: it is another value.
    """
    if verbose != "auto" and not (isinstance(verbose, kinds.Integral) and int(verbose) >= 0):
        raise ValueError(f"{_name(owner)}: verbose is {verbose!r}; expected 'auto', 0, 1 or 2")


def given(kind: type, args: Sequence[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A class's arguments by name, as far as constructors of this library take them."""
    places, ours, _ = _parameters_of(kind)
    found = {name: value for name, value in zip(places, args, strict=False) if name in ours}
    return found | {name: value for name, value in arguments.items() if name in ours}


@lru_cache(maxsize=256)
def _parameters_of(kind: type) -> tuple[tuple[str, ...], frozenset[str], frozenset[str]]:
    """The names of a class's arguments in their order, those that constructors of this library take, and of
    these those whose default is True or False. What a subclass of the user's names is the user's."""
    places: tuple[str, ...] | None = None
    theirs: set[str] = set()
    known: set[str] = set()
    switches: set[str] = set()
    for base in kind.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters
        ours = base.__module__.startswith("foldgate.")
        places = (tuple(parameters)[1:] if ours else ()) if places is None else places
        if not ours:
            theirs |= set(parameters)
            continue
        known |= set(parameters) - theirs
        switches |= {name for name, p in parameters.items() if isinstance(p.default, bool)} - theirs
    return places or (), frozenset(known), frozenset(switches)


def seeds(owner: Any, **values: Any) -> None:
    """Refuses what is neither None nor an int from 0 to 2^32 - 1.

    Raises:
      TypeError: one is no int.
      ValueError: one is outside.
    """
    for name, value in values.items():
        words = f"{_name(owner)}: {name} is {value!r}; expected None or an int from 0 to 2**32 - 1"
        if value is not None and (isinstance(value, bool) or not isinstance(value, kinds.Integral)):
            raise TypeError(words)
        if value is not None and not 0 <= int(value) < 2**32:
            raise ValueError(words)


def functions(owner: Any, *, or_none: bool = False, **values: Any) -> None:
    """Refuses what cannot be called.

    Raises:
      TypeError: one cannot.
    """
    for name, value in values.items():
        if not callable(value) and not (value is None and or_none):
            raise TypeError(
                f"{_name(owner)}: {name} is {value!r}; expected {_or_none('a function', or_none)}"
            )


def path(owner: Any, **values: Any) -> str:
    """The one argument that is given, as a path.

    Raises:
      TypeError: it is not a path.
    """
    ((name, value),) = values.items()
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{_name(owner)}: {name} is {value!r}; expected a path")
    return os.fspath(value)
