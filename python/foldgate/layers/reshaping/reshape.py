"""Other axes of the same values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._typing import FloatArray
from foldgate.layers._windows import Shape
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.layer import Layer


class Reshape(Layer):
    """Gives the values of every sample another shape.

    Args:
      target_shape: without the batch axis; one size may be -1, for what is left.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, ...), output (N, *target_shape).

    Raises:
      ValueError: a size is below -1, two are -1, or the input has another number of values.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Reshape((3, -1))(np.ones((2, 12), np.float32)).shape
      (2, 3, 4)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = tuple(target_shape) if isinstance(target_shape, (tuple, list)) else (target_shape,)
        whole = all(isinstance(size, (int, np.integer)) and not isinstance(size, bool) for size in sizes)
        if not whole or any(size < -1 for size in sizes) or sizes.count(-1) > 1:
            raise ValueError(
                f"{self.name}: target_shape is {target_shape!r}; expected ints of at least 0, and one -1"
            )
        self.target_shape = tuple(int(size) for size in sizes)
        self.built = True

    def call(self, inputs: FloatArray) -> FloatArray:
        """No copy."""
        shape = inputs.shape
        return np.reshape(inputs, (shape[0], *self._sizes(shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The batch, and the target with its -1 worked out."""
        return (input_shape[0], *self._sizes(tuple(input_shape[1:])))

    def _sizes(self, sizes: Shape) -> Any:
        target = self.target_shape
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes):
            return tuple(None if size == -1 else size for size in target)
        total = math.prod(known)
        rest = math.prod(size for size in target if size != -1)
        if -1 not in target:
            if rest == total:
                return target
        elif rest and total % rest == 0:
            return tuple(total // rest if size == -1 else size for size in target)
        raise ValueError(
            f"{self.name}: inputs have {total} values a sample, of shape {tuple(sizes)}; expected as many as "
            f"target_shape {target}"
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """Puts the axes of every sample in another order.

    Args:
      dims: for each axis of the output the number of its axis in the input, from 1 on; the batch stays.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, ...), output (N, ...) with the axes so ordered.

    Raises:
      ValueError: `dims` is no order of 1, 2, ...; the input has another number of axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.Permute((2, 1))(np.ones((2, 3, 4), np.float32)).shape
      (2, 4, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        axes = tuple(dims) if isinstance(dims, (tuple, list)) else ()
        if (
            not axes
            or any(isinstance(axis, bool) for axis in axes)
            or sorted(axes) != list(range(1, len(axes) + 1))
        ):
            raise ValueError(f"{self.name}: dims is {dims!r}; expected an order of 1, 2, ...")
        self.dims = axes
        self.input_spec = InputSpec(ndim=len(axes) + 1)
        self.built = True

    def call(self, inputs: FloatArray) -> FloatArray:
        """No copy."""
        return np.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The sizes in the same order."""
        return (input_shape[0], *[input_shape[axis] for axis in self.dims])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Repeats a vector as the steps of a sequence.

    Args:
      n: how many times.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, D), output (N, n, D).

    Raises:
      TypeError: `n` is no int.
      ValueError: it is below 1, or the input has not two axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.RepeatVector(3)(np.ones((2, 4), np.float32)).shape
      (2, 3, 4)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
            raise TypeError(f"{self.name}: n is {n!r}; expected an int of at least 1")
        if n < 1:
            raise ValueError(f"{self.name}: n is {n}; expected an int of at least 1")
        self.n = int(n)
        self.input_spec = InputSpec(ndim=2)
        self.built = True

    def call(self, inputs: FloatArray) -> FloatArray:
        """A copy a step."""
        shape = inputs.shape
        return np.repeat(np.reshape(inputs, (shape[0], 1, shape[1])), self.n, axis=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, n, D)."""
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "n": self.n}
