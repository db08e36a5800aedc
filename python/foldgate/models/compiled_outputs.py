"""How labels, losses and metrics belong to a model's outputs."""

from __future__ import annotations

from typing import Any


def is_nest(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict))


def output_list(y_pred: Any, names: list[str] | None) -> tuple[list[Any], list[str | None]]:
    """The outputs in a list, and their names: None for a single one."""
    if isinstance(y_pred, dict):
        keys = (
            [name for name in names if name in y_pred]
            if names and set(names) == set(y_pred)
            else sorted(y_pred)
        )
        return [y_pred[key] for key in keys], list(keys) if len(keys) > 1 else [None]
    if isinstance(y_pred, (list, tuple)):
        if len(y_pred) == 1:
            return [y_pred[0]], [None]
        known = names if names and len(names) == len(y_pred) else [f"output_{i}" for i in range(len(y_pred))]
        return list(y_pred), list(known)
    return [y_pred], [None]


def for_outputs(what: str, value: Any, keys: list[str | None], broadcast: bool) -> list[Any]:
    """What a list, a dict or a single value says for each output.

    Args:
      what: "loss", for error messages.
      value: a list in the order of the outputs, a dict by their names, or one thing.
      keys: the outputs' names.
      broadcast: whether one thing is for every output.
    """
    if isinstance(value, dict):
        unknown = [key for key in value if key not in keys]
        if len(keys) == 1 and len(value) == 1:
            return list(value.values())
        if unknown:
            raise ValueError(f"{what}: there is {unknown[0]!r}; expected the names of outputs, {keys}")
        return [value.get(key) for key in keys]
    if isinstance(value, (list, tuple)):
        if len(value) != len(keys):
            raise ValueError(f"{what}: it has {len(value)} members; expected {len(keys)}, one an output")
        return list(value)
    if len(keys) > 1 and not broadcast:
        raise ValueError(
            f"{what}: it is one {type(value).__name__}; expected {len(keys)} in a list or a dict"
        )
    return [value] * len(keys)


def labels_of(y: Any, keys: list[str | None], used: list[bool]) -> list[Any]:
    """The labels of each output; of a list as long as there are losses, each goes to an output with one."""
    if len(keys) == 1:
        if isinstance(y, dict) and len(y) == 1:
            return list(y.values())
        return [y[0] if isinstance(y, (list, tuple)) and len(y) == 1 else y]
    if isinstance(y, (list, tuple)) and len(y) == sum(used) < len(keys):
        rest = iter(y)
        return [next(rest) if has_loss else None for has_loss in used]
    return for_outputs("y", y, keys, False)


def is_binary_or_sparse(y_true: Any, y_pred: Any) -> tuple[bool, bool]:
    """Whether "accuracy" means that of yes or no, or that of classes as integers."""
    binary = y_pred.shape[-1] == 1 if y_pred.ndim else True
    sparse = y_true.ndim < y_pred.ndim or (y_true.shape[-1] == 1 and y_pred.shape[-1] > 1)
    return binary, sparse
