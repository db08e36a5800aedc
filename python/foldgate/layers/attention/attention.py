"""Attention of one sequence to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate import ops
from foldgate._checks import seeds
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._typing import BoolArray, FloatArray
from foldgate.layers.attention._attend import attend, beside, both, causal_mask, softmax_where
from foldgate.layers.layer import Layer
from foldgate.layers.regularization._noise import fraction
from foldgate.layers.weight import Weight
from foldgate.random import SeedGenerator

Shape = tuple[int | None, ...]


class Attention(Layer):
    """Means of the values, weighted by how well their keys suit a query (Luong).

        y = softmax(scale q k') v

    Args:
      use_scale: whether the scores are multiplied by a learned number, at first 1.
      score_mode: `"dot"` for q k', or `"concat"` for w sum(tanh(scale (q + k))) with a learned w.
      dropout: the probability with which a weight is dropped in training.
      seed: of the dropout, 0 to 2^32 - 1, or None for one from Python's `random`.
      **kwargs: of `Layer`.

    Call arguments:
      inputs: a list of query (N, T, D), value (N, S, E) and, where it is not the value, key (N, S, D).
      mask: a list of the query's mask (N, T) and the value's (N, S), bool or None. A value that is masked has
        no weight, a query that is masked, or sees no value, gives 0.
      training: whether to drop weights.
      return_attention_scores: whether to return the weights too, (N, T, S).
      use_causal_mask: whether query i sees the values 0 to i alone.

    Returns:
      (N, T, E), with `return_attention_scores` followed by the weights.

    Raises:
      ValueError: `score_mode` or `dropout` is none of these, or the inputs are no list of two or three.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> query, value = np.zeros((1, 2, 3)), np.array([[[1.0], [3.0]]])
      >>> keras.layers.Attention()([query, value, np.zeros((1, 2, 3))]).ravel()
      array([2., 2.], dtype=float32)
    """

    scale: Weight | None
    concat_score_weight: Weight | None

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        if score_mode not in ("dot", "concat"):
            raise ValueError(f"{name}: score_mode is {score_mode!r}; expected 'dot' or 'concat'")
        seeds(self, seed=seed)
        self.supports_masking = True
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = fraction(name, "dropout", dropout, below_one=True)
        self.seed = seed
        self.scale = self.concat_score_weight = None
        if dropout > 0:
            self.seed_generator = SeedGenerator(seed)

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Makes the scale and the weight of `"concat"`, where they are asked for."""
        self._checked(input_shape)
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(
                name="concat_score_weight", shape=(), initializer="ones"
            )

    def _checked(self, value: Any, what: str = "inputs") -> None:
        if not isinstance(value, (list, tuple)) or not 2 <= len(value) <= 3:
            found = f"a list of {len(value)}" if isinstance(value, (list, tuple)) else type(value).__name__
            raise ValueError(
                f"{type(self).__name__}: {what} is {found}; expected a list [query, value] or "
                "[query, value, key]"
            )

    def call(
        self,
        inputs: Sequence[FloatArray],
        mask: Sequence[BoolArray | None] | None = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Attends; in one fused pass for `"dot"` without dropout and without the weights."""
        self._checked(inputs)
        if mask is not None:
            self._checked(mask, "mask")
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        seen = None
        if mask is not None and mask[1] is not None:
            seen = np.asarray(mask[1], np.bool_)[..., None, :]
        dropout = self._dropout_of(training)
        if self.score_mode == "dot" and type(self)._scores is Attention._scores:
            y, weights = self._dot(query, key, value, seen, use_causal_mask, dropout, return_attention_scores)
        else:
            if use_causal_mask:
                seen = both(seen, causal_mask(query.shape[-2], key.shape[-2]))
            weights = softmax_where(self._scores(query, key), seen)
            weights = weights if dropout is None else dropout(weights)
            y = ops.matmul(weights, value)
        if mask is not None and mask[0] is not None:
            y = np.where(np.asarray(mask[0], np.bool_)[..., None], y, y.dtype.type(0))
        return (y, weights) if return_attention_scores else y

    def _dropout_of(self, training: bool | None) -> Any:
        if not training or self.dropout == 0:
            return None
        return self._drop

    def _drop(self, weights: Any) -> Any:
        seed, offset = self.seed_generator.next_key()
        return ops.dropout(weights, self.dropout, seed=seed, offset=offset)

    def _dot(
        self, query: Any, key: Any, value: Any, seen: Any, causal: bool, dropout: Any, wanted: bool
    ) -> tuple[Any, Any]:
        """By `attend`, with one head. Its weights are those after dropout, as Keras returns them."""
        shapes = [x.shape for x in (query, value, key)]
        if {len(shape) for shape in shapes} not in ({3}, {4}):
            raise ValueError(
                f"{type(self).__name__} {self.name!r}: query, value and key have shapes {shapes}; expected 3 "
                "axes each, or 4"
            )
        if self.scale is not None:
            query = query * self.scale
        heads = [_with_heads(x) for x in (query, key, value)]
        mask = seen if seen is None or query.ndim == 4 else seen[:, None]
        kept: list[Any] = []

        def drop(weights: Any) -> Any:
            kept.append(dropout(weights))
            return kept[0]

        y, weights = attend(
            *heads,
            scale=1.0,
            mask=mask,
            causal=causal,
            dropout=None if dropout is None else drop,
            weights=wanted,
        )
        weights = kept[0] if kept and wanted else weights
        if query.ndim == 4:
            return y.transpose((0, 2, 1, 3)), weights
        return y.reshape((*y.shape[:2], y.shape[3])), None if weights is None else weights[:, 0]

    def _scores(self, query: Any, key: Any) -> Any:
        """(N, T, S), of `"concat"`."""
        total = beside(query, key)
        total = total if self.scale is None else total * self.scale
        return np.sum(ops.tanh(total), -1) * self.concat_score_weight

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """(N, T, E) of [(N, T, D), (N, S, E)]."""
        self._checked(input_shape)
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self, inputs: Sequence[KerasTensor], return_attention_scores: bool = False, **_: Any
    ) -> Any:
        """The results of a call in a functional model."""
        self._checked(inputs)
        shapes = [tensor.shape for tensor in inputs]
        y = KerasTensor(self.compute_output_shape(shapes), self.compute_dtype)
        if not return_attention_scores:
            return y
        return y, KerasTensor((*shapes[0][:-1], shapes[-1][-2]), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The query's mask."""
        return None if mask is None else mask[0]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }


def _with_heads(x: Any) -> Any:
    """(N, T, heads, D) of (N, T, D), or of (N, heads, T, D)."""
    if x.ndim == 4:
        return x.transpose((0, 2, 1, 3))
    return x.reshape((*x.shape[:2], 1, x.shape[2]))
