"""Gradients and the variables that they belong to."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from operator import is_
from typing import Any

import numpy as np


def known_pairs(
    optimizer: Any, grads: Sequence[Any], variables: Sequence[Any] | None
) -> tuple[list[Any], list[Any], list[int]]:
    """Gradients that are there, in their variables' dtypes; the variables; their places in the optimizer."""
    built = optimizer._trainable_variables
    given = built if variables is None else list(variables)
    all_of_them = optimizer._each_once and len(given) == len(built) and all(map(is_, given, built))
    if len(grads) != len(given):
        raise ValueError(
            f"{optimizer.name}: grads has {len(grads)} members; expected {len(given)}, one a variable"
        )
    try:
        # The usual step is of all variables in their order, whose places are known.
        places = optimizer._places if all_of_them else [optimizer._indices[id(each)] for each in given]
    except KeyError:
        known = optimizer._indices
        stranger = next(variable for variable in given if id(variable) not in known)
        raise ValueError(
            f"{optimizer.name}: variable {_name(stranger)!r} is not one of those that it was built with; "
            "make a new optimizer for new variables"
        ) from None
    values, some_missing = list(grads), False
    for i, (value, variable) in enumerate(zip(values, given, strict=True)):
        if value is None:
            some_missing = True
        elif getattr(value, "dtype", None) is not variable.dtype:
            values[i] = _converted(optimizer, value, variable)
    return _filtered(optimizer, values, given, places) if some_missing else (values, given, places)


def _converted(optimizer: Any, value: Any, variable: Any) -> Any:
    try:
        return np.asarray(value, variable.dtype)
    except (TypeError, ValueError):
        raise TypeError(
            f"{optimizer.name}: the gradient of {_name(variable)!r} is {value!r}; "
            "expected an array of numbers"
        ) from None


def _filtered(
    optimizer: Any, values: list[Any], given: list[Any], places: list[int]
) -> tuple[list[Any], list[Any], list[int]]:
    kept = [i for i, value in enumerate(values) if value is not None]
    if not kept:
        raise ValueError(f"{optimizer.name}: grads has no gradient for any variable")
    missing = [_name(variable) for variable, value in zip(given, values, strict=True) if value is None]
    warnings.warn(f"{optimizer.name}: there are no gradients of {missing}", stacklevel=4)
    return [values[i] for i in kept], [given[i] for i in kept], [places[i] for i in kept]


def _name(variable: Any) -> str:
    return str(getattr(variable, "path", None) or getattr(variable, "name", variable))
