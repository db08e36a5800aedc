"""What `fit` is given as a batch, taken apart and put together."""

from __future__ import annotations

from typing import Any


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of a batch, with None for what it lacks.

    Args:
      data: x, or a tuple of it, the labels and the weights.

    Raises:
      ValueError: a tuple has none, or more than three.

    Example:
      >>> from foldgate.utils import unpack_x_y_sample_weight
      >>> unpack_x_y_sample_weight(([1.0], [0]))
      ([1.0], [0], None)
    """
    if not isinstance(data, (list, tuple)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"unpack_x_y_sample_weight: data has {len(data)} parts; expected one to three")
    parts = [*data, None, None]
    return parts[0], parts[1], parts[2]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch as `fit` takes it: x, (x, y) or (x, y, sample_weight).

    Args:
      x: the inputs; a list or tuple of several stays one part.
      y: the labels, or None.
      sample_weight: the weights, or None.

    Example:
      >>> from foldgate.utils import pack_x_y_sample_weight
      >>> pack_x_y_sample_weight([1.0], [0])
      ([1.0], [0])
    """
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)
