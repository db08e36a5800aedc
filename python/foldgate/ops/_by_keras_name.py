"""Functions that `keras.ops` has and this room does not compute itself, by Keras' names.

Where NumPy calls a function as Keras does, it is NumPy's: on arrays, on Tensors, which record it, and on the
symbolic tensors of models. The others are written here in such functions. `foldgate.ops.<name>` finds them; a
name of this room's own functions always means those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from foldgate import config, ops
from foldgate._tape import Tensor, stop_gradient
from foldgate.ops import _keras_arrays, _keras_flow, _keras_nn
from foldgate.ops._keras_ctc import ctc_decode

_OF_NUMPY = (
    "abs absolute add arccos arcsin arctan arctan2 argmax argmin argsort average "
    "broadcast_to ceil clip concatenate copy cos cosh cumsum diagonal divide dot einsum equal exp2 "
    "expand_dims expm1 flip floor floor_divide full_like greater greater_equal hstack inner isclose "
    "isfinite isinf isnan less less_equal linspace log10 log1p log2 logaddexp logical_and logical_not "
    "logical_or maximum median meshgrid minimum mod moveaxis multiply negative nonzero "
    "not_equal ones_like outer pad power ravel reciprocal repeat reshape roll round sign sin "
    "sinh sort split sqrt square squeeze stack subtract swapaxes take take_along_axis tan "
    "tensordot tile trace transpose tri tril triu true_divide trunc vstack where zeros_like "
    "allclose angle append arccosh arcsinh arctanh array_split bincount bitwise_and bitwise_left_shift "
    "bitwise_or bitwise_right_shift bitwise_xor cbrt conj conjugate corrcoef count_nonzero cross deg2rad "
    "diff digitize empty_like fabs fmax fmin fmod gcd geomspace hamming hanning heaviside histogram hypot "
    "imag isin kron lcm logical_xor logspace nanmax nanmean nanmin nanstd nansum nanvar percentile ptp "
    "quantile rad2deg real rot90 searchsorted select sinc trapezoid unravel_index vander vdot vectorize"
)
_OF_LINEAR_ALGEBRA = "cholesky det eig eigh inv lstsq matrix_rank pinv qr solve svd"
_ARRAYS = (
    "cumprod diag divide_no_nan dtype empty extract_sequences in_top_k multi_hot nan_to_num norm scatter "
    "scatter_update segment_max segment_sum slice slice_update top_k"
)
_NN = (
    "batch_normalization binary_crossentropy categorical_crossentropy depth_to_space depthwise_conv "
    "layer_normalization moments rms_normalization space_to_depth sparse_categorical_crossentropy"
)
_FLOW = "cond fori_loop map scan switch while_loop"
# Their axis may be a list, which NumPy's may not, and is followed by keepdims, where NumPy has others first.
_REDUCTIONS = "all amax amin any max mean min prod std sum var"


def _reduction(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    @wraps(function)
    def reduction(x: Any, axis: Any = None, keepdims: bool = False, **kwargs: Any) -> Any:
        axes = tuple(axis) if isinstance(axis, list) else axis
        return function(x, axis=axes, keepdims=keepdims, **kwargs)

    return reduction


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Any:
    """Numbers from `start` in steps: integers of int32, others of the default float type."""
    values = np.arange(start, stop, step) if stop is not None else np.arange(0, start, step)
    return values.astype(dtype or ("int32" if values.dtype.kind == "i" else config.floatx()))


def array(x: Any, dtype: Any = None) -> Any:
    """`x` as an array; Python's floats in the default float type. A Tensor stays one."""
    if isinstance(x, Tensor) or not hasattr(x, "__len__") or hasattr(x, "dtype"):
        return x if dtype is None and hasattr(x, "dtype") else cast(x, dtype or config.floatx())
    values = np.asarray(x)
    return values.astype(dtype or (config.floatx() if values.dtype == np.float64 else values.dtype))


