"""Functions and methods of torch on tensors."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from foldgate import layers
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate.models._from_torch import shapes
from foldgate.models._from_torch.convert import Converter, Size
from foldgate.models._from_torch.padding import FIRST
from foldgate.models._from_torch.recurrent import Zeros


def relu(c: Converter, x: Any, inplace: bool = False) -> Any:
    """relu, as the layer that a model computes together with the one before it."""
    return c.once(lambda: layers.ReLU(**c.options()))(x)


def relu6(c: Converter, x: Any, inplace: bool = False) -> Any:
    """min(max(x, 0), 6)."""
    return c.once(lambda: layers.ReLU(max_value=6.0, **c.options()))(x)


def leaky_relu(c: Converter, x: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """leaky_relu."""
    return c.once(lambda: layers.LeakyReLU(negative_slope, **c.options()))(x)


def elu(c: Converter, x: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """elu."""
    return c.once(lambda: layers.ELU(alpha, **c.options()))(x)


def gelu(c: Converter, x: Any, approximate: str = "none") -> Any:
    """gelu by erf; by tanh as its formula."""
    if approximate == "none":
        return activation("gelu")(c, x)
    inner = (x + x * x * x * 0.044715) * 0.7978845608028654
    return x * 0.5 * (np.tanh(inner) + 1.0)


def softmax(c: Converter, x: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """softmax along one axis."""
    if dim is None:
        raise c.refuse("dim is None; expected an axis")
    x = cast(c, x, dtype)
    return c.once(lambda: layers.Softmax(axis=dim, **c.options()))(x)


def log_softmax(c: Converter, x: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """log_softmax along one axis, which is put last for it."""
    rank, x = len(x.shape), cast(c, x, dtype)
    if dim is None or dim in (0, -rank):
        raise c.refuse(f"dim is {dim}; expected an axis behind the batch")
    function = activation("log_softmax")
    if dim in (-1, rank - 1):
        return function(c, x)
    return np.swapaxes(function(c, np.swapaxes(x, dim, -1)), dim, -1)


def softplus(c: Converter, x: Any, beta: float = 1, threshold: float = 20) -> Any:
    """log(1 + exp(beta x)) / beta, which torch replaces by x from a threshold of beta x on."""
    if threshold < 20:
        raise c.refuse(f"threshold is {threshold}; expected 20 or more")
    function = activation("softplus")
    return function(c, x) if beta == 1 else function(c, x * beta) / beta


def celu(c: Converter, x: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """elu of x / alpha, times alpha."""
    function = activation("elu")
    return function(c, x) if alpha == 1 else function(c, x / alpha) * alpha


def glu(c: Converter, x: Any, dim: int = -1) -> Any:
    """The first half along an axis by the sigmoid of the second."""
    a, b = shapes.chunk(c, x, 2, dim)
    return a * activation("sigmoid")(c, b)


def clamp(c: Converter, x: Any, min: Any = None, max: Any = None) -> Any:
    """Values within two numbers, or two tensors."""
    if all(isinstance(bound, (int, float, type(None))) for bound in (min, max)):
        return np.clip(x, min, max)
    x = x if min is None else np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


def activation(name: str) -> Any:
    """The activation of a name as a layer."""
    return lambda c, x, inplace=False: c.once(lambda: layers.Activation(name, **c.options()))(x)


def dropout(c: Converter, x: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout, which is there for training."""
    return c.once(lambda: layers.Dropout(float(p), **c.options()))(x) if p < 1 else x


def add(c: Converter, a: Any, b: Any, alpha: float = 1) -> Any:
    """a + b; of two tensors of one rank as the layer."""
    b = b if alpha == 1 else b * alpha
    both = isinstance(a, KerasTensor) and isinstance(b, KerasTensor)
    if both and len(a.shape) == len(b.shape):
        return c.once(lambda: layers.Add(**c.options()))([a, b])
    return a + b


def sub(c: Converter, a: Any, b: Any, alpha: float = 1) -> Any:
    """a - b."""
    return np.subtract(a, b if alpha == 1 else b * alpha)


def div(c: Converter, a: Any, b: Any, rounding_mode: Any = None) -> Any:
    """a / b, rounded down where asked to."""
    if rounding_mode not in (None, "floor"):
        raise c.refuse(f"rounding_mode is {rounding_mode!r}; expected None or 'floor'")
    return (np.true_divide if rounding_mode is None else np.floor_divide)(a, b)


def cast(c: Converter, x: Any, dtype: Any) -> Any:
    """x as numbers of a dtype of torch or NumPy, of itself where it is None."""
    if dtype is None or not hasattr(x, "astype"):
        return x
    name = str(dtype).split(".")[-1]
    return x if name == str(x.dtype) else x.astype(name)


def to(c: Converter, x: Any, *wanted: Any, dtype: Any = None, **_: Any) -> Any:
    """A cast; there are no devices here."""
    for one in (*wanted, dtype):
        if hasattr(one, "dtype") or type(one).__name__ == "dtype":
            x = cast(c, x, getattr(one, "dtype", one))
    return x


def cat(c: Converter, tensors: Any, dim: int = 0) -> Any:
    """Concatenate."""
    if dim in (0, -len(tensors[0].shape)):
        return np.concatenate(list(tensors), axis=0)
    return c.once(lambda: layers.Concatenate(axis=dim, **c.options()))(list(tensors))


