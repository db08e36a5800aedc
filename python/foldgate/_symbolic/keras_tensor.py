"""A tensor without values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import _naming
from foldgate._tape import register_symbolic


def _call(function: Any, *args: Any, **kwargs: Any) -> Any:
    from foldgate._symbolic.functions import call_function  # which needs KerasTensor

    return call_function(function, args, kwargs)


class KerasTensor:
    """The place of an array in a functional model: a shape, None where a size is not known, and a dtype.

    `Input` makes the first ones; layers, operators and NumPy's functions make others of them.

    Args:
      shape: with the batch axis.
      dtype: a dtype's name. Defaults to `"float32"`.
      name: None makes one.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> x = keras.KerasTensor((None, 3))
      >>> np.concatenate([x, 2.0 * x], axis=-1).shape, x[:, 0].shape
      ((None, 6), (None,))
    """

    def __init__(
        self, shape: Sequence[int | None], dtype: str = "float32", name: str | None = None, record: Any = None
    ) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype).name
        self.name = _naming.auto_name("keras_tensor") if name is None else name
        self._keras_history: Any = record  # (operation, node index, tensor index)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def reshape(self, *shape: Any) -> Any:
        """`numpy.reshape` of it."""
        return _call(np.reshape, self, shape[0] if len(shape) == 1 else shape)

    def astype(self, dtype: Any) -> Any:
        """It in another dtype."""
        from foldgate._symbolic.operations import astype

        return _call(astype, self, np.dtype(dtype).name)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__":
            raise TypeError(
                f"numpy.{ufunc.__name__}.{method} of a KerasTensor; use the function that NumPy has"
            )
        return _call(ufunc, *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _call(function, *args, **kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self!r} was given to a function that takes arrays only; a KerasTensor has no values: put "
            "such a function into the call of a layer"
        )

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no values, so that it cannot decide an if; use numpy.where")

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"{self!r}: the size of the first axis is not known")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    # fmt: off
    def __getitem__(self, key: Any) -> Any:
        from foldgate._symbolic.operations import get_item

        return _call(get_item, self, key)

    def __add__(self, other: Any) -> Any: return _call(np.add, self, other)
    def __radd__(self, other: Any) -> Any: return _call(np.add, other, self)
    def __sub__(self, other: Any) -> Any: return _call(np.subtract, self, other)
    def __rsub__(self, other: Any) -> Any: return _call(np.subtract, other, self)
    def __mul__(self, other: Any) -> Any: return _call(np.multiply, self, other)
    def __rmul__(self, other: Any) -> Any: return _call(np.multiply, other, self)
    def __truediv__(self, other: Any) -> Any: return _call(np.true_divide, self, other)
    def __floordiv__(self, other: Any) -> Any: return _call(np.floor_divide, self, other)
    def __rfloordiv__(self, other: Any) -> Any: return _call(np.floor_divide, other, self)
    def __mod__(self, other: Any) -> Any: return _call(np.mod, self, other)
    def __rmod__(self, other: Any) -> Any: return _call(np.mod, other, self)
    def __rtruediv__(self, other: Any) -> Any: return _call(np.true_divide, other, self)
    def __matmul__(self, other: Any) -> Any: return _call(np.matmul, self, other)
    def __rmatmul__(self, other: Any) -> Any: return _call(np.matmul, other, self)
    def __pow__(self, other: Any) -> Any: return _call(np.power, self, other)
    def __rpow__(self, other: Any) -> Any: return _call(np.power, other, self)
    def __neg__(self) -> Any: return _call(np.negative, self)
    def __abs__(self) -> Any: return _call(np.absolute, self)
    def __lt__(self, other: Any) -> Any: return _call(np.less, self, other)
    def __le__(self, other: Any) -> Any: return _call(np.less_equal, self, other)
    def __gt__(self, other: Any) -> Any: return _call(np.greater, self, other)
    def __ge__(self, other: Any) -> Any: return _call(np.greater_equal, self, other)
    # fmt: on


def _call_op(name: str, call: Any, operands: Any, options: dict[str, Any]) -> Any:
    from foldgate._symbolic.functions import call_op

    return call_op(name, call, operands, options)


register_symbolic(KerasTensor, _call_op)
