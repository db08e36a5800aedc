"""Attention whose heads share keys and values."""

from __future__ import annotations

import math
from typing import Any

from foldgate._typing import BoolArray, FloatArray
from foldgate.layers.attention._attend import attend
from foldgate.layers.attention._heads import HeadsAttention, positive
from foldgate.layers.attention._projection import Shape


class GroupedQueryAttention(HeadsAttention):
    """Attention with several heads, groups of which share their keys and values (Ainslie et al., 2023).

    Args:
      head_dim: of each head's queries, keys and values.
      num_query_heads: a multiple of `num_key_value_heads`.
      num_key_value_heads: how many keys and values there are; query head i takes those of number
        i // (num_query_heads / num_key_value_heads).
      dropout: the probability with which a weight is dropped in training.
      use_bias: whether the projections have biases.
      sliding_window: None, or a query sees only keys fewer places away.
      flash_attention: accepted; nothing of the size of queries by keys is stored unless it is asked for.
      kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: of the projections.
      use_gate: whether heads are multiplied by sigmoid(query gate_kernel + bias).
      seed: of the dropout, 0 to 2^32 - 1, or None for one from Python's `random`.
      **kwargs: of `Layer`.

    Call arguments:
      query: (N, T, D).
      value: (N, S, E).
      key: (N, S, F), or None for the value.
      query_mask, value_mask, key_mask, attention_mask, return_attention_scores, training, use_causal_mask: as
        in `MultiHeadAttention`.

    Returns:
      (N, T, D), with `return_attention_scores` followed by the weights (N, num_query_heads, T, S).

    Raises:
      ValueError: an argument is outside its range, or the shapes do not fit each other.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.GroupQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)
      >>> layer(np.zeros((1, 5, 8)), np.zeros((1, 3, 8))).shape
      (1, 5, 8)
    """

    _public_name = "GroupQueryAttention"  # names of layers and weights come from the class's, as in Keras

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        name = "GroupQueryAttention"
        for argument, value in (
            ("head_dim", head_dim),
            ("num_query_heads", num_query_heads),
            ("num_key_value_heads", num_key_value_heads),
        ):
            positive(name, argument, value)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"{name}: num_query_heads is {num_query_heads}; expected a multiple of num_key_value_heads, "
                f"{num_key_value_heads}"
            )
        projections = {
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
            "kernel_regularizer": kernel_regularizer,
            "bias_regularizer": bias_regularizer,
            "activity_regularizer": activity_regularizer,
            "kernel_constraint": kernel_constraint,
            "bias_constraint": bias_constraint,
        }
        super().__init__(dropout, use_bias, use_gate, sliding_window, seed, projections, **kwargs)
        self.head_dim, self.num_query_heads = head_dim, num_query_heads
        self.num_key_value_heads = num_key_value_heads
        self.num_repeats = num_query_heads // num_key_value_heads
        self.dropout, self.use_bias, self.use_gate = dropout, use_bias, use_gate
        self.sliding_window = sliding_window

    def build(  # type: ignore[override]  # the arguments' names say which input is meant
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> None:
        """Makes the projections of query, key, gate, value and output."""
        key_shape = value_shape if key_shape is None else key_shape
        self.compute_output_shape(query_shape, value_shape, key_shape)
        many, few = (self.num_query_heads, self.head_dim), (self.num_key_value_heads, self.head_dim)
        self._query_dense = self._project(many, "query", query_shape)
        self._key_dense = self._project(few, "key", key_shape)
        if self._use_gate:
            self._gate_dense = self._project(many, "gate", query_shape, activation="sigmoid")
        self._value_dense = self._project(few, "value", value_shape)
        joined = (*query_shape[:-1], *many)
        self._output_dense = self._project((query_shape[-1],), "attention_output", joined, inner=2)

    def call(
        self,
        query: FloatArray,
        value: FloatArray,
        key: FloatArray | None = None,
        query_mask: BoolArray | None = None,
        value_mask: BoolArray | None = None,
        key_mask: BoolArray | None = None,
        attention_mask: BoolArray | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Attends, without storing queries by keys where neither dropout nor the weights ask for them."""
        key = value if key is None else key
        masks = query_mask, value_mask, key_mask, attention_mask
        mask = self._mask(query.shape[1], value.shape[1], *masks, False)
        y, weights = attend(
            self._projected(self._query_dense, query),
            self._projected(self._key_dense, key),
            self._projected(self._value_dense, value),
            scale=1 / math.sqrt(self.head_dim),
            mask=None if mask is None else self._heads_mask(mask, query, value),
            causal=use_causal_mask,
            dropout=self._dropout_of(training),
            weights=return_attention_scores,
        )
        if self._use_gate:
            y = y * self._projected(self._gate_dense, query)
        y = self._projected(self._output_dense, y)
        return (y, weights) if return_attention_scores else y

    def _heads_mask(self, mask: BoolArray, query: FloatArray, value: FloatArray) -> BoolArray:
        """A mask (T, S), (N, T, S) or (N, heads, T, S), with an axis for the heads."""
        full = (query.shape[0], self.num_query_heads, query.shape[1], value.shape[1])
        if mask.ndim == 3:
            mask = mask[:, None]
        elif mask.ndim == 2:
            mask = mask[None, None]
        if mask.ndim != 4 or any(m not in (1, size) for m, size in zip(mask.shape, full, strict=True)):
            raise ValueError(
                f"GroupQueryAttention: attention_mask has shape {mask.shape}; expected one that "
                f"broadcasts to {full}"
            )
        return mask

    def _scores_shape(self, query_shape: Shape, key_shape: Shape) -> Shape:
        """(N, heads, T, S)."""
        return (query_shape[0], self.num_query_heads, query_shape[1], key_shape[1])

    def compute_output_shape(
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> Shape:
        """The query's shape."""
        key_shape = value_shape if key_shape is None else key_shape
        shapes = (query_shape, value_shape, key_shape)
        if any(len(shape) != 3 for shape in shapes) or key_shape[1] != value_shape[1]:
            raise ValueError(
                f"GroupQueryAttention: query, value and key have shapes {shapes}; expected 3 axes each, "
                "and as many keys as values"
            )
        return tuple(query_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
            "use_bias": self.use_bias,
            "use_gate": self.use_gate,
            "sliding_window": self.sliding_window,
            "dropout": self.dropout,
            **self._projection_config(),
        }


GroupQueryAttention = GroupedQueryAttention
