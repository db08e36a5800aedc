"""How the constructors here hand their many arguments on, and give them back."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from foldgate._checks import numbers

_NOT_ARGUMENTS = {"self", "kwargs", "__class__"}


def arguments(scope: dict[str, Any], *left_out: str) -> dict[str, Any]:
    """A constructor's arguments by name, those of its `**kwargs` among them.

    Args:
      scope: its `locals()`, before it made other names.
      left_out: the arguments that the constructor deals with itself.
    """
    given = {name: value for name, value in scope.items() if name not in _NOT_ARGUMENTS}
    given |= scope["kwargs"]
    return {name: value for name, value in given.items() if name not in left_out}


def of_cell(name: str) -> Any:
    """A layer's property that is its cell's attribute."""
    return property(attrgetter(f"cell.{name}"), doc=f"`cell.{name}`.")


def positive_int(owner: str, argument: str, value: Any) -> int:
    """`value` as an int.

    Raises:
      TypeError: it is no integer.
      ValueError: it is not above 0.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{owner}: {argument} is {value!r}; expected a positive integer")
    if value.__index__() <= 0:
        raise ValueError(f"{owner}: {argument} is {value!r}; expected a positive integer")
    return int(value.__index__())


def rate(owner: str, argument: str, value: float) -> float:
    """A share to drop, held within [0, 1] as Keras does.

    Raises:
      TypeError: it is no number.
      ValueError: it is NaN.
    """
    numbers(owner, "[-inf, inf]", **dict[str, Any]({argument: value}))
    return min(1.0, max(0.0, value))
