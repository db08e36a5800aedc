"""Arrays, and lists and dicts of them, in batches.

Batches in order are views. Shuffled ones are gathered into an array that is used again for the next batch,
unless somebody still holds it: the first batch alone allocates.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from foldgate._checks import numbers
from foldgate._defaults import floatx


class ArrayBatches:
    """The batches of arrays; see `data.batches`."""

    def __init__(
        self,
        where: str,
        x: Any,
        y: Any,
        sample_weight: Any,
        batch_size: int | None,
        steps: int | None,
        shuffle: Any,
        class_weight: dict[int, float] | None,
    ) -> None:
        self.where, self.batch_size = where, _batch_size(where, batch_size)
        self.parts = tuple(_arrays(part) for part in _packed(where, x, y, sample_weight, class_weight))
        self.samples = _same_extent(where, self.parts)
        self._whole = math.ceil(self.samples / self.batch_size)
        self.num_batches = self._whole if steps is None else min(int(steps), self._whole)
        self.shuffle = shuffle
        self.seed = (
            random.randint(1, 2**31 - 1) if shuffle else 0
        )  # Python's generator is the one that is seeded
        self._buffers: dict[int, Any] = {}

    def epoch(self, number: int) -> Iterator[Any]:
        """The batches of an epoch; their order is a function of the seed and the number alone."""
        size, n = self.batch_size, self.samples
        turn, places = places_of(number, self.num_batches, self._whole)
        if not self.shuffle:
            for place in places:
                yield self._sliced(place * size, min((place + 1) * size, n))
            return
        order = self._order(turn)
        if self.shuffle == "batch":
            for start in order[places.start : places.stop] * size:
                yield self._sliced(int(start), min(int(start) + size, n))
            return
        for place in places:
            rows = order[place * size : (place + 1) * size]
            yield _batch(tuple([self._gathered(part, rows, i << 16) for i, part in enumerate(self.parts)]))

    def _order(self, number: int) -> Any:
        count = math.ceil(self.samples / self.batch_size) if self.shuffle == "batch" else self.samples
        return np.random.default_rng([self.seed, number]).permutation(count)

    def _sliced(self, start: int, stop: int) -> Any:
        return _batch(tuple([_map(part, lambda array: array[start:stop]) for part in self.parts]))

    def _gathered(self, part: Any, rows: Any, key: int) -> Any:
        if isinstance(part, np.ndarray):
            return self._take(part, rows, key)
        if isinstance(part, dict):
            pairs = enumerate(part.items(), key + 1)
            return {name: self._gathered(array, rows, i) for i, (name, array) in pairs}
        return type(part)([self._gathered(array, rows, i) for i, array in enumerate(part, key + 1)])

    def _take(self, array: Any, rows: Any, key: int) -> Any:
        buffer = self._buffers.get(key)
        # Held by the table, by this name and by the call that counts: nobody else.
        if buffer is None or len(buffer) != len(rows) or sys.getrefcount(buffer) > 3:
            buffer = np.empty((len(rows), *array.shape[1:]), array.dtype)
            self._buffers[key] = buffer
        return array.take(rows, 0, buffer, "clip")


def places_of(epoch: int, count: int, whole: int) -> tuple[int, range]:
    """How often all batches were seen before an epoch of `count` of them, and which are its own: those after
    the last epoch's, fewer where fewer are left."""
    turn, part = divmod(epoch, math.ceil(whole / count) if count else 1)
    return turn, range(part * count, min((part + 1) * count, whole))


def _batch(parts: tuple[Any, ...]) -> Any:
    """What a step is given: x itself where nothing is beside it, as in Keras; a list of inputs in a tuple,
    which tells it from x and y."""
    return parts[0] if len(parts) == 1 and not isinstance(parts[0], (list, tuple)) else parts


DEFAULT_BATCH = 32


def is_one_batch(x: Any, batch_size: int | None) -> bool:
    """Whether this is one array that is no more than a batch."""
    most = DEFAULT_BATCH if batch_size is None else batch_size
    return type(x) is np.ndarray and type(most) is int and x.ndim > 0 and 0 < len(x) <= most


def _batch_size(where: str, batch_size: int | None) -> int:
    if batch_size is None:
        return DEFAULT_BATCH
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"{where}: batch_size is {batch_size!r}; expected an int of 1 or more")
    return int(batch_size)


def _packed(
    where: str, x: Any, y: Any, sample_weight: Any, class_weight: dict[int, float] | None
) -> tuple[Any, ...]:
    if class_weight is not None:
        sample_weight = weights_of_classes(where, y, class_weight)
    if y is None:
        return (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def _arrays(part: Any) -> Any:
    """Lists of numbers as arrays of the default float type; lists and dicts of arrays as they are."""
    if isinstance(part, dict):
        return {name: _arrays(value) for name, value in part.items()}
    if isinstance(part, (list, tuple)) and part and not _is_numbers(part):
        return type(part)([_arrays(value) for value in part])
    if isinstance(part, np.ndarray):
        return part
    array = np.asarray(part)
    listed = isinstance(part, (list, tuple))
    return array.astype(floatx()) if listed and array.dtype == np.float64 else array


def _is_numbers(part: Any) -> bool:
    first = part[0]
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    return isinstance(first, (int, float, bool, np.generic, str))


def _leaves(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return [leaf for value in part.values() for leaf in _leaves(value)]
    if isinstance(part, (list, tuple)):
        return [leaf for value in part for leaf in _leaves(value)]
    return [part]


def _map(part: Any, function: Any) -> Any:
    if isinstance(part, np.ndarray):
        return function(part)
    if isinstance(part, dict):
        return {name: _map(value, function) for name, value in part.items()}
    return type(part)([_map(value, function) for value in part])


def _same_extent(where: str, parts: tuple[Any, ...]) -> int:
    extents = []
    for name, part in zip(("x", "y", "sample_weight"), parts, strict=False):
        for leaf in _leaves(part):
            if leaf.ndim == 0:
                raise ValueError(
                    f"{where}: {name} is a single number; expected an array with an axis of samples"
                )
            extents.append((name, len(leaf)))
    if len({extent for _, extent in extents}) > 1:
        found = ", ".join(f"{name} has {extent}" for name, extent in extents)
        raise ValueError(f"{where}: {found} samples; expected the same number")
    return extents[0][1]


def weights_of_classes(where: str, y: Any, class_weight: dict[int, float]) -> Any:
    """A weight a sample: that of its class, 1 of a class without one."""
    if not isinstance(class_weight, dict):
        raise TypeError(f"{where}: class_weight is {class_weight!r}; expected a dict by class")
    if isinstance(y, (dict, list, tuple)) and not (isinstance(y, list) and _is_numbers(y)):
        raise ValueError(
            f"{where}: class_weight: y is a nest of labels; class_weight is for models of one output"
        )
    members: dict[str, Any] = {f"class_weight[{label!r}]": weight for label, weight in class_weight.items()}
    members |= {f"class_weight's key {label!r}": label for label in class_weight}
    numbers(where, "[0, inf)", **members)
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] > 1 else labels.reshape(labels.shape[:-1])
    labels = np.rint(labels).astype(np.int64)
    weights = np.ones(labels.shape, floatx())
    for label, weight in class_weight.items():
        weights[labels == label] = weight
    return weights
