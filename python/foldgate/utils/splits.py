"""Data in parts: for training, for validation, for the test."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._checks import numbers


def train_validation_test_split(
    *arrays: Any,
    validation: float = 0.1,
    test: float = 0.1,
    shuffle: bool = True,
    stratify: Any = None,
    seed: int | None = None,
) -> tuple[Any, Any, Any]:
    """Split arrays along their first axis into three parts, all in the same order.

    Args:
        arrays: Arrays, or lists, of N entries each.
        validation: Share of the entries for validation, below 1; or their number, from 1 on.
        test: The same for the test.
        shuffle: Whether to draw the parts at random; else they are cut in order, the test last, as series
            need.
        stratify: Classes (N,) whose shares are the same in all parts; None for none.
        seed: Of the order.

    Returns:
        `train, validation, test`: each an array where one was given, else a tuple of them.

    Raises:
        ValueError: The arrays differ in length, the parts are negative or leave nothing to train on, or
            `stratify` without `shuffle`.

    Example:
        >>> train_validation_test_split(np.arange(10), validation=2, test=0.1, shuffle=False)
        (array([0, 1, 2, 3, 4, 5, 6]), array([7, 8]), array([9]))
    """
    if not arrays or len({len(array) for array in arrays}) != 1:
        raise ValueError(
            f"train_validation_test_split: lengths {[len(a) for a in arrays]}; expected equal ones"
        )
    if stratify is not None and not shuffle:
        raise ValueError("train_validation_test_split: stratify needs shuffle=True")
    count = len(arrays[0])
    generator = np.random.default_rng(seed)
    groups = [np.arange(count)] if stratify is None else _groups(stratify, count)
    parts: list[list[Any]] = [[], [], []]
    for group in groups:
        order = generator.permutation(group) if shuffle else group
        share = len(group) / max(count, 1)
        held = [
            _entries("train_validation_test_split", name, part, len(group), share)
            for name, part in (("validation", validation), ("test", test))
        ]
        ends = [len(group) - held[1] - held[0], len(group) - held[1]]
        if ends[0] < 1:
            raise ValueError(
                f"train_validation_test_split: of {len(group)} entries, {held[0]} for validation and "
                f"{held[1]} for the test leave none to train on"
            )
        for part, chosen in zip(parts, np.split(order, ends), strict=True):
            part.append(chosen)
    order = [np.concatenate(part) for part in parts]
    if len(groups) > 1:  # or the classes would come one after the other
        order = [generator.permutation(part) for part in order]
    train, held_out, tested = (tuple(_taken(array, part) for array in arrays) for part in order)
    if len(arrays) == 1:
        return train[0], held_out[0], tested[0]
    return train, held_out, tested


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Split arrays into two parts.

    Args:
        dataset: An array or list of N entries, or a tuple of them.
        left_size: Share of the first part, below 1, or its number of entries; None for the rest.
        right_size: The same for the second.
        shuffle: Whether to draw the parts at random.
        seed: Of the order.
        preferred_backend: Accepted for Keras' scripts: the parts are NumPy's arrays.

    Returns:
        `left, right`, each of the dataset's form.

    Raises:
        ValueError: Both sizes are None, one is negative, or they are more than there is.

    Example:
        >>> split_dataset([1, 2, 3, 4], left_size=0.75)
        ([1, 2, 3], [4])
    """
    arrays = dataset if isinstance(dataset, tuple) else (dataset,)
    if not arrays or len({len(array) for array in arrays}) != 1:
        raise ValueError(f"split_dataset: lengths {[len(a) for a in arrays]}; expected equal ones")
    if left_size is None and right_size is None:
        raise ValueError("split_dataset: left_size and right_size are None; expected one of them")
    count = len(arrays[0])
    right = None if right_size is None else _entries("split_dataset", "right_size", right_size, count)
    left = (
        count - (right or 0)
        if left_size is None
        else _entries("split_dataset", "left_size", left_size, count)
    )
    right = count - left if right is None else right
    if left < 0 or right < 0 or left + right > count:
        raise ValueError(
            f"split_dataset: left_size is {left_size} and right_size {right_size}; expected parts of {count} "
            "entries"
        )
    order = np.random.default_rng(seed).permutation(count) if shuffle else np.arange(count)
    parts = [
        tuple(_taken(array, part) for array in arrays) for part in (order[:left], order[left : left + right])
    ]
    return (parts[0], parts[1]) if isinstance(dataset, tuple) else (parts[0][0], parts[1][0])


def _entries(op: str, name: str, part: float, count: int, share: float = 1.0) -> int:
    """How many of `count` entries a part has, of which an int says the number in all groups together."""
    numbers(op, "[0, inf)", **dict[str, Any]({name: part}))
    if isinstance(part, (int, np.integer)):
        return round(int(part) * share)
    if part > 1:
        raise ValueError(f"{op}: {name} is {part}; expected a share of 0 .. 1 or a number of entries, an int")
    return round(part * count)


def _groups(classes: Any, count: int) -> list[Any]:
    values = np.asarray(classes)
    if values.shape != (count,):
        raise ValueError(
            f"train_validation_test_split: stratify has shape {values.shape}; expected ({count},)"
        )
    return [np.flatnonzero(values == value) for value in np.unique(values)]


def _taken(array: Any, order: Any) -> Any:
    return [array[i] for i in order] if isinstance(array, (list, tuple)) else np.asarray(array)[order]
