"""The room of Keras' numpy backend: arrays, and inference alone."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate.keras.kernels import Arrays, Kernel

NAME = "numpy"
AVERAGES_OVER_THE_IMAGE = True
"""Average pooling divides by the positions inside the image, whatever the padding."""
STARTS_WITH_ZEROS = False
"""Whether masked steps before the first that counts put out 0; if not, the initial h."""


@functools.cache
def _keras_backend() -> Any:
    return importlib.import_module("keras.src.backend")


def is_traced() -> bool:
    """Whether a compiler reads what is called: there is none here."""
    return False


def prepare() -> None:
    """What is done when foldgate is enabled: nothing."""


def tensor(value: Any) -> Any:
    """An array as it is, and what only stands for one; a Keras variable by its value.

    A variable whose value lies the other way round, as orthogonal initial values do, is given the same value
    in C order: the kernels would copy it in every call.
    """
    if type(value) is np.ndarray or isinstance(value, _keras_backend().KerasTensor):
        return value
    array = _keras_backend().convert_to_tensor(value)
    if array is getattr(value, "_value", None) and type(array) is np.ndarray and not array.flags.c_contiguous:
        value._value = array = np.ascontiguousarray(array)
    return array


def operands(*tensors: Any) -> tuple[Any, ...] | None:
    """The arrays as the kernels take them, of one dtype; None if they are not all float32 or float64.

    Variables that are said to be float64 hold float32 in some versions of Keras: those are widened.
    """
    if not all(type(t) is np.ndarray and t.dtype.char in "fd" for t in tensors):
        return None
    dtype = tensors[0].dtype
    if all(t.dtype == dtype for t in tensors):
        return tensors
    return tuple(np.asarray(t, np.float64) for t in tensors)


def widened(name: str, original: Any) -> Any:
    """A function of `nn` for what foldgate has no kernel for, where there is no JAX to ask.

    Half precision is computed in float32 and whole numbers in float64; what is left then has no answer.
    """

    signature = inspect.signature(original)

    @functools.wraps(original)
    def call(*given: Any, **named: Any) -> Any:
        arguments = signature.bind(*given, **named).arguments
        wide = {k: _wide(tensor(a)) if _is_tensor(a) else a for k, a in arguments.items()}
        if all(wide[k] is a for k, a in arguments.items()):
            return original(**arguments)
        nn = importlib.import_module("keras.src.backend.numpy.nn")
        return getattr(nn, name)(**wide).astype(tensor(arguments["inputs"]).dtype)

    return call


def _is_tensor(value: Any) -> bool:
    return isinstance(value, np.ndarray) or hasattr(value, "value")  # not a number of NumPy's: an option


def _wide(array: Any) -> Any:
    if array.dtype.char in "fd":
        return array
    return array.astype(np.float64 if array.dtype.kind in "biu" else np.float32)


def run(kernel: Kernel, plain: Any, *given: Any) -> Arrays:
    """The outputs of a kernel."""
    return kernel.infer(*given)


def worth(name: str, x: Any, kernel: Any) -> bool:
    """Whether foldgate's kernel pays for a convolution: JAX costs more for every call."""
    return True


def pooling_worth(name: str) -> Callable[[Any], bool]:
    """Whether foldgate's kernel pays for pooling, as `worth`: a function of what Keras was given."""
    return lambda x: True


def transposes_as_jax(padding: str) -> bool:
    """Whether the backend crops a transposed convolution as JAX does, and so foldgate."""
    return True


def mask_array(mask: Any) -> Any:
    """A mask of (batch, steps) as the kernels read it; None if it is none."""
    return mask.astype(bool) if isinstance(mask, np.ndarray) and mask.ndim == 2 else None


def as_tensor(array: Any) -> Any:
    """An array as a tensor."""
    return array


def copy(y: Any) -> Any:
    """The same in memory of its own."""
    return y.copy()


def flip(y: Any) -> Any:
    """Steps in the other order."""
    return y[:, ::-1]


def where(condition: Any, y: Any) -> Any:
    """y, and 0 where the condition does not hold: the condition has y's leading axes."""
    return np.where(condition[..., None], y, np.zeros((), y.dtype))


def states_of(layer: Any, states: list[Any]) -> list[Any]:
    """The initial states, not to be changed while they are needed."""
    return states
