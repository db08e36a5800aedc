"""Rows of a table by ids."""

from __future__ import annotations

from collections.abc import Sequence

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray, IntArray
from foldgate.ops._ids import ids_operand
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import int_argument


def embedding(ids: IntArray, table: FloatArray) -> FloatArray:
    """The rows of a table that ids name: `table[ids]`, without negative ids.

    Args:
      ids: any shape, integers from 0 to rows - 1; int32 and int64 are read as they are.
      table: (rows, D), float32 or float64.

    Returns:
      (*ids.shape, D), of the dtype of `table`.

    Raises:
      TypeError: `ids` is not an array of integers, or `table` not a float32 or float64 array.
      ValueError: `table` has not two axes.
      IndexError: an id is negative or past the table; the message names it.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.embedding(np.array([2, 0]), np.arange(6.0).reshape(3, 2))
      array([[4., 5.],
             [0., 1.]])
    """
    if any_tensor(table):
        return record(embedding, _recorded, ("table",), locals())
    ids = ids_operand("embedding", "ids", ids)
    return _native.embedding(ids, operand("embedding", "table", table))


def _recorded(table: FloatArray, ids: IntArray) -> tuple[FloatArray, Backward]:
    rows = table.shape[0]

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (embedding_backward(dy, ids, rows),)

    return embedding(ids, table), backward


def embedding_backward(dy: FloatArray, ids: IntArray, rows: int) -> FloatArray:
    """The gradient of `sum(dy * embedding(ids, table))`: for every row, the sum of dy where an id names it.

    The terms of a row are added in the order of the ids, whatever the number of threads.

    Args:
      dy: (*ids.shape, D), float32 or float64.
      ids: as given to `embedding`.
      rows: those of the table.

    Returns:
      dtable (rows, D), of the dtype of `dy`.

    Raises:
      TypeError: as `embedding`; `rows` is not an int.
      ValueError: the shapes disagree; `rows` is negative.
      IndexError: an id is negative or at least `rows`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.embedding_backward(np.array([[1.0], [2.0], [3.0]]), np.array([2, 0, 2]), 3)
      array([[2.],
             [0.],
             [4.]])
    """
    op = "embedding_backward"
    dy = operand(op, "dy", dy)
    ids = ids_operand(op, "ids", ids)
    count = int_argument(op, "rows", rows)
    if not 0 <= count < 2**63:
        raise ValueError(f"{op}: rows is {rows}; expected at least 0 and below 2**63")
    return _native.embedding_backward(dy, ids, count)
