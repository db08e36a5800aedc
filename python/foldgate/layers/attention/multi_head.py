"""Attention with several heads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._checks import axes
from foldgate._typing import BoolArray, FloatArray
from foldgate.layers.attention._attend import attend
from foldgate.layers.attention._axis_order import AxisOrder, axis_order
from foldgate.layers.attention._heads import HeadsAttention, positive
from foldgate.layers.attention._projection import Projection, Shape


class MultiHeadAttention(HeadsAttention):
    """Attention with several heads, each on projections of its own (Vaswani et al., 2017).

        y = concatenate(softmax(q_i k_i' / sqrt(key_dim)) v_i for each head i) output_kernel + bias

    Args:
      num_heads: the number of heads.
      key_dim: of each head's queries and keys.
      value_dim: of each head's values; None for `key_dim`.
      dropout: the probability with which a weight is dropped in training.
      use_bias: whether the projections have biases.
      output_shape: of the results' last axes; None for the query's last one.
      attention_axes: over which is attended, counted from the batch's 0; None for all between the batch and
        the last.
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
      query_mask, value_mask, key_mask: bool (N, T), (N, S) and (N, S), or None.
      attention_mask: bool (N, T, S), True where a query sees a key, or None. A query that sees none gives the
        output's bias.
      return_attention_scores: whether to return the weights too, (N, heads, T, S).
      training: whether to drop weights.
      use_causal_mask: whether query i sees the keys 0 to i alone.

    Returns:
      (N, T, D), with `return_attention_scores` followed by the weights.

    Raises:
      ValueError: an argument is outside its range, or the shapes do not fit each other.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)
      >>> layer(np.zeros((1, 5, 8)), np.zeros((1, 3, 8))).shape, layer.count_params()
      ((1, 5, 8), 288)
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
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
        name = "MultiHeadAttention"
        heads, keys = positive(name, "num_heads", num_heads), positive(name, "key_dim", key_dim)
        values = keys if value_dim is None else positive(name, "value_dim", value_dim)
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
        self._num_heads, self._key_dim, self._value_dim = heads, keys, values
        several = output_shape is None or isinstance(output_shape, (list, tuple))
        shape: Sequence[Any] = (output_shape or ()) if several else (output_shape,)  # type: ignore[assignment]
        self._output_shape = tuple(positive(name, "output_shape", n) for n in shape) or None
        axes(self, attention_axes=attention_axes)
        self._attention_axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes

    @property
    def num_heads(self) -> int:
        """The number of heads."""
        return self._num_heads

    @property
    def key_dim(self) -> int:
        """The extent of each head's queries and keys."""
        return self._key_dim

    @property
    def value_dim(self) -> int:
        """The extent of each head's values."""
        return self._value_dim

    @property
    def dropout(self) -> float:
        """The probability with which a weight is dropped."""
        return self._dropout

    @property
    def use_bias(self) -> bool:
        """Whether the projections have biases."""
        return self._use_bias

    @property
    def attention_axes(self) -> Sequence[int] | None:
        """Over which is attended."""
        return self._attention_axes

    @property
    def query_dense(self) -> Projection:
        """The queries' projection."""
        return self._query_dense

    @property
    def key_dense(self) -> Projection:
        """The keys' projection."""
        return self._key_dense

    @property
    def value_dense(self) -> Projection:
        """The values' projection."""
        return self._value_dense

    @property
    def output_dense(self) -> Projection:
        """The heads' projection to the output."""
        return self._output_dense

    def build(  # type: ignore[override]  # the arguments' names say which input is meant
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> None:
        """Makes the projections of query, key, gate, value and output."""
        key_shape = value_shape if key_shape is None else key_shape
        self.compute_output_shape(query_shape, value_shape, key_shape)
        heads = self._num_heads
        self._query_dense = self._project((heads, self._key_dim), "query", query_shape)
        self._key_dense = self._project((heads, self._key_dim), "key", key_shape)
        if self._use_gate:
            self._gate_dense = self._project(
                (heads, self._value_dim), "gate", query_shape, activation="sigmoid"
            )
        self._value_dense = self._project((heads, self._value_dim), "value", value_shape)
        outer = self._output_shape or (query_shape[-1],)
        joined = (*query_shape[:-1], heads, self._value_dim)
        self._output_dense = self._project(outer, "attention_output", joined, inner=2)
        rank = len(query_shape)
        axes = self._attention_axes
        self._attention_axes = tuple(range(1, rank - 1)) if axes is None else tuple(a % rank for a in axes)

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
        axes = self._attention_axes
        assert axes is not None
        order = axis_order(query.ndim, axes)
        alone = order.simple  # a causal mask within the kernel
        queries, keys = query.shape[1], value.shape[1]
        mask = self._mask(
            queries, keys, query_mask, value_mask, key_mask, attention_mask, use_causal_mask and not alone
        )
        q = self._projected(self._query_dense, query)
        k, v = self._projected(self._key_dense, key), self._projected(self._value_dense, value)
        y, weights = attend(
            order.attended(q),
            order.attended(k),
            order.attended(v),
            scale=1 / math.sqrt(self._key_dim),
            mask=None if mask is None else order.mask(mask, q.shape, k.shape),
            causal=use_causal_mask and alone,
            dropout=self._dropout_of(training),
            weights=return_attention_scores,
        )
        y = order.restored(y, q.shape)
        if self._use_gate:
            y = y * self._projected(self._gate_dense, query)
        y = self._projected(self._output_dense, y)
        if not return_attention_scores:
            return y
        return y, np.reshape(weights, order.scores_shape(q.shape, k.shape))

    def _scores_shape(self, query_shape: Shape, key_shape: Shape) -> Shape:
        """(N, heads, T, S), with all axes of each."""
        axes = self._attention_axes or tuple(range(1, len(query_shape) - 1))
        heads = (self._num_heads, None)
        order = AxisOrder(len(query_shape), axes)
        shape: Shape = order.scores_shape((*query_shape[:-1], *heads), (*key_shape[:-1], *heads))
        return shape

    def compute_output_shape(
        self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None
    ) -> Shape:
        """(N, T, D) of (N, T, D) and (N, S, E)."""
        key_shape = value_shape if key_shape is None else key_shape
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(
                f"MultiHeadAttention: value has shape {value_shape} and key {key_shape}; expected equal "
                "extents except on the last axis"
            )
        return (*query_shape[:-1], *(self._output_shape or query_shape[-1:]))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {
            **super().get_config(),
            "num_heads": self._num_heads,
            "key_dim": self._key_dim,
            "value_dim": self._value_dim,
            "dropout": self._dropout,
            "use_bias": self._use_bias,
            "use_gate": self._use_gate,
            "output_shape": self._output_shape,
            "attention_axes": self._attention_axes,
            "sliding_window": self._sliding_window,
            **self._projection_config(),
        }
