"""What `fit`, `evaluate` and `predict` are given, as batches.

`batches` chooses: arrays are cut here, a PyDataset gives its batches by number, and any other iterable is
taken as it comes. A batch is (x, y), (x, y, sample_weight), (x,), or x itself where that is an array or a
dict of them without labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate.models.data_arrays import ArrayBatches
from foldgate.models.data_iterables import DatasetBatches, IterableBatches, is_dataset

Batches = ArrayBatches | DatasetBatches | IterableBatches


def batches(
    where: str,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: Any = False,
    class_weight: dict[int, float] | None = None,
) -> Batches:
    """The batches of some data.

    Args:
      where: "fit", for error messages.
      x, y, sample_weight: arrays, lists or dicts of them; or an iterable of batches in `x` alone.
      batch_size: None for 32; of arrays alone.
      steps: None, or how many batches an epoch has.
      shuffle: whether samples are drawn in a new order each epoch; `"batch"` for the order of batches alone.
      class_weight: None, or the weight of each class.
    """
    if class_weight is not None and sample_weight is not None:
        raise ValueError(f"{where}: class_weight and sample_weight are given; expected one of them")
    if isinstance(shuffle, str) and shuffle != "batch":
        raise ValueError(f"{where}: shuffle is {shuffle!r}; expected a bool or 'batch'")
    if is_array_like(x):
        return ArrayBatches(where, x, y, sample_weight, batch_size, steps, shuffle, class_weight)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(
                f"{where}: {name} is given beside a {type(x).__name__}; expected it in its batches"
            )
    if is_dataset(x):
        return DatasetBatches(where, x, steps, shuffle, class_weight)
    if not hasattr(x, "__iter__"):
        raise TypeError(f"{where}: x is a {type(x).__name__}; expected arrays or an iterable of batches")
    return IterableBatches(where, x, steps, class_weight)


def whole_batch(where: str, x: Any, y: Any, sample_weight: Any) -> Any:
    """All of some arrays as one batch."""
    plain = type(x) is np.ndarray and type(y) is np.ndarray and sample_weight is None
    if plain and x.ndim and y.ndim and len(x) == len(y):
        return x, y
    data = batches(where, x, y, sample_weight, batch_size=2**62)
    return next(iter(data.epoch(0)), ())


def is_array_like(x: Any) -> bool:
    """Whether these are arrays, or a nest of them, rather than something that gives batches."""
    if isinstance(x, dict):
        return all(is_array_like(part) for part in x.values())
    if isinstance(x, (list, tuple)):
        return all(is_array_like(part) or isinstance(part, (int, float, bool)) for part in x)
    return isinstance(x, (np.ndarray, np.generic)) or hasattr(x, "__array__") or x is None


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of a batch, None where it has none."""
    if type(data) is tuple and len(data) == 2:  # nearly always
        return data[0], data[1], None
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"batch: it has {len(data)} parts; expected (x,), (x, y) or (x, y, sample_weight)")
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def first_extent(x: Any) -> int:
    """How many samples a batch has."""
    while isinstance(x, (list, tuple, dict)):
        x = next(iter(x.values() if isinstance(x, dict) else x))
    return int(x.shape[0])


def split(x: Any, where: str, share: float) -> tuple[Any, Any]:
    """The first samples and the last `share` of them, as views."""
    if not 0 < share < 1:
        raise ValueError(f"{where}: validation_split is {share}; expected 0 to 1")
    if x is None:
        return None, None
    if isinstance(x, dict):
        parts = {name: split(part, where, share) for name, part in x.items()}
        return {name: a for name, (a, _) in parts.items()}, {name: b for name, (_, b) in parts.items()}
    if isinstance(x, (list, tuple)) and not all(isinstance(part, (int, float, bool)) for part in x):
        pairs = [split(part, where, share) for part in x]
        return [a for a, _ in pairs], [b for _, b in pairs]
    if not is_array_like(x):
        raise ValueError(f"{where}: validation_split needs arrays; x is a {type(x).__name__}")
    array = np.asarray(x)
    at = int(np.floor(len(array) * (1.0 - share)))
    if at == 0 or at == len(array):
        raise ValueError(f"{where}: validation_split is {share} of {len(array)} samples; one part is empty")
    return array[:at], array[at:]


def split_off(x: Any, y: Any, sample_weight: Any, share: float) -> tuple[Any, Any]:
    """The data that `fit` trains on, and the last `share` of it to evaluate."""
    parts = [split(part, "fit", share) for part in (x, y, sample_weight)]
    return tuple(a for a, _ in parts), tuple(b for _, b in parts)
