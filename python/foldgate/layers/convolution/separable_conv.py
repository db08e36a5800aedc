"""Separable convolution over one and two axes."""

from __future__ import annotations

from typing import Any

from foldgate import ops
from foldgate._tape import settled
from foldgate._typing import FloatArray
from foldgate.layers._windows import (
    Shape,
    as_op_takes,
    channels_of,
    outputs_of,
    positive,
    spatial_of,
    with_spatial,
)
from foldgate.layers.convolution._base import WindowLayer, full_shape


class BaseSeparableConv(WindowLayer):
    """What SeparableConv1D and SeparableConv2D share."""

    _roles = ("depthwise", "pointwise", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        given = locals()
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_weights(activation, use_bias, given)
        self.filters = positive(self.name, "filters", filters)
        self.depth_multiplier = positive(self.name, "depth_multiplier", depth_multiplier)
        self._options = {
            "strides": as_op_takes(self.strides),
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": as_op_takes(self.dilation_rate),
            "activation": self._fused,
        }

    def build(self, input_shape: Shape) -> None:
        """Makes both kernels and the bias for inputs whose channels are known."""
        self.compute_output_shape(input_shape)
        channels = channels_of(self.name, input_shape, self.data_format)
        many = channels * self.depth_multiplier
        each = (*self.kernel_size, channels, self.depth_multiplier)
        self.depthwise_kernel = self._make("depthwise_kernel", "depthwise", each)
        mixing = (*(1,) * self.rank, many, self.filters)
        self.pointwise_kernel = self._make("pointwise_kernel", "pointwise", mixing)
        if self.use_bias:
            self.bias = self._make("bias", "bias", (self.filters,))
        self._expect_channels(channels)

    def call(self, inputs: FloatArray) -> FloatArray:
        """Both convolutions with bias and activation, as one operation."""
        weights = settled(self.depthwise_kernel, self.pointwise_kernel, self.bias)
        y = ops.separable_conv(self._floats(inputs), *weights, **self._options)
        return y if self._after is None else self._after(y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """A position a window, and `filters` channels."""
        shape = full_shape(self.name, self.rank, input_shape)
        spatial = spatial_of(shape, self.data_format)
        found = outputs_of(
            self.name, spatial, self.kernel_size, self.strides, self.padding, self.dilation_rate
        )
        return with_spatial(shape, found, self.filters, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        own = {"filters": self.filters, "depth_multiplier": self.depth_multiplier}
        return {**super().get_config(), **own}


_DOC = """Convolution over {axes} of every channel by itself, and a mix of the results position by position.

    Args:
      filters: the channels of the output.
      kernel_size: the taps of the window, an int{or_tuple}.
      strides: the distance of neighbouring windows, an int{or_tuple}. Defaults to 1.
      padding: `"valid"` or `"same"` (ceil(size / strides) positions). Defaults to `"valid"`.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      dilation_rate: the distance of neighbouring taps, an int{or_tuple}. Defaults to 1.
      depth_multiplier: the channels between both steps for one of the input. Defaults to 1.
      activation: None, a name or a function. Defaults to None.
      use_bias: Defaults to True.
      depthwise_initializer, pointwise_initializer: Default to `"glorot_uniform"`.
      bias_initializer: Defaults to `"zeros"`.
      depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer: Default to None.
      depthwise_constraint, pointwise_constraint, bias_constraint: Default to None.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, {sizes}, C), output (N, {outputs}, filters), with channels first (N, C, {sizes});
      depthwise_kernel (*kernel_size, C, depth_multiplier) and pointwise_kernel
      (*ones, C * depth_multiplier, filters) in either format, bias (filters,).

    Raises:
      ValueError: an argument has no such value, the input has other channels than the first one, or is
        smaller than a window.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.{name}(8, 3)
      >>> layer(np.ones({shape}, np.float32)).shape, layer.count_params()
      ({result}, {count})
    """


class SeparableConv1D(BaseSeparableConv):
    __doc__ = _DOC.format(
        name="SeparableConv1D", axes="one axis", or_tuple="", sizes="T", outputs="T'",
        shape="(2, 10, 4)", result="(2, 8, 8)", count=52,
    )  # fmt: skip
    rank = 1


class SeparableConv2D(BaseSeparableConv):
    __doc__ = _DOC.format(
        name="SeparableConv2D", axes="two axes", or_tuple=" or two", sizes="H, W", outputs="H', W'",
        shape="(2, 10, 10, 4)", result="(2, 8, 8, 8)", count=76,
    )  # fmt: skip
    rank = 2
