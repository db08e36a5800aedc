"""Vectors for ids."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import constraints, initializers, ops, regularizers
from foldgate._tape import Tensor
from foldgate._typing import BoolArray, FloatArray, IntArray
from foldgate.layers.layer import Layer
from foldgate.layers.weight import Weight


class Embedding(Layer):
    """Turns ids into vectors: rows of a table that is trained.

    The gradient of a row is summed in the order of the ids, whatever the number of threads.

    Args:
      input_dim: the number of rows; ids are 0 to input_dim - 1.
      output_dim: the length of a row.
      embeddings_initializer: of the table; default `"uniform"`.
      embeddings_regularizer, embeddings_constraint: default None.
      mask_zero: whether id 0 is padding, which layers after it skip; default False.
      weights: the table's first value, in a list or not; default None.
      **kwargs: `name`, `dtype`, `trainable`, `activity_regularizer`; `input_length` is accepted.

    Call arguments:
      inputs: integers of any shape, (N, T); floats are truncated to integers.

    Returns:
      (*inputs.shape, output_dim). The mask with `mask_zero` is `inputs != 0`.

    Raises:
      ValueError: `input_dim` or `output_dim` is no positive int.
      IndexError: an id is negative or at least `input_dim`; the message names it.

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> layers.Embedding(1000, 64)(np.array([[4, 10, 0]])).shape
      (1, 3, 64)
    """

    embeddings: Weight

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
                raise ValueError(f"Embedding: {name} is {value!r}; expected a positive integer")
        kwargs.pop("input_length", None)
        for name in ("lora_rank", "lora_alpha", "quantization_config"):
            if kwargs.pop(name, None) is not None:
                raise ValueError(f"Embedding: {name} is not supported; expected None")
        super().__init__(**kwargs)
        self.autocast = False  # ids stay ids
        self.input_dim, self.output_dim = int(input_dim), int(output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = self.supports_masking = self._creates_mask = bool(mask_zero)
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, (list, tuple)) else [weights])

    def build(self, input_shape: Any = None) -> None:
        """Makes the table."""
        if not self.built:
            self.embeddings = self.add_weight(
                shape=(self.input_dim, self.output_dim),
                initializer=self.embeddings_initializer,
                name="embeddings",
                regularizer=self.embeddings_regularizer,
                constraint=self.embeddings_constraint,
            )

    def call(self, inputs: Any) -> FloatArray:
        """Looks the rows up."""
        return ops.embedding(_ids(inputs), self.embeddings)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> BoolArray | None:
        """`inputs != 0` with `mask_zero`, else None."""
        if not self.mask_zero:
            return None
        mask: BoolArray = _ids(inputs) != 0
        return mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the ids, with the length of a row."""
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }


def _ids(inputs: Any) -> IntArray:
    """Ids as an array of integers."""
    values = inputs.numpy() if isinstance(inputs, Tensor) else inputs
    found: IntArray = values if values.dtype.kind in "iu" else values.astype(np.int32)
    return found
