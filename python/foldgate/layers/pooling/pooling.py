"""Pooling over windows of one to three axes."""

from __future__ import annotations

from typing import Any

from foldgate import _defaults, ops
from foldgate._typing import FloatArray
from foldgate.layers._windows import (
    Shape,
    as_op_takes,
    ints,
    outputs_of,
    padding_name,
    spatial_of,
    with_spatial,
)
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.layer import Layer


class BasePooling(Layer):
    """What the layers that pool windows share."""

    rank = 0
    _pool: Any = None

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = ints(self.name, "pool_size", pool_size, self.rank)
        self.strides = ints(self.name, "strides", pool_size if strides is None else strides, self.rank)
        self.padding = padding_name(self.name, padding)
        self.data_format = _defaults.standardize_data_format(data_format)
        self._window = (as_op_takes(self.pool_size), as_op_takes(self.strides), self.padding)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    def call(self, inputs: FloatArray) -> FloatArray:
        """One pooling."""
        if inputs.dtype.kind != "f":
            inputs = inputs.astype(self._compute_kind)
        pooled: FloatArray = self._pool(inputs, *self._window, data_format=self.data_format)
        return pooled

    def _gives_alike(self) -> bool:
        return type(self).call is BasePooling.call

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """A position a window."""
        spatial = spatial_of(input_shape, self.data_format)
        found = outputs_of(self.name, spatial, self.pool_size, self.strides, self.padding)
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        return with_spatial(input_shape, found, channels, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class _MaxPooling(BasePooling):
    _pool = staticmethod(ops.max_pool)

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class _AveragePooling(BasePooling):
    _pool = staticmethod(ops.average_pool)


_DOC = """The {what} of every window of {axes}, channel by channel.

    Args:
      pool_size: the window, an int{or_tuple}.{default}
      strides: the distance of neighbouring windows; None for `pool_size`. Defaults to None.
      padding: `"valid"` or `"same"` (ceil(size / strides) windows{border}). Defaults to
        `"valid"`.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      name: None makes one of the class's name.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, {sizes}, C), output (N, {outputs}, C), with channels first (N, C, {sizes}).

    Raises:
      ValueError: an argument has no such value, or the input is smaller than a window.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> keras.layers.{name}(2)(np.ones({shape}, np.float32)).shape
      {result}
    """
_AXES = (
    {"axes": "one axis", "or_tuple": "", "sizes": "T", "outputs": "T'",
     "shape": "(2, 7, 4)", "result": "(2, 3, 4)"},
    {"axes": "two axes", "or_tuple": " or two", "sizes": "H, W", "outputs": "H', W'",
     "shape": "(2, 7, 6, 4)", "result": "(2, 3, 3, 4)"},
    {"axes": "three axes", "or_tuple": " or three", "sizes": "D, H, W", "outputs": "D', H', W'",
     "shape": "(2, 7, 6, 5, 4)", "result": "(2, 3, 3, 2, 4)"},
)  # fmt: skip
_MAX = {"what": "largest value", "border": "; the border never wins", "default": " Defaults to 2."}
_MEAN = {"what": "mean", "border": "; the border does not count", "default": ""}


class MaxPooling1D(_MaxPooling):
    __doc__ = _DOC.format(name="MaxPooling1D", **_MAX, **_AXES[0])
    rank = 1


class MaxPooling2D(_MaxPooling):
    __doc__ = _DOC.format(name="MaxPooling2D", **_MAX, **_AXES[1])
    rank = 2


class MaxPooling3D(_MaxPooling):
    __doc__ = _DOC.format(name="MaxPooling3D", **_MAX, **_AXES[2])
    rank = 3


class AveragePooling1D(_AveragePooling):
    __doc__ = _DOC.format(name="AveragePooling1D", **_MEAN, **_AXES[0])
    rank = 1


class AveragePooling2D(_AveragePooling):
    __doc__ = _DOC.format(name="AveragePooling2D", **_MEAN, **_AXES[1])
    rank = 2


class AveragePooling3D(_AveragePooling):
    __doc__ = _DOC.format(name="AveragePooling3D", **_MEAN, **_AXES[2])
    rank = 3