def mean(name: str) -> Any:
    """Reductions over axes."""
    function = getattr(np, name)

    def reduced(c: Converter, x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
        axis = tuple(dim) if isinstance(dim, (list, tuple)) else dim
        return function(cast(c, x, dtype), axis=axis, keepdims=bool(keepdim))

    return reduced


def largest(name: str) -> Any:
    """max and min along an axis: their values, not their places."""
    reduced = mean(name)

    def both(c: Converter, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if isinstance(dim, KerasTensor):
            return (np.maximum if name == "max" else np.minimum)(x, dim)
        found = reduced(c, x, dim, keepdim)
        return found if dim is None else (found, None)

    return both


def interpolate(
    c: Converter, x: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: Any = None, **_: Any,
) -> Any:  # fmt: skip
    """Images made larger by whole factors."""
    rank = len(x.shape) - 2
    if mode not in ("nearest", "bilinear") or align_corners or (mode == "bilinear" and rank != 2):
        raise c.refuse(f"mode {mode!r} with align_corners {align_corners} has no counterpart here")
    factors = _factors(c, x, size, scale_factor, rank)
    if set(factors) == {1}:
        return x
    if rank == 1:
        layer = c.once(lambda: layers.UpSampling1D(factors[0], **c.options()))
        return np.swapaxes(layer(np.swapaxes(x, 1, 2)), 1, 2)
    ways = {"interpolation": mode} if rank == 2 else {}
    make = getattr(layers, f"UpSampling{rank}D")
    return c.once(lambda: make(factors, data_format=FIRST, **ways, **c.options()))(x)


def _factors(c: Converter, x: Any, size: Any, scale_factor: Any, rank: int) -> tuple[int, ...]:
    if size is None:
        scales = (scale_factor,) * rank if isinstance(scale_factor, (int, float)) else tuple(scale_factor)
    else:
        sizes = (size,) * rank if isinstance(size, (int, Size)) else tuple(size)
        if any(isinstance(n, Size) or m is None for n, m in zip(sizes, x.shape[2:], strict=True)):
            raise c.refuse("a size that is not known has no counterpart here; give scale_factor")
        scales = tuple(n / m for n, m in zip(sizes, x.shape[2:], strict=True))
    if any(s != int(s) or s < 1 for s in scales):
        raise c.refuse(f"factors {scales} have no counterpart here; expected whole numbers")
    return tuple(int(s) for s in scales)


def _same(c: Converter, x: Any, *args: Any, **kwargs: Any) -> Any:
    return x


def _of(function: Any) -> Any:
    return lambda c, *args: function(*args)


FUNCTIONS: dict[str, Any] = {
    "relu": relu, "relu6": relu6, "leaky_relu": leaky_relu, "elu": elu, "gelu": gelu,
    "softmax": softmax, "log_softmax": log_softmax, "softplus": softplus, "glu": glu,
    "celu": celu,
    "clamp": clamp, "clip": clamp,
    "hardtanh": lambda c, x, min_val=-1.0, max_val=1.0, inplace=False: np.clip(x, min_val, max_val),
    "silu": activation("silu"), "mish": activation("mish"), "tanh": activation("tanh"),
    "sigmoid": activation("sigmoid"), "hardswish": activation("hard_silu"), "selu": activation("selu"),
    "hardsigmoid": activation("hard_sigmoid"), "logsigmoid": activation("log_sigmoid"),
    "softsign": activation("softsign"), "dropout": dropout, "dropout2d": dropout, "feature_dropout": dropout,
    "add": add, "cat": cat, "concat": cat,
    "flatten": shapes.flatten, "unflatten": shapes.unflatten,
    "view": shapes.reshape, "reshape": shapes.reshape,
    "permute": shapes.permute, "transpose": shapes.transpose, "swapaxes": shapes.transpose,
    "size": shapes.size, "getattr": shapes.attribute, "getitem": shapes.item,
    "mean": mean("mean"), "sum": mean("sum"), "amax": mean("max"), "amin": mean("min"),
    "max": largest("max"), "min": largest("min"), "interpolate": interpolate,
    "chunk": shapes.chunk, "split": shapes.split, "squeeze": shapes.squeeze,
    "unsqueeze": lambda c, x, dim: np.expand_dims(x, dim),
    "stack": lambda c, tensors, dim=0: np.stack(list(tensors), axis=dim),
    "zeros": lambda c, *args, **kwargs: Zeros(), "zeros_like": lambda c, *args, **kwargs: Zeros(),
    "new_zeros": lambda c, *args, **kwargs: Zeros(),
    "sub": sub, "mul": _of(np.multiply), "truediv": div, "div": div, "matmul": _of(np.matmul),
    "bmm": _of(np.matmul), "neg": _of(np.negative), "exp": _of(np.exp), "log": _of(np.log),
    "sqrt": _of(np.sqrt), "abs": _of(np.absolute), "pow": _of(np.power), "square": _of(np.square),
    "maximum": _of(np.maximum), "minimum": _of(np.minimum), "floordiv": _of(np.floor_divide),
    **dict.fromkeys(("contiguous", "clone", "detach", "cpu"), _same), "to": to, "type_as": to,
    **{name: partial(cast, dtype=dtype) for name, dtype in {
        "float": "float32", "double": "float64", "long": "int64", "int": "int32", "bool": "bool",
    }.items()},
}  # fmt: skip