def cast(x: Any, dtype: Any) -> Any:
    """`x` in another dtype; a Tensor's gradient comes back in its own."""
    return x.astype(dtype) if hasattr(x, "astype") else np.asarray(x, dtype)


def convert_to_numpy(x: Any) -> Any:
    """The array of a Tensor, or of anything else."""
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Ones on a diagonal."""
    return np.eye(N, M, k, dtype or config.floatx())


def full(shape: int | Sequence[int], fill_value: Any, dtype: Any = None) -> Any:
    """An array of one value."""
    return np.full(shape, fill_value, dtype or config.floatx())


def is_tensor(x: Any) -> bool:
    """Whether it is an array or a Tensor."""
    return isinstance(x, (np.ndarray, Tensor))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x)))."""
    top = stop_gradient(np.max(x, axis=axis, keepdims=True))
    found = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return found if keepdims else np.squeeze(found, axis=axis)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


def normalize(x: Any, axis: int = -1, order: float = 2, epsilon: float = 1e-12) -> Any:
    """x over its norm along an axis."""
    size = np.abs(x) ** order
    return x / np.maximum(np.sum(size, axis=axis, keepdims=True) ** (1.0 / order), epsilon)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """A 1 at the place of each class; all 0 of a class that there is not."""
    if sparse:
        raise ValueError("one_hot: sparse is True; expected False, arrays are dense here")
    if num_classes < 0:
        raise ValueError(f"one_hot: num_classes is {num_classes}; expected at least 0")
    ids = np.expand_dims(x.numpy() if isinstance(x, Tensor) else x, -1)
    classes: Any = np.equal(ids, np.arange(num_classes))
    return np.moveaxis(classes, -1, axis).astype(dtype or config.floatx())


def ones(shape: int | Sequence[int], dtype: Any = None) -> Any:
    """An array of ones."""
    return np.ones(shape, dtype or config.floatx())


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)."""
    return 1.0 / np.sqrt(x)


def shape(x: Any) -> tuple[int | None, ...]:
    """The sizes of the axes; None of a symbolic tensor where one is not known."""
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def size(x: Any) -> int:
    """The number of values."""
    return int(x.size) if hasattr(x, "size") else int(np.size(x))


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The slices along an axis."""
    count = shape(x)[axis] if num is None else num
    if count is None:
        raise ValueError(f"unstack: x has shape {shape(x)}; expected a known axis {axis}")
    return [np.squeeze(part, axis) for part in np.split(x, count, axis)]


def zeros(shape: int | Sequence[int], dtype: Any = None) -> Any:
    """An array of zeros."""
    return np.zeros(shape, dtype or config.floatx())


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in _OF_NUMPY.split()},
    **{name: getattr(np.linalg, name) for name in _OF_LINEAR_ALGEBRA.split()},
    **{name: _reduction(name) for name in _REDUCTIONS.split()},
    **{name: getattr(_keras_arrays, name) for name in _ARRAYS.split()},
    **{name: getattr(_keras_nn, name) for name in _NN.split()},
    **{name: getattr(_keras_flow, name) for name in _FLOW.split()},
    "arange": arange,
    "array": array,
    "cast": cast,
    "convert_to_numpy": convert_to_numpy,
    "convert_to_tensor": array,
    "ctc_decode": ctc_decode,
    "eye": eye,
    "full": full,
    "hard_swish": ops.hard_silu,
    "identity": eye,
    "is_tensor": is_tensor,
    "logsumexp": logsumexp,
    "ndim": ndim,
    "normalize": normalize,
    "one_hot": one_hot,
    "ones": ones,
    "rsqrt": rsqrt,
    "shape": shape,
    "size": size,
    "stop_gradient": stop_gradient,
    "swish": ops.silu,
    "unstack": unstack,
    "vectorized_map": _keras_flow.map,
    "zeros": zeros,
}
