"""The beginning of a functional model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import _defaults
from foldgate._checks import integers
from foldgate._nest import is_shape
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._symbolic.node import Node
from foldgate.layers.layer import Layer

Shape = Sequence[int | None]


class InputLayer(Layer):
    """The place of an input of a model; `Input` makes it and gives its tensor.

    Args:
      shape: of one sample, None for unknown sizes.
      batch_size: the number of samples, or None.
      dtype: a dtype's name; None for `config.floatx()`.
      sparse, ragged: accepted; must be False or None.
      batch_shape: the shape with the batch axis, instead of `shape` and `batch_size`.
      input_tensor: a KerasTensor to stand for instead of a new one.
      optional: whether None may be given for it. Defaults to False.
      name: None makes one.
      input_shape: an older name of `shape`; warns.

    Raises:
      ValueError: no shape, two, or one that is none; a sparse or ragged input.

    Example:
      >>> import foldgate as keras
      >>> keras.layers.InputLayer(shape=(28, 28, 1)).batch_shape
      (None, 28, 28, 1)
    """

    def __init__(
        self,
        shape: Shape | int | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Shape | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" in kwargs and shape is None:
            warnings.warn("InputLayer: input_shape is deprecated; use shape", stacklevel=2)
            shape = kwargs["input_shape"]
        super().__init__(name=name, **_without_input_shape(kwargs))
        if sparse or ragged:
            raise ValueError(
                f"{self.name}: sparse is {sparse} and ragged {ragged}; expected neither, inputs are dense"
            )
        integers(self.name, 0, or_none=True, batch_size=batch_size)
        self.batch_shape = _batch_shape(self.name, shape, batch_size, batch_shape, input_tensor)
        kind = input_tensor.dtype if input_tensor is not None and dtype is None else dtype
        self.dtype = _dtype_name(self.name, _defaults.floatx() if kind is None else kind)
        self.optional, self.sparse, self.ragged = optional, bool(sparse), bool(ragged)
        tensor = (
            KerasTensor(self.batch_shape, self.dtype, self.name) if input_tensor is None else input_tensor
        )
        Node(self, (), {}, tensor)
        self.built = True

    def call(self) -> Any:
        """There is nothing to compute."""

    def compute_output_shape(self) -> Any:
        """The shape of the input."""
        return self.batch_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        config: dict[str, Any] = {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": self.sparse,
            "ragged": self.ragged,
            "name": self.name,
        }
        return config | {"optional": True} if self.optional else config


def _dtype_name(layer: str, dtype: Any) -> str:
    try:
        return str(np.dtype(dtype).name)
    except TypeError:
        raise ValueError(f"{layer}: dtype is {dtype!r}; expected the name of a dtype") from None


def _without_input_shape(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name != "input_shape"}


def _batch_shape(
    layer: str,
    shape: Shape | int | None,
    batch_size: int | None,
    batch_shape: Shape | None,
    tensor: KerasTensor | None,
) -> tuple[int | None, ...]:
    if tensor is not None and shape is None and batch_shape is None:
        return tensor.shape
    if (shape is None) == (batch_shape is None):
        raise ValueError(f"{layer}: shape is {shape} and batch_shape {batch_shape}; expected one of them")
    if batch_shape is not None and batch_size is not None:
        raise ValueError(f"{layer}: batch_size is {batch_size} beside batch_shape; expected one of them")
    for name, given in (("shape", shape), ("batch_shape", batch_shape)):
        if given is not None and not isinstance(given, (int, list, tuple)):
            raise TypeError(f"{layer}: {name} is {given!r}; expected a tuple of sizes and Nones")
    sizes = (shape,) if isinstance(shape, int) else shape
    full = tuple(batch_shape) if batch_shape is not None else (batch_size, *(sizes or ()))
    full = tuple(int(size) if isinstance(size, np.integer) else size for size in full)
    if not is_shape(full) or any(size is not None and size < 0 for size in full):
        raise ValueError(f"{layer}: shape is {full}; expected sizes of at least 0 and Nones")
    return full


def Input(  # noqa: N802 - Keras' name
    shape: Shape | int | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Shape | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> Any:
    """The place of an input of a functional model, or the first entry of a Sequential.

    Args:
      shape: of one sample, None for unknown sizes.
      batch_size: the number of samples, or None.
      dtype: a dtype's name; None for `config.floatx()`.
      sparse, ragged: accepted; must be False or None.
      batch_shape: the shape with the batch axis, instead of `shape` and `batch_size`.
      name: of its layer; None makes one.
      tensor: a KerasTensor to stand for instead of a new one.
      optional: whether None may be given for it. Defaults to False.

    Returns:
      A KerasTensor.

    Raises:
      ValueError: as `InputLayer`.

    Example:
      >>> import foldgate as keras
      >>> inputs = keras.Input((20, 8))
      >>> outputs = keras.layers.Dense(4)(inputs)
      >>> keras.Model(inputs, outputs).output_shape
      (None, 20, 4)
    """
    layer = InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional=optional, name=name
    )
    return layer._inbound_nodes[0].outputs
