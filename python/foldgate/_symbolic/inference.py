"""The shapes of results by trial, for what does not say them: run on small arrays of two sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate._nest import flatten, map_nest, pack_like
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._tape import Tensor, no_grad

SIZES = ((2, 3), (12, 13), (64, 65))  # for unknown axes; the larger ones for windows that need them


def by_trial(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """KerasTensors for the results of a function of KerasTensors: axes whose size follows that of unknown
    axes are unknown.

    Raises:
      Whatever the function raises at the largest sizes.
    """
    for attempt, (one, other) in enumerate(SIZES):
        try:
            first, second = _run(function, args, kwargs, one), _run(function, args, kwargs, other)
        except (ValueError, IndexError):
            if attempt == len(SIZES) - 1:
                raise
        else:
            leaves = [_joined(a, b) for a, b in zip(flatten(first), flatten(second), strict=True)]
            return pack_like(first, leaves)
    raise AssertionError


def layer_by_trial(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`by_trial` of a layer, whose variables and losses are then as before: counters, averages, random
    streams."""
    before = {id(v): (v.version, v.numpy()) for v in layer.variables}
    outputs = by_trial(layer, args, kwargs)
    for variable in layer.variables:
        version, value = before.get(id(variable), (0, None))
        if variable.version == version:
            continue
        if value is not None:
            variable.assign(value)
        elif getattr(variable, "initializer", None) is not None:  # it was made in the trial
            variable.initialize()
    layer._clear_losses()
    return outputs


def _run(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], size: int) -> Any:
    def sample(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        return np.ones([size if axis is None else axis for axis in leaf.shape], leaf.dtype)

    with no_grad():
        return function(*map_nest(sample, list(args)), **map_nest(sample, dict(kwargs)))


def _joined(first: Any, second: Any) -> Any:
    if not isinstance(first, (np.ndarray, np.generic, Tensor)):
        return first
    if first.ndim != second.ndim:
        raise ValueError(
            f"the number of axes depends on the size of the input: {first.shape}, {second.shape}"
        )
    pairs = zip(first.shape, second.shape, strict=True)
    return KerasTensor([a if a == b else None for a, b in pairs], np.dtype(first.dtype).name)
