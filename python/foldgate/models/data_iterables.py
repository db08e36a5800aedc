"""Whatever gives batches itself: a PyDataset by number, generators and other iterables in their order."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from foldgate.models.data_arrays import places_of, weights_of_classes


def is_dataset(x: Any) -> bool:
    """Whether batches are asked for by number: `__getitem__` and `__len__`, as of PyDataset."""
    return hasattr(x, "__getitem__") and hasattr(x, "__len__") and not isinstance(x, (list, tuple, dict))


def as_batch(where: str, batch: Any, class_weight: dict[int, float] | None) -> Any:
    """A batch as a tuple of arrays; a list is one too, as loaders of other libraries give it."""
    if not isinstance(batch, (tuple, list)):
        batch = (batch,)
    if not 1 <= len(batch) <= 3:
        raise ValueError(f"{where}: a batch has {len(batch)} parts; expected x, y and sample_weight at most")
    batch = tuple(_converted(part) for part in batch)
    if class_weight is not None and len(batch) == 2:
        batch = (*batch, weights_of_classes(where, batch[1], class_weight))
    while len(batch) > 1 and batch[-1] is None:
        batch = batch[:-1]
    return batch


def _converted(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _converted(value) for name, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [_converted(value) for value in part]
    return part if part is None or isinstance(part, np.ndarray) else np.asarray(part)


class DatasetBatches:
    """The batches of something with `__getitem__` and `__len__`."""

    def __init__(
        self, where: str, x: Any, steps: int | None, shuffle: Any, class_weight: dict[int, float] | None
    ) -> None:
        self.where, self.dataset, self.class_weight = where, x, class_weight
        count = getattr(x, "num_batches", None)
        whole = len(x) if count is None else int(count)
        self.num_batches = whole if steps is None else int(steps)
        self._whole, self.shuffle = whole, shuffle and not getattr(x, "keeps_order", False)
        self.seed = random.randint(1, 2**31 - 1) if self.shuffle else 0

    def epoch(self, number: int) -> Iterator[Any]:
        """The batches of an epoch, in a new order where they are shuffled."""
        for name in ("on_epoch_begin", "on_epoch_end"):
            if name == "on_epoch_begin" and hasattr(self.dataset, name):
                getattr(self.dataset, name)()
        turn, places = number, range(self.num_batches)
        if self.num_batches < self._whole:
            turn, places = places_of(number, self.num_batches, self._whole)
        order = np.random.default_rng([self.seed, turn]).permutation(self._whole) if self.shuffle else None
        for i in places:
            place = i % self._whole if order is None else int(order[i % self._whole])
            yield as_batch(self.where, self.dataset[place], self.class_weight)
        if hasattr(self.dataset, "on_epoch_end"):
            self.dataset.on_epoch_end()


class IterableBatches:
    """The batches of a generator, which go on from epoch to epoch, or of an iterable that begins anew."""

    def __init__(self, where: str, x: Any, steps: int | None, class_weight: dict[int, float] | None) -> None:
        self.where, self.source, self.class_weight = where, x, class_weight
        self.steps = steps
        self.num_batches = steps if steps is not None else len(x) if hasattr(x, "__len__") else None
        self._once = iter(x) is x
        self._iterator: Iterator[Any] | None = iter(x) if self._once else None

    def epoch(self, number: int) -> Iterator[Any]:
        """The next batches."""
        if self._iterator is None or (not self._once and self.steps is None):
            self._iterator = iter(self.source)
        done = 0
        while self.steps is None or done < self.steps:
            try:
                batch = next(self._iterator)
            except StopIteration:
                if not self._once and self.steps is not None and done:
                    self._iterator = iter(self.source)
                    continue
                break
            done += 1
            yield as_batch(self.where, batch, self.class_weight)
        if done == 0 or (self.steps is not None and done < self.steps):
            expected = "at least one" if self.steps is None else str(self.steps)
            warnings.warn(
                f"{self.where}: the data ended after {done} batches; expected {expected}. Give more, "
                "or set steps_per_epoch",
                stacklevel=3,
            )
