"""Batches by number, which `fit` can take in any order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class PyDataset:
    """Base of data sets that give a batch by its number; `fit`, `evaluate` and `predict` take them.

    Override `__len__`, the number of batches, and `__getitem__`, which gives batch `index` as `(x, y)`,
    `(x, y, sample_weight)` or `(x,)`. `on_epoch_end` is called after each epoch.

    Args:
        workers: Accepted for Keras' scripts: batches are made in the training thread.
        use_multiprocessing: Accepted, as above.
        max_queue_size: Accepted, as above.

    Example:
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, index):
        ...         return [index], [index**2]
        >>> list(Squares())
        [([0], [0]), ([1], [1])]
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: expected a __len__, the number of batches")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__}: expected a __getitem__(index), which gives a batch"
        )

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    @property
    def num_batches(self) -> int:
        """The number of batches."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""
