"""Pooling to a given number of positions."""

from __future__ import annotations

from typing import Any

from foldgate import _defaults, ops
from foldgate._typing import FloatArray
from foldgate.layers._windows import Shape, ints, with_spatial
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.layer import Layer


class BaseAdaptivePooling(Layer):
    """What the layers that pool to a size share."""

    rank = 0
    _pool: Any = None

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = ints(self.name, "output_size", output_size, self.rank)
        self.data_format = _defaults.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    def call(self, inputs: FloatArray) -> FloatArray:
        """One pooling."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self._compute_kind)
        pooled: FloatArray = self._pool(inputs, self.output_size, data_format=self.data_format)
        return pooled

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`output_size` positions."""
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        return with_spatial(input_shape, self.output_size, channels, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "output_size": self.output_size, "data_format": self.data_format}


class _AdaptiveMax(BaseAdaptivePooling):
    _pool = staticmethod(ops.adaptive_max_pool)


class _AdaptiveAverage(BaseAdaptivePooling):
    _pool = staticmethod(ops.adaptive_average_pool)


_DOC = """The {what} of each of `output_size` parts of {axes}, channel by channel.

    Part i of n of an axis of size s goes from floor(i s / n) to ceil((i + 1) s / n): parts overlap where n
    does not divide s.

    Args:
      output_size: the number of parts, an int{or_tuple}.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, {sizes}, C), output (N, *output_size, C), with channels first (N, C, {sizes}).

    Raises:
      ValueError: an argument has no such value, or the input another number of axes.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.{name}(3)(np.ones({shape}, np.float32)).shape
      {result}
    """
_AXES = (
    {"axes": "an axis", "or_tuple": "", "sizes": "T", "shape": "(2, 7, 4)", "result": "(2, 3, 4)"},
    {"axes": "each axis of images", "or_tuple": " or two", "sizes": "H, W", "shape": "(2, 7, 6, 4)",
     "result": "(2, 3, 3, 4)"},
    {"axes": "each axis of volumes", "or_tuple": " or three", "sizes": "D, H, W", "shape": "(2, 7, 6, 5, 4)",
     "result": "(2, 3, 3, 3, 4)"},
)  # fmt: skip


class AdaptiveMaxPooling1D(_AdaptiveMax):
    __doc__ = _DOC.format(name="AdaptiveMaxPooling1D", what="largest value", **_AXES[0])
    rank = 1


class AdaptiveMaxPooling2D(_AdaptiveMax):
    __doc__ = _DOC.format(name="AdaptiveMaxPooling2D", what="largest value", **_AXES[1])
    rank = 2


class AdaptiveMaxPooling3D(_AdaptiveMax):
    __doc__ = _DOC.format(name="AdaptiveMaxPooling3D", what="largest value", **_AXES[2])
    rank = 3


class AdaptiveAveragePooling1D(_AdaptiveAverage):
    __doc__ = _DOC.format(name="AdaptiveAveragePooling1D", what="mean", **_AXES[0])
    rank = 1


class AdaptiveAveragePooling2D(_AdaptiveAverage):
    __doc__ = _DOC.format(name="AdaptiveAveragePooling2D", what="mean", **_AXES[1])
    rank = 2


class AdaptiveAveragePooling3D(_AdaptiveAverage):
    __doc__ = _DOC.format(name="AdaptiveAveragePooling3D", what="mean", **_AXES[2])
    rank = 3
