"""Attention by sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._tape import settled
from foldgate.layers.attention._attend import beside
from foldgate.layers.attention.attention import Attention, Shape


class AdditiveAttention(Attention):
    """Means of the values, weighted by sums of the query and their keys (Bahdanau).

        y = softmax(sum(scale tanh(q + k))) v

    Args:
      use_scale: whether there is a learned scale, of shape (D,).
      dropout: the probability with which a weight is dropped in training.
      **kwargs: of `Layer`; `seed` of the dropout.

    Call arguments:
      inputs, mask, training, return_attention_scores, use_causal_mask: as in `Attention`.

    Returns:
      (N, T, E), with `return_attention_scores` followed by the weights (N, T, S).

    Raises:
      ValueError: `dropout` is outside 0 to 1, or the inputs are no list of two or three.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> query, value = np.zeros((1, 2, 3)), np.array([[[1.0], [3.0]]])
      >>> keras.layers.AdditiveAttention()([query, value, np.zeros((1, 2, 3))]).ravel()
      array([2., 2.], dtype=float32)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Makes the scale, where it is asked for."""
        self._checked(input_shape)
        if self.use_scale:
            size: Any = input_shape[0][-1]
            self.scale = self.add_weight(name="scale", shape=(size,), initializer="glorot_uniform")

    def _scores(self, query: Any, key: Any) -> Any:
        """(N, T, S): the sum over D as a product with the scale."""
        total = ops.tanh(beside(query, key))
        if self.scale is None:
            return np.sum(total, -1)
        (scale,) = settled(self.scale)
        return ops.matmul(total, scale.reshape(-1, 1)).reshape(total.shape[:-1])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        config = super().get_config()
        del config["score_mode"]
        return config
