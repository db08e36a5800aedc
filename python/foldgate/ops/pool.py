"""Max pooling over windows of one to three axes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, overload

import numpy as np

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray, IntArray, Ints, Padding
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import check_flags
from foldgate.ops._window import channels_axis, flat_pads, is_int, per_axis

_INDICES = {False: 0, True: 1, "taps": 2}
_calls, _backward_calls = _native.Calls(1), _native.Calls(2)
_WINNERS = (np.int64, np.uint8, np.int32)


@overload
def max_pool(
    x: FloatArray,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> FloatArray: ...
@overload
def max_pool(
    x: FloatArray,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
    return_indices: Literal[True, "taps"],
) -> tuple[FloatArray, IntArray]: ...
@_calls.first  # a call like an earlier one never comes here
def max_pool(
    x: FloatArray,
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool | Literal["taps"] = False,
) -> FloatArray | tuple[FloatArray, IntArray]:
    """Takes the largest value of every window.

        y[n, p, c] = max over taps j of x[n, p * strides + j * dilation_rate - pad, c]

    Padding never wins. Of several equal maxima the first wins, row-major in the window; a NaN wins over every
    number.

    Args:
      x: (N, *spatial, C), or (N, C, *spatial) with `"channels_first"`; one to three spatial axes; float32 or
        float64.
      pool_size: the taps of the window, an int or one an axis.
      strides: an int or one an axis; None means `pool_size`.
      padding: `"valid"`, `"same"` (ceil(in / strides) outputs, the odd position after), an int, one an axis,
        or a (before, after) pair an axis; none may exceed half the effective window, which is
        (pool_size - 1) * dilation_rate + 1.
      data_format: `"channels_last"` or `"channels_first"`.
      dilation_rate: the distance of neighbouring taps, an int or one an axis.
      ceil_mode: whether the number of outputs is rounded up, so that a last window may hang over the edge; a
        window that would start in the padding after the image is dropped. Not with `"same"`.
      return_indices: True returns also each winner's flat position in its plane, (d * H + h) * W + w, int64;
        `"taps"` its tap number in the window, uint8 (int32 for more than 256 taps), which takes an eighth of
        the memory and with which `max_pool_backward` is fastest.

    Returns:
      y: (N, *out, C) or (N, C, *out), of the dtype of `x`; with `return_indices` the pair (y, indices), both
        of that shape.

    Raises:
      TypeError: `x` is not a float32 or float64 array; an extent is not an int.
      ValueError: the window does not fit the padded input, a pad exceeds half the window, a window has no tap
        in the image, or a name is unknown.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> y, taps = ops.max_pool(np.array([1.0, 5.0, 4.0, 2.0]).reshape(1, 4, 1), 2, return_indices="taps")
      >>> y.ravel(), taps.ravel()
      (array([5., 4.]), array([1, 0], dtype=uint8))
    """
    if any_tensor(x):
        return record(max_pool, _recorded, ("x",), locals())
    x = operand("max_pool", "x", x)
    if not isinstance(return_indices, (bool, str)) or return_indices not in _INDICES:
        raise ValueError(f"max_pool: return_indices is {return_indices!r}; expected False, True or 'taps'")
    window = pool_window(
        "max_pool", x.shape, pool_size, strides, padding, data_format, dilation_rate, ceil_mode
    )
    plan = _native.MaxPoolPlan(x.shape, *window, _INDICES[return_indices])
    _calls.keep(plan, x, pool_size, strides, padding, data_format, dilation_rate, ceil_mode, return_indices)
    result: FloatArray | tuple[FloatArray, IntArray] = plan(x)
    return result


def _recorded(
    x: FloatArray, *, return_indices: bool | Literal["taps"], **options: Any
) -> tuple[Any, Backward]:
    y, indices = max_pool(x, return_indices=return_indices or "taps", **options)
    shape = x.shape

    def backward(needs: Needs, dy: FloatArray, dindices: None = None) -> Sequence[FloatArray]:
        return (max_pool_backward(dy, indices, shape, **options),)

    return ((y, indices) if return_indices else y), backward


@_backward_calls.first  # a call like an earlier one never comes here
def max_pool_backward(
    dy: FloatArray,
    indices: IntArray,
    input_shape: Sequence[int],
    pool_size: Ints = 2,
    strides: Ints | None = None,
    padding: Padding = "valid",
    *,
    data_format: str = "channels_last",
    dilation_rate: Ints = 1,
    ceil_mode: bool = False,
) -> FloatArray:
    """The gradient of `sum(dy * max_pool(x, ...))`: every `dy` goes to the position that won its window.

    Args:
      dy: (N, *out, C) or (N, C, *out), float32 or float64.
      indices: what `max_pool` returned, positions (int64) or taps (uint8, int32): told apart by their dtype.
      input_shape: the shape of `x`, batch and channels included, in the order of `data_format`.
      pool_size: as in `max_pool`, and so are the arguments that follow.

    Returns:
      dx, of shape `input_shape` and the dtype of `dy`.

    Raises:
      TypeError: `dy` or `indices` is not an array of these dtypes.
      ValueError: the shapes disagree, or the window is one that `max_pool` refuses.
      IndexError: an index is not that of a position of its own window.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x = np.array([3.0, 5.0, 4.0, 1.0]).reshape(1, 4, 1)
      >>> y, indices = ops.max_pool(x, 3, 1, return_indices=True)
      >>> ops.max_pool_backward(np.ones_like(y), indices, x.shape, 3, 1).ravel()
      array([0., 2., 0., 0.])
    """
    call = tuple(locals().values())
    op = "max_pool_backward"
    dy = operand(op, "dy", dy)
    indices = _index_operand(op, indices, _WINNERS, "int64 (positions), uint8 or int32 (taps)")
    shape = shape_argument(op, input_shape)
    window = pool_window(op, shape, pool_size, strides, padding, data_format, dilation_rate, ceil_mode)
    arguments = (dy, indices, shape, *window)
    return _backward_calls.learn(None, _native.max_pool_backward, arguments, *call)


def shape_argument(op: str, value: Sequence[int], name: str = "input_shape") -> tuple[int, ...]:
    """A shape as ints that the native plan takes."""
    if not isinstance(value, (tuple, list)) or not all(is_int(extent) for extent in value):
        raise TypeError(f"{op}: {name} is {value!r}; expected a tuple of ints")
    shape = tuple(int(extent) for extent in value)
    if not all(0 <= extent < 2**63 for extent in shape):
        raise ValueError(f"{op}: {name} is {value!r}; expected ints of at least 0 and below 2**63")
    return shape


def spatial_rank(op: str, name: str, shape: Sequence[int]) -> int:
    """The number of spatial axes, 1 to 3."""
    rank = len(shape) - 2
    if not 1 <= rank <= 3:
        raise ValueError(f"{op}: {name} has {len(shape)} axes {tuple(shape)}; expected 3 to 5")
    return rank


class PoolWindow(NamedTuple):
    """What both native functions take of a window, in their order."""

    pool_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: tuple[int, ...]
    ceil_mode: bool
    channels_first: bool


def pool_window(
    op: str,
    shape: Sequence[int],
    pool_size: Ints,
    strides: Ints | None,
    padding: Padding,
    data_format: str,
    dilation_rate: Ints,
    ceil_mode: bool,
) -> PoolWindow:
    """What a caller says of a pooling window, in numbers; extents are checked by the native plan."""
    # Translating costs more than a small pool, and models repeat a few shapes. Only for plain options: True
    # and 1.0 equal 1 as keys.
    plain = (
        type(shape) is tuple
        and type(pool_size) is int
        and (strides is None or type(strides) is int)
        and type(padding) is str
        and type(data_format) is str
        and type(dilation_rate) is int
        and type(ceil_mode) is bool
    )
    translate = _known_window if plain else _window
    return translate(op, shape, pool_size, strides, padding, data_format, dilation_rate, ceil_mode)


def _window(
    op: str,
    shape: Sequence[int],
    pool_size: Ints,
    strides: Ints | None,
    padding: Padding,
    data_format: str,
    dilation_rate: Ints,
    ceil_mode: bool,
) -> PoolWindow:
    channels_first = channels_axis(op, data_format, len(shape)) == 1
    rank = spatial_rank(op, "input_shape" if op.endswith("backward") else "x", shape)
    check_flags(op, ceil_mode=ceil_mode)
    if ceil_mode and isinstance(padding, str) and padding == "same":
        raise ValueError(f"{op}: ceil_mode is True with padding 'same'; expected False, or pads in numbers")
    size = per_axis(op, "pool_size", pool_size, rank)
    steps = size if strides is None else per_axis(op, "strides", strides, rank)
    dilation = per_axis(op, "dilation_rate", dilation_rate, rank)
    pads = flat_pads(op, padding, shape[2:] if channels_first else shape[1:-1], size, steps, dilation)
    return PoolWindow(size, steps, dilation, tuple(pads), ceil_mode, channels_first)


_known_window = lru_cache(maxsize=1024)(_window)


def positions_operand(op: str, indices: object) -> IntArray:
    """Positions as the kernels read them."""
    return _index_operand(op, indices, (np.int64,), "int64 (positions)")


def _index_operand(op: str, indices: object, dtypes: tuple[type, ...], expected: str) -> IntArray:
    """Winners as the kernels read them: C-contiguous, aligned, of the machine's byte order."""
    if not isinstance(indices, np.ndarray):
        raise TypeError(f"{op}: indices is a {type(indices).__name__}; expected a numpy.ndarray")
    flags = indices.flags
    usable = indices.dtype.type in dtypes and indices.dtype.isnative and flags.c_contiguous and flags.aligned
    if usable and type(indices) is np.ndarray:
        return indices
    dtype = indices.dtype.newbyteorder("=")
    if dtype not in [np.dtype(d) for d in dtypes]:
        raise TypeError(f"{op}: indices has dtype {indices.dtype}; expected {expected}")
    return np.require(indices, dtype, ["C_CONTIGUOUS", "ALIGNED"]).view(np.ndarray)
