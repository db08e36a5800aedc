"""Ids as vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.preprocessing.rescaling import Shape

_MODES = ("multi_hot", "one_hot", "count")


class CategoryEncoding(Layer):
    """Whole numbers from 0 to num_tokens - 1 as vectors of that length.

    Args:
      num_tokens: the length.
      output_mode: `"one_hot"`, a vector a number, which stands in the place of a last axis of 1;
        `"multi_hot"`, 1 at each number of the last axis; `"count"`, how often each number is in it.
      sparse: of files of Keras; True is refused.
      **kwargs: of `Layer`.

    Call arguments:
      inputs: whole numbers.
      count_weights: of the shape of the inputs, added in place of 1 with `"count"`.

    Raises:
      ValueError: an argument is outside its range, or a number is outside 0 to num_tokens - 1.

    Example:
      >>> import foldgate as keras
      >>> keras.layers.CategoryEncoding(4)([[0, 1], [3, 3]])
      array([[1., 1., 0., 0.],
             [0., 0., 0., 1.]], dtype=float32)
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(num_tokens, bool) or not isinstance(num_tokens, int) or num_tokens < 1:
            raise ValueError(f"CategoryEncoding: num_tokens is {num_tokens!r}; expected an int of at least 1")
        if output_mode not in _MODES:
            raise ValueError(f"CategoryEncoding: output_mode is {output_mode!r}; expected one of {_MODES}")
        if sparse:
            raise ValueError("CategoryEncoding: sparse is True; expected False, there are no sparse arrays")
        self.num_tokens = num_tokens
        self.output_mode = output_mode

    def call(self, inputs: Any, count_weights: Any = None) -> FloatArray:
        """Encodes."""
        ids = np.asarray(inputs).astype(np.int64)
        if ids.size and not (ids.min() >= 0 and ids.max() < self.num_tokens):
            raise ValueError(
                f"CategoryEncoding: inputs hold {ids.min()} to {ids.max()}; expected 0 to "
                f"{self.num_tokens - 1}"
            )
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                f"CategoryEncoding: count_weights are given with output_mode {self.output_mode!r}; expected "
                "'count'"
            )
        y = np.zeros(self.compute_output_shape(ids.shape), self.compute_dtype)
        if self.output_mode == "one_hot":
            ids = ids.reshape((*y.shape[:-1], 1))
        elif ids.ndim == 0:
            ids = ids.reshape(1)
        rows, columns = y.reshape(-1, self.num_tokens), ids.reshape(-1, ids.shape[-1])
        places = (np.arange(len(rows))[:, None], columns)
        if self.output_mode == "count":
            weights = 1 if count_weights is None else np.asarray(count_weights).reshape(columns.shape)
            np.add.at(rows, places, weights)
        else:
            rows[places] = 1
        return y

    def compute_output_shape(self, input_shape: Shape, *_: Any) -> Any:
        """The shape of the inputs with `num_tokens` for the last axis, or behind it with `"one_hot"`."""
        shape = tuple(input_shape)
        if not shape:
            return (self.num_tokens,)
        if self.output_mode == "one_hot" and shape[-1] != 1:
            return (*shape, self.num_tokens)
        return (*shape[:-1], self.num_tokens)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {
            **super().get_config(),
            "num_tokens": self.num_tokens,
            "output_mode": self.output_mode,
        }
