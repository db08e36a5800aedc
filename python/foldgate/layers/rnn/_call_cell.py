"""Cells of any kind: a layer or any object with `call` and `state_size`."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

import numpy as np

from foldgate.layers.layer import Layer
from foldgate.layers.rnn._walk import State


def check_cell(owner: str, cell: Any, argument: str = "cell") -> None:
    """Refuses what is no cell.

    Raises:
      ValueError: it has no `call` or no `state_size`.
    """
    for name in ("call", "state_size"):
        if not hasattr(cell, name):
            raise ValueError(
                f"{owner}: {argument} is {cell!r}, without {name!r}; expected `call` and `state_size`"
            )


def output_size(cell: Any) -> Any:
    """The number of a cell's outputs: its `output_size`, else its first state's."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size
    return size


def initial_states(cell: Any, batch_size: int | None, dtype: Any) -> State:
    """What a cell says that it starts from, or zeros of its `state_size`."""
    own = getattr(cell, "get_initial_state", None)
    if own is not None:
        return own(batch_size=batch_size)
    sizes = cell.state_size
    if isinstance(sizes, (list, tuple)):
        return [np.zeros((batch_size or 0, size), dtype) for size in sizes]
    return np.zeros((batch_size or 0, sizes), dtype)


def call_cell(cell: Any, inputs: Any, state: State, training: bool, **kwargs: Any) -> tuple[Any, State]:
    """One step of a cell, which always gets a list of states; one that came alone goes back alone."""
    alone = not isinstance(state, (list, tuple))
    if _takes_training(cell.__class__):
        kwargs["training"] = training
    run = cell if callable(cell) else cell.call
    output, new_state = run(inputs, [state] if alone else list(state), **kwargs)
    if isinstance(new_state, (list, tuple)):
        return output, new_state[0] if alone and len(new_state) == 1 else list(new_state)
    return output, new_state if alone else [new_state]


@lru_cache(maxsize=256)
def _takes_training(kind: type) -> bool:
    parameters = inspect.signature(kind.call).parameters  # type: ignore[attr-defined]
    named = "training" in parameters
    return named or (any(p.kind is p.VAR_KEYWORD for p in parameters.values()) and issubclass(kind, Layer))


def stored(layer: Any) -> Any:
    """A layer or cell as a config holds it."""
    from foldgate.saving.serialization import serialize_keras_object

    return serialize_keras_object(layer)


def restored(config: Any, custom_objects: Any = None) -> Any:
    """The layer or cell that `stored` wrote down; one that is already made stays."""
    from foldgate.saving.serialization import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects) if isinstance(config, dict) else config
