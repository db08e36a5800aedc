"""Rows of a table by ids."""

from __future__ import annotations

import numpy as np

from foldgate.reference._types import Array

__all__ = ["embedding", "embedding_backward"]


def embedding(ids: Array, table: Array) -> Array:
    """The rows of a table that ids name.

    Example:
        >>> import numpy as np
        >>> embedding(np.array([2, 0]), np.arange(6.0).reshape(3, 2))
        array([[4., 5.],
               [0., 1.]])
    """
    _check(ids, table.shape[0])
    return np.asarray(table[ids])


def embedding_backward(dy: Array, ids: Array, rows: int) -> Array:
    """For every row, the sum of dy where an id names it, in the order of the ids.

    Example:
        >>> import numpy as np
        >>> embedding_backward(np.array([[1.0], [2.0], [3.0]]), np.array([2, 0, 2]), 3)
        array([[2.],
               [0.],
               [4.]])
    """
    _check(ids, rows)
    dtable = np.zeros((rows, dy.shape[-1]), dy.dtype)
    np.add.at(dtable, ids.reshape(-1), dy.reshape(ids.size, dy.shape[-1]))
    return dtable


def _check(ids: Array, rows: int) -> None:
    wrong = ids[(ids < 0) | (ids >= rows)]
    if wrong.size:
        raise IndexError(f"embedding: ids hold {wrong[0]}; expected 0 to {rows - 1}")
