"""Windows that slide over a series, in batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from .py_dataset import PyDataset

Array = np.ndarray[Any, np.dtype[Any]]
NAME = "timeseries_dataset_from_array"


class Windows(PyDataset):
    """Batches of windows, cut when they are asked for: the series is not copied.

    Made by `timeseries_dataset_from_array`.
    """

    keeps_order = True  # `fit` leaves it, as that of tf.data, which Keras makes here

    def __init__(
        self, data: Array, targets: Array | None, starts: Array, offsets: Array, batch_size: int
    ) -> None:
        super().__init__()
        self._data, self._targets = data, targets
        self._starts, self._offsets = starts, offsets
        self._batch_size = batch_size
        self._generator: np.random.Generator | None = None

    def shuffled_by(self, seed: int | None) -> Windows:
        """The same windows in another order, and in yet another after each epoch."""
        self._generator = np.random.default_rng(seed)
        self.on_epoch_end()
        return self

    def __len__(self) -> int:
        return -(-len(self._starts) // self._batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"{NAME}: batch {index}; expected 0 .. {len(self) - 1}")
        starts = self._starts[index * self._batch_size : (index + 1) * self._batch_size]
        windows = self._data[starts[:, None] + self._offsets]  # (N, sequence_length, ...)
        return windows if self._targets is None else (windows, self._targets[starts])

    def on_epoch_end(self) -> None:
        """Shuffle again."""
        if self._generator is not None:
            self._starts = self._generator.permutation(self._starts)


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Windows:
    """Batches of windows that slide over a series, for `fit`, `evaluate` and `predict`.

    Args:
        data: (T, ...), one entry a step.
        targets: `targets[i]` belongs to the window that begins at step i; None for windows alone. Windows
            without a target are left out.
        sequence_length: Steps of a window.
        sequence_stride: Steps from one window's beginning to the next one's.
        sampling_rate: Steps from one entry of a window to the next.
        batch_size: Windows of a batch; None for all in one.
        shuffle: Whether windows come in another order each epoch.
        seed: Of that order.
        start_index: Steps before it are left out.
        end_index: Steps from it on are left out.

    Returns:
        A `PyDataset` of batches `(windows, targets)`, or of windows (N, sequence_length, ...).

    Raises:
        ValueError: A number is below 1, an index is outside of the series, or no window fits.

    Example:
        >>> steps = np.arange(5)
        >>> batches = timeseries_dataset_from_array(steps, steps[2:], sequence_length=2, batch_size=2)
        >>> [(x.tolist(), y.tolist()) for x, y in batches]
        [([[0, 1], [1, 2]], [2, 3]), ([[2, 3]], [4])]
    """
    values = np.asarray(data)
    goals = None if targets is None else np.asarray(targets)
    _check_at_least_one(sequence_length, sequence_stride, sampling_rate, batch_size)
    start = 0 if start_index is None else start_index
    end = len(values) if end_index is None else end_index
    if not 0 <= start < end <= len(values):
        raise ValueError(
            f"{NAME}: start_index {start_index} and end_index {end_index}; "
            f"expected a part of {len(values)} steps"
        )
    count = end - start - (sequence_length - 1) * sampling_rate
    if goals is not None:
        count = min(count, len(goals))
    if count < 1:
        raise ValueError(
            f"{NAME}: no window of {sequence_length} entries, {sampling_rate} steps apart, fits into "
            f"{end - start} steps" + ("" if goals is None else f" with {len(goals)} targets")
        )
    # As in Keras, start_index moves the data and their targets together.
    starts = start + np.arange(0, count, sequence_stride)
    if goals is not None:
        starts = starts[starts < len(goals)]
    offsets = np.arange(sequence_length) * sampling_rate
    windows = Windows(values, goals, starts, offsets, batch_size or len(starts))
    return windows.shuffled_by(seed) if shuffle else windows


def _check_at_least_one(length: int, stride: int, rate: int, batch: int | None) -> None:
    names = ("sequence_length", "sequence_stride", "sampling_rate", "batch_size")
    for name, value in zip(names, (length, stride, rate, 1 if batch is None else batch), strict=True):
        if value < 1:
            raise ValueError(f"{NAME}: {name} is {value}; expected at least 1")
