"""Pools over all positions: one part of each axis, or one window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from foldgate._arrays import operand
from foldgate._typing import FloatArray, IntArray
from foldgate.ops._record import Backward, Needs, Tensor, record
from foldgate.ops._window import channels_axis, spatial_shape
from foldgate.ops.adaptive_max_pool import adaptive_max_pool, adaptive_max_pool_backward
from foldgate.ops.average_pool import adaptive_average_pool, adaptive_average_pool_backward
from foldgate.ops.lp_pool import lp_pool, lp_pool_backward
from foldgate.ops.pool import positions_operand, shape_argument, spatial_rank


def global_average_pool(
    x: FloatArray, *, data_format: str = "channels_last", keepdims: bool = False
) -> FloatArray:
    """Takes the mean of every channel.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      data_format: `"channels_last"` or `"channels_first"`.
      keepdims: whether the spatial axes stay, with extent 1.

    Returns:
      (N, C), or `x`'s axes with `keepdims`, of the dtype of `x`.

    Raises:
      TypeError: `x` is not a float32 or float64 array; `keepdims` is not a bool.
      ValueError: `x` has no positions, or another number of axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.global_average_pool(np.arange(6.0).reshape(1, 3, 2))
      array([[2., 3.]])
    """
    if isinstance(x, Tensor):
        return record(global_average_pool, _recorded_average, ("x",), locals())
    op = "global_average_pool"
    x = _image(op, x, data_format)
    return _flat(op, adaptive_average_pool(x, 1, data_format=data_format), keepdims)


def _recorded_average(x: FloatArray, data_format: str, keepdims: bool) -> tuple[FloatArray, Backward]:
    shape = x.shape

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (global_average_pool_backward(dy, shape, data_format=data_format),)

    return global_average_pool(x, data_format=data_format, keepdims=keepdims), backward


def global_average_pool_backward(
    dy: FloatArray, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> FloatArray:
    """The gradient of `sum(dy * global_average_pool(x))`: every `dy` in equal shares.

    Args:
      dy: (N, C), or with the spatial axes of extent 1; float32 or float64.
      input_shape: the shape of `x`, batch and channels included, in the order of `data_format`.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      dx, of shape `input_shape` and the dtype of `dy`.

    Raises:
      TypeError: `dy` is not a float32 or float64 array; `input_shape` is not a tuple of ints.
      ValueError: the shapes disagree; there are no positions.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.global_average_pool_backward(np.array([[2.0]]), (1, 4, 1)).ravel()
      array([0.5, 0.5, 0.5, 0.5])
    """
    op = "global_average_pool_backward"
    shape, dy = _gradient(op, dy, input_shape, data_format)
    return adaptive_average_pool_backward(dy, shape, data_format=data_format)


@overload
def global_max_pool(
    x: FloatArray,
    *,
    data_format: str = "channels_last",
    keepdims: bool = False,
    return_indices: Literal[False] = False,
) -> FloatArray: ...
@overload
def global_max_pool(
    x: FloatArray,
    *,
    data_format: str = "channels_last",
    keepdims: bool = False,
    return_indices: Literal[True],
) -> tuple[FloatArray, IntArray]: ...
def global_max_pool(
    x: FloatArray, *, data_format: str = "channels_last", keepdims: bool = False, return_indices: bool = False
) -> FloatArray | tuple[FloatArray, IntArray]:
    """Takes the largest value of every channel; the first of equal ones, and a NaN before every number.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      data_format: `"channels_last"` or `"channels_first"`.
      keepdims: whether the spatial axes stay, with extent 1.
      return_indices: whether to return also each winner's flat position in its plane,
        (d * H + h) * W + w, int64.

    Returns:
      y: (N, C), or `x`'s axes with `keepdims`, of the dtype of `x`; with `return_indices` the pair
        (y, indices), both of that shape.

    Raises:
      TypeError: `x` is not a float32 or float64 array; an option is not a bool.
      ValueError: `x` has no positions, or another number of axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> y, indices = ops.global_max_pool(np.array([1.0, 5.0, 3.0]).reshape(1, 3, 1), return_indices=True)
      >>> y, indices
      (array([[5.]]), array([[1]]))
    """
    if isinstance(x, Tensor):
        return record(global_max_pool, _recorded_max, ("x",), locals())
    op = "global_max_pool"
    x = _image(op, x, data_format)
    if not isinstance(return_indices, bool):
        raise TypeError(f"{op}: return_indices is {return_indices!r}; expected a bool")
    if not return_indices:
        return _flat(op, adaptive_max_pool(x, 1, data_format=data_format), keepdims)
    y, indices = adaptive_max_pool(x, 1, data_format=data_format, return_indices=True)
    return _flat(op, y, keepdims), _flat(op, indices, keepdims)


def _recorded_max(
    x: FloatArray, data_format: str, keepdims: bool, return_indices: bool
) -> tuple[Any, Backward]:
    y, indices = global_max_pool(x, data_format=data_format, keepdims=keepdims, return_indices=True)
    shape = x.shape

    def backward(needs: Needs, dy: FloatArray, dindices: None = None) -> Sequence[FloatArray]:
        return (global_max_pool_backward(dy, indices, shape, data_format=data_format),)

    return ((y, indices) if return_indices else y), backward


def global_max_pool_backward(
    dy: FloatArray, indices: IntArray, input_shape: Sequence[int], *, data_format: str = "channels_last"
) -> FloatArray:
    """The gradient of `sum(dy * global_max_pool(x))`: every `dy` at its winner.

    Args:
      dy: (N, C), or with the spatial axes of extent 1; float32 or float64.
      indices: the positions that `global_max_pool` returned, int64, in either shape.
      input_shape: the shape of `x`, batch and channels included, in the order of `data_format`.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      dx, of shape `input_shape` and the dtype of `dy`.

    Raises:
      TypeError: `dy` or `indices` is not an array of these dtypes.
      ValueError: the shapes disagree; there are no positions.
      IndexError: an index is not a position of the plane.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.global_max_pool_backward(np.array([[2.0]]), np.array([[1]]), (1, 3, 1)).ravel()
      array([0., 2., 0.])
    """
    op = "global_max_pool_backward"
    shape, dy = _gradient(op, dy, input_shape, data_format)
    indices = positions_operand(op, indices)
    _check_per_channel(op, "indices", indices.shape, dy.shape)
    indices = indices.reshape(dy.shape)
    extent = int(np.prod(spatial_shape(op, data_format, shape)))
    if indices.size and not (indices.min() >= 0 and indices.max() < extent):
        wrong = indices[(indices < 0) | (indices >= extent)].flat[0]
        raise IndexError(f"{op}: indices hold {wrong}; expected a position of the plane, 0 to {extent - 1}")
    return adaptive_max_pool_backward(dy, indices, shape, data_format=data_format)


def global_lp_pool(
    x: FloatArray, *, p: float = 2, data_format: str = "channels_last", keepdims: bool = False
) -> FloatArray:
    """Takes the p-norm of every channel, as `lp_pool` does of a window.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      p: the power, above 0 and finite.
      data_format: `"channels_last"` or `"channels_first"`.
      keepdims: whether the spatial axes stay, with extent 1.

    Returns:
      (N, C), or `x`'s axes with `keepdims`, of the dtype of `x`.

    Raises:
      TypeError: `x` is not a float32 or float64 array; `p` is not a number; `keepdims` is not a bool.
      ValueError: `p` is not above 0, or infinite; `x` has no positions, or another number of axes.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.global_lp_pool(np.array([3.0, -4.0]).reshape(1, 2, 1))
      array([[5.]])
    """
    if isinstance(x, Tensor):
        return record(global_lp_pool, _recorded_lp, ("x",), locals())
    op = "global_lp_pool"
    x = _image(op, x, data_format)
    size = spatial_shape(op, data_format, x.shape)
    return _flat(op, lp_pool(x, size, p=p, data_format=data_format), keepdims)


def _recorded_lp(x: FloatArray, p: float, data_format: str, keepdims: bool) -> tuple[FloatArray, Backward]:
    y = global_lp_pool(x, p=p, data_format=data_format, keepdims=keepdims)

    def backward(needs: Needs, dy: FloatArray) -> Sequence[FloatArray]:
        return (global_lp_pool_backward(dy, x, y, p=p, data_format=data_format),)

    return y, backward


def global_lp_pool_backward(
    dy: FloatArray, x: FloatArray, y: FloatArray, *, p: float = 2, data_format: str = "channels_last"
) -> FloatArray:
    """The gradient of `sum(dy * global_lp_pool(x))`.

    Args:
      dy: (N, C), or with the spatial axes of extent 1; float32 or float64.
      x: what `global_lp_pool` took, of the dtype of `dy`.
      y: what it returned, in either shape.
      p: the power, above 0 and finite.
      data_format: `"channels_last"` or `"channels_first"`.

    Returns:
      dx, of the shape and dtype of `x`.

    Raises:
      TypeError: an array is not float32 or float64, or not of the dtype of `dy`; `p` is not a number.
      ValueError: the shapes disagree; `p` is not above 0, or infinite.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, y, dy = np.array([3.0, -4.0]).reshape(1, 2, 1), np.array([[5.0]]), np.array([[10.0]])
      >>> ops.global_lp_pool_backward(dy, x, y).ravel()
      array([ 6., -8.])
    """
    op = "global_lp_pool_backward"
    x = _image(op, x, data_format)
    shape, dy = _gradient(op, dy, x.shape, data_format)
    x, y = operand(op, "x", x, dy, "dy"), operand(op, "y", y, dy, "dy")
    _check_per_channel(op, "y", y.shape, dy.shape)
    size = spatial_shape(op, data_format, shape)
    return lp_pool_backward(dy, x, y.reshape(dy.shape), size, p=p, data_format=data_format)


def _image(op: str, x: FloatArray, data_format: str) -> FloatArray:
    """`x`, which has positions."""
    x = operand(op, "x", x)
    spatial_rank(op, "x", x.shape)
    _check_positions(op, "x has shape", x.shape, data_format)
    return x


def _check_positions(op: str, what: str, shape: tuple[int, ...], data_format: str) -> None:
    if 0 in spatial_shape(op, data_format, shape):
        raise ValueError(f"{op}: {what} {shape}; expected at least one position")


def _flat(op: str, y: np.ndarray[Any, Any], keepdims: bool) -> np.ndarray[Any, Any]:
    if not isinstance(keepdims, bool):
        raise TypeError(f"{op}: keepdims is {keepdims!r}; expected a bool")
    return y if keepdims else y.reshape(_pair(y.shape))


def _pair(shape: tuple[int, ...]) -> tuple[int, int]:
    """(N, C) of a shape whose other extents are 1, wherever its channels stand."""
    return shape[0], math.prod(shape[1:])


def _gradient(
    op: str, dy: FloatArray, input_shape: Sequence[int], data_format: str
) -> tuple[tuple[int, ...], FloatArray]:
    """The shape of x, and `dy` with one position an axis."""
    dy = operand(op, "dy", dy)
    shape = shape_argument(op, input_shape)
    spatial_rank(op, "input_shape", shape)
    channels = channels_axis(op, data_format, len(shape))
    _check_positions(op, "input_shape is", shape, data_format)
    kept = tuple(e if i in (0, channels) else 1 for i, e in enumerate(shape))
    _check_per_channel(op, "dy", dy.shape, kept)
    return shape, dy.reshape(kept)


def _check_per_channel(op: str, name: str, shape: tuple[int, ...], kept: tuple[int, ...]) -> None:
    """ValueError unless `shape` is `kept`, whose spatial extents are 1, or (N, C)."""
    if shape not in (kept, _pair(kept)):
        raise ValueError(f"{op}: {name} has shape {shape}; expected {_pair(kept)} or {kept}")
