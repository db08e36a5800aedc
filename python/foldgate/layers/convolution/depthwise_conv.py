"""Depthwise convolution over one and two axes."""

from __future__ import annotations

from typing import Any

import numpy as np

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


class BaseDepthwiseConv(WindowLayer):
    """What DepthwiseConv1D and DepthwiseConv2D share."""

    _roles = ("depthwise", "bias")

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        given = locals()
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_weights(activation, use_bias, given)
        self.depth_multiplier = positive(self.name, "depth_multiplier", depth_multiplier)
        self._options: dict[str, Any] = {}

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias for inputs whose channels are known."""
        self.compute_output_shape(input_shape)
        channels = channels_of(self.name, input_shape, self.data_format)
        self.kernel = self._make("kernel", "depthwise", (*self.kernel_size, channels, self.depth_multiplier))
        if self.use_bias:
            self.bias = self._make("bias", "bias", (channels * self.depth_multiplier,))
        self._expect_channels(channels)
        self._grouped = (*self.kernel_size, 1, channels * self.depth_multiplier)
        self._options = {
            "strides": as_op_takes(self.strides),
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": as_op_takes(self.dilation_rate),
            "groups": channels,
            "activation": self._fused,
        }

    def call(self, inputs: FloatArray) -> FloatArray:
        """One convolution with a group for every channel, with bias and activation."""
        kernel, bias = settled(self.kernel, self.bias)
        y = ops.conv(self._floats(inputs), np.reshape(kernel, self._grouped), bias, **self._options)
        return y if self._after is None else self._after(y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """A position a window, and `depth_multiplier` times the channels."""
        shape = full_shape(self.name, self.rank, input_shape)
        spatial = spatial_of(shape, self.data_format)
        found = outputs_of(
            self.name, spatial, self.kernel_size, self.strides, self.padding, self.dilation_rate
        )
        channels = shape[-1 if self.data_format == "channels_last" else 1]
        many = None if channels is None else channels * self.depth_multiplier
        return with_spatial(shape, found, many, self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


_DOC = """Convolution over {axes} of every channel by itself, with `depth_multiplier` kernels each.

    Args:
      kernel_size: the taps of the window, an int{or_tuple}.
      strides: the distance of neighbouring windows, an int{or_tuple}. Defaults to 1.
      padding: `"valid"` or `"same"` (ceil(size / strides) positions). Defaults to `"valid"`.
      depth_multiplier: the channels of the output for one of the input. Defaults to 1.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      dilation_rate: the distance of neighbouring taps, an int{or_tuple}. Defaults to 1.
      activation: None, a name or a function. Defaults to None.
      use_bias: Defaults to True.
      depthwise_initializer: of the kernel. Defaults to `"glorot_uniform"`.
      bias_initializer: Defaults to `"zeros"`.
      depthwise_regularizer, bias_regularizer, activity_regularizer: Default to None.
      depthwise_constraint, bias_constraint: Default to None.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, {sizes}, C), output (N, {outputs}, C * depth_multiplier), with channels first
      (N, C, {sizes}); kernel (*kernel_size, C, depth_multiplier) in either format, bias
      (C * depth_multiplier,).

    Raises:
      ValueError: an argument has no such value, the input has other channels than the first one, or is
        smaller than a window.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.{name}(3, depth_multiplier=2)
      >>> layer(np.ones({shape}, np.float32)).shape, layer.count_params()
      ({result}, {count})
    """


class DepthwiseConv1D(BaseDepthwiseConv):
    __doc__ = _DOC.format(
        name="DepthwiseConv1D", axes="one axis", or_tuple="", sizes="T", outputs="T'",
        shape="(2, 10, 4)", result="(2, 8, 8)", count=32,
    )  # fmt: skip
    rank = 1


class DepthwiseConv2D(BaseDepthwiseConv):
    __doc__ = _DOC.format(
        name="DepthwiseConv2D", axes="two axes", or_tuple=" or two", sizes="H, W", outputs="H', W'",
        shape="(2, 10, 10, 4)", result="(2, 8, 8, 8)", count=80,
    )  # fmt: skip
    rank = 2
