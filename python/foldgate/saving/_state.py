"""A model's state out of it and into it again, object by object."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from foldgate.saving._walk import walk

Array = np.ndarray[Any, np.dtype[Any]]


class Source(Protocol):
    """path -> the arrays that the object there saved, none for a path that is not there."""

    def get(self, path: str) -> Mapping[str, Array]: ...


class Arrays:
    """A source that is in memory, of arrays named `<path>/vars/<key>`."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._groups: dict[str, dict[str, Array]] = {}
        for name, array in arrays.items():
            path, _, key = f"/{name}".rpartition("/vars/")
            self._groups.setdefault(path.removeprefix("/"), {})[key] = array

    def get(self, path: str) -> Mapping[str, Array]:
        return self._groups.get(path, {})


def gather(root: Any) -> tuple[dict[str, dict[str, Array]], dict[str, str]]:
    """What each object below `root` saves, and the objects' names, both by path."""
    groups: dict[str, dict[str, Array]] = {}
    names = {}
    for path, thing in walk(root):
        store: dict[str, Array] = {}
        thing.save_own_variables(store)
        groups[path] = {key: np.asarray(value) for key, value in store.items()}
        if isinstance(getattr(thing, "name", None), str):
            names[path] = thing.name
    return groups, names


def flat(groups: Mapping[str, Mapping[str, Array]]) -> dict[str, Array]:
    """The arrays by one name each, as `Arrays` reads them."""
    return {
        f"{path}/vars/{key}".removeprefix("/"): array
        for path, group in groups.items()
        for key, array in group.items()
    }


def restore(
    root: Any, source: Source, what: str, skip_mismatch: bool = False, optimizer: bool = True
) -> None:
    """Give each object below `root` what it saved.

    Args:
        root: A model that is built.
        source: Of arrays.
        what: The file's name, for errors.
        skip_mismatch: Whether objects that do not fit what is there keep what they have, with a warning.
        optimizer: Whether an optimizer that saved nothing is told so.

    Raises:
        ValueError: An object does not fit what is there. What was loaded before it stays.
    """
    failed = []
    for path, thing in walk(root):
        own = source.get(path)
        if not own and _is_optimizer(thing) and not optimizer:
            continue
        try:
            thing.load_own_variables(own)
        except (ValueError, KeyError, TypeError) as error:
            failed.append((path, error))
            if not skip_mismatch:
                break
    if failed:
        path, fault = failed[0]
        message = f"{what}: {path or 'the model'} does not fit: {fault}"
        if not skip_mismatch:
            raise ValueError(message)
        warnings.warn(f"{message}; {len(failed)} objects keep what they had", stacklevel=3)


def _is_optimizer(thing: Any) -> bool:
    return hasattr(thing, "apply_gradients") or hasattr(thing, "apply")
