"""What the attentions with several heads have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import constraints, initializers, regularizers
from foldgate._checks import seeds
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._typing import BoolArray
from foldgate.layers.attention._attend import both, causal_mask, window_mask
from foldgate.layers.attention._projection import Projection
from foldgate.layers.layer import Layer
from foldgate.layers.regularization import Dropout
from foldgate.layers.regularization._noise import fraction


class HeadsAttention(Layer):
    """The options of the projections, the dropout and the masks."""

    _query_dense: Projection
    _key_dense: Projection
    _value_dense: Projection
    _gate_dense: Projection
    _output_dense: Projection

    def __init__(
        self,
        dropout: float,
        use_bias: bool,
        use_gate: bool,
        sliding_window: int | None,
        seed: int | None,
        projections: dict[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        name = type(self).__name__
        seeds(self, seed=seed)
        if sliding_window is not None:
            positive(name, "sliding_window", sliding_window)
        self._dropout = fraction(name, "dropout", dropout)
        self._use_bias, self._use_gate = use_bias, use_gate
        self._sliding_window = sliding_window
        self.seed = seed
        self._kernel_initializer = initializers.get(projections["kernel_initializer"])
        self._bias_initializer = initializers.get(projections["bias_initializer"])
        self._kernel_regularizer = regularizers.get(projections["kernel_regularizer"])
        self._bias_regularizer = regularizers.get(projections["bias_regularizer"])
        self._activity_regularizer = regularizers.get(projections["activity_regularizer"])
        self._kernel_constraint = constraints.get(projections["kernel_constraint"])
        self._bias_constraint = constraints.get(projections["bias_constraint"])
        self._dropout_layer = Dropout(dropout, seed=seed, dtype=self.dtype_policy)

    def _project(self, outer: Any, name: str, shape: Any, **options: Any) -> Projection:
        """A projection, built, with an initializer of its own: one object would give all the same values."""
        kernel, bias = self._kernel_initializer, self._bias_initializer
        layer = Projection(
            outer,
            use_bias=self._use_bias,
            kernel_initializer=type(kernel).from_config(kernel.get_config()),
            bias_initializer=type(bias).from_config(bias.get_config()),
            dtype=self.dtype_policy,
            name=name,
            kernel_regularizer=self._kernel_regularizer,
            bias_regularizer=self._bias_regularizer,
            activity_regularizer=self._activity_regularizer,
            kernel_constraint=self._kernel_constraint,
            bias_constraint=self._bias_constraint,
            **options,
        )
        layer.build(shape)
        return layer

    def _projected(self, layer: Projection, x: Any) -> Any:
        """A projection of what the call around has converted already; it may have a loss of its own."""
        return layer.call(x) if layer.activity_regularizer is None else layer(x)

    def _mask(
        self,
        queries: int,
        keys: int,
        query_mask: Any,
        value_mask: Any,
        key_mask: Any,
        attention_mask: Any,
        causal: bool,
    ) -> BoolArray | None:
        """All masks as one: (N, T, S), or what broadcasts to it."""
        none = query_mask is value_mask is key_mask is attention_mask is None
        if none and not causal and self._sliding_window is None:
            return None  # nearly always
        seen: BoolArray | None = None
        if query_mask is not None:
            seen = np.asarray(query_mask, np.bool_)[..., None]
        for mask in (value_mask, key_mask):
            if mask is not None:
                seen = both(seen, np.asarray(mask, np.bool_)[..., None, :])
        if causal:
            seen = both(seen, causal_mask(queries, keys)[None])
        if self._sliding_window is not None:
            seen = both(seen, window_mask(queries, keys, self._sliding_window)[None])
        if attention_mask is not None:
            seen = both(np.asarray(attention_mask, np.bool_), seen)
        return seen

    def _dropout_of(self, training: bool | None) -> Any:
        if not training or not self._dropout:
            return None
        return lambda weights: self._dropout_layer(weights, training=True)

    def compute_output_spec(
        self,
        query: KerasTensor,
        value: KerasTensor,
        key: KerasTensor | None = None,
        *_: Any,
        return_attention_scores: bool = False,
        **__: Any,
    ) -> Any:
        """The results of a call in a functional model."""
        key = value if key is None else key
        shape = self.compute_output_shape(query.shape, value.shape, key.shape)
        y = KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return y
        return y, KerasTensor(self._scores_shape(query.shape, key.shape), self.compute_dtype)

    def _scores_shape(self, query_shape: Any, key_shape: Any) -> Any:
        raise NotImplementedError

    def compute_mask(self, query: Any, previous_mask: Any) -> Any:
        """The query's mask."""
        return previous_mask

    def _projection_config(self) -> dict[str, Any]:
        return {
            "kernel_initializer": initializers.serialize(self._kernel_initializer),
            "bias_initializer": initializers.serialize(self._bias_initializer),
            "kernel_regularizer": regularizers.serialize(self._kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self._bias_regularizer),
            "activity_regularizer": regularizers.serialize(self._activity_regularizer),
            "kernel_constraint": constraints.serialize(self._kernel_constraint),
            "bias_constraint": constraints.serialize(self._bias_constraint),
            "seed": self.seed,
        }


def positive(layer: str, name: str, value: Any) -> int:
    """An int of at least 1.

    Raises:
      ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{layer}: {name} is {value!r}; expected an int of at least 1")
    return value
