"""A layer and the ReLU that a model has next, in one pass over the values and as one node on the tape."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import _masks
from foldgate._tape import Tensor
from foldgate.layers._context import context


class Rectified:
    """Calls `layer.call_relu` where nothing else of a call is to be done, else both layers.

    Args:
      layer: one with `call_relu(inputs, training)`.
      relu: the layer after it.
    """

    def __init__(self, layer: Any, relu: Any) -> None:
        self.layer, self.relu = layer, relu

    def __call__(self, inputs: Any) -> Any:
        layer = self.layer
        if self._is_plain(inputs):
            return layer.call_relu(inputs, context.training)
        return self.relu(layer(inputs))

    def _is_plain(self, inputs: Any) -> bool:
        layer = self.layer
        if not self.relu._is_relu:  # any more
            return False
        if _masks.kept or not layer.built or layer.activity_regularizer is not None or layer._losses:
            return False
        kind = layer._compute_kind
        parts = inputs if isinstance(inputs, (list, tuple)) else (inputs,)
        shape = parts[0].shape
        return all(
            isinstance(x, (np.ndarray, Tensor)) and x.dtype == kind and x.shape == shape for x in parts
        )
