"""Labels as vectors, and vectors of length 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._checks import integers

Array = np.ndarray[Any, np.dtype[Any]]


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """Classes as vectors that are 1 at the class and 0 elsewhere.

    Args:
        x: Whole numbers of any shape; a last axis of extent 1 is left out.
        num_classes: Length of a vector; None for the largest class + 1.

    Returns:
        float64 (..., num_classes).

    Raises:
        TypeError: `x` holds no numbers, or `num_classes` is no int.
        ValueError: A class is negative or not below `num_classes`, or is no whole number.

    Example:
        >>> to_categorical([0, 2], num_classes=3)
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    given = np.asarray(x)
    if given.dtype.kind not in "iubf":
        raise TypeError(f"to_categorical: x is an array of {given.dtype}; expected whole numbers")
    integers("to_categorical", 0, or_none=True, num_classes=num_classes)
    classes = given.astype(np.int64)
    if given.dtype.kind not in "iub" and not np.array_equal(classes, given):
        raise ValueError("to_categorical: x holds fractions; expected whole numbers")
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes[..., 0]
    count = int(num_classes) if num_classes else int(classes.max(initial=-1)) + 1
    if classes.size and (classes.min() < 0 or classes.max() >= count):
        raise ValueError(
            f"to_categorical: classes {classes.min()} .. {classes.max()}; expected 0 .. {count - 1}"
        )
    result = np.zeros((*classes.shape, count))
    np.put_along_axis(result, classes[..., None], 1.0, axis=-1)
    return result


def normalize(x: Any, axis: int = -1, order: float = 2) -> Array:
    """Vectors along an axis divided by their norm; vectors of zeros stay.

    Args:
        x: Of any shape.
        axis: That axis.
        order: Of the norm: 2 is the Euclidean one, 1 the sum of magnitudes.

    Returns:
        As `x`, in its floating dtype.

    Raises:
        IndexError: There is no such axis.

    Example:
        >>> normalize([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    values = np.asarray(x)
    if not -values.ndim <= axis < values.ndim:
        raise IndexError(f"normalize: axis is {axis}; expected one of x's {values.ndim}")
    norms = np.linalg.norm(values, order, axis, keepdims=True)
    result: Array = values / np.where(norms == 0, np.ones_like(norms), norms)
    return result
