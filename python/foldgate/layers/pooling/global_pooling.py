"""Pooling over all positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate import _defaults, ops
from foldgate._custom_gradient import custom_gradient
from foldgate._typing import FloatArray
from foldgate.layers._windows import Shape, with_spatial
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.layer import Layer


class BaseGlobalPooling(Layer):
    """What the layers that pool all positions share."""

    rank = 0
    _pool: Any = None

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = _defaults.standardize_data_format(data_format)
        self.keepdims = bool(keepdims)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    def call(self, inputs: FloatArray) -> FloatArray:
        """One pooling."""
        pooled: FloatArray = self._pool(
            self._floats(inputs), data_format=self.data_format, keepdims=self.keepdims
        )
        return pooled

    def _floats(self, inputs: FloatArray) -> FloatArray:
        return inputs if inputs.dtype.kind == "f" else inputs.astype(self._compute_kind)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """One position, or none of the axes of positions."""
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        if not self.keepdims:
            return (input_shape[0], channels)
        return with_spatial(input_shape, (1,) * self.rank, channels, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class _GlobalMax(BaseGlobalPooling):
    _pool = staticmethod(ops.global_max_pool)


class _GlobalAverage(BaseGlobalPooling):
    _pool = staticmethod(ops.global_average_pool)


_DOC = """The {what} of every channel over {axes}.

    Args:
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      keepdims: whether the pooled axes stay, with size 1. Defaults to False.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, {sizes}, C), with channels first (N, C, {sizes}); output (N, C).{mask}

    Raises:
      ValueError: an argument has no such value, or the input another number of axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.{name}()(np.ones({shape}, np.float32)).shape
      (2, 4)
    """
_AXES = (
    {"axes": "the steps", "sizes": "T", "shape": "(2, 5, 4)"},
    {"axes": "the image", "sizes": "H, W", "shape": "(2, 5, 3, 4)"},
    {"axes": "the volume", "sizes": "D, H, W", "shape": "(2, 5, 3, 2, 4)"},
)
_MASK = """

    Mask:
      (N, T), True for the steps that count."""


class GlobalMaxPooling1D(_GlobalMax):
    __doc__ = _DOC.format(name="GlobalMaxPooling1D", what="largest value", mask="", **_AXES[0])
    rank = 1


class GlobalMaxPooling2D(_GlobalMax):
    __doc__ = _DOC.format(name="GlobalMaxPooling2D", what="largest value", mask="", **_AXES[1])
    rank = 2


class GlobalMaxPooling3D(_GlobalMax):
    __doc__ = _DOC.format(name="GlobalMaxPooling3D", what="largest value", mask="", **_AXES[2])
    rank = 3


class GlobalAveragePooling1D(_GlobalAverage):
    __doc__ = _DOC.format(name="GlobalAveragePooling1D", what="mean", mask=_MASK, **_AXES[0])
    rank = 1

    def call(self, inputs: FloatArray, mask: Any = None) -> FloatArray:
        """The mean of the steps that the mask leaves."""
        if mask is None:
            return super().call(inputs)
        inputs, last = self._floats(inputs), self.data_format == "channels_last"
        kept = np.asarray(mask, bool)
        shape = tuple(inputs.shape)
        if kept.shape != (shape[0], shape[1 if last else 2]):
            raise ValueError(
                f"{self.name}: mask has shape {kept.shape}; expected {(shape[0], shape[1 if last else 2])}"
            )
        axis = 1 if last else 2
        mean: FloatArray = _masked_mean(
            inputs, kept=np.expand_dims(kept, 3 - axis), axis=axis, keepdims=self.keepdims
        )
        return mean

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: there are no steps any more."""
        return None


class GlobalAveragePooling2D(_GlobalAverage):
    __doc__ = _DOC.format(name="GlobalAveragePooling2D", what="mean", mask="", **_AXES[1])
    rank = 2


class GlobalAveragePooling3D(_GlobalAverage):
    __doc__ = _DOC.format(name="GlobalAveragePooling3D", what="mean", mask="", **_AXES[2])
    rank = 3


@custom_gradient
def _masked_mean(
    x: FloatArray, kept: Any, axis: int, keepdims: bool
) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
    """The mean along an axis of what is kept; NaN where that is nothing, as in Keras."""
    count = np.sum(kept, axis=axis, keepdims=True).astype(x.dtype)
    with np.errstate(invalid="ignore"):
        y = np.sum(np.where(kept, x, 0), axis=axis, keepdims=True) / count

    def backward(dy: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            each = dy.reshape(y.shape) / count
        return np.where(kept, each, 0)

    return y if keepdims else np.squeeze(y, axis), backward
