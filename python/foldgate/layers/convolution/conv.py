"""Convolution over one to three axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from foldgate import ops
from foldgate._tape import settled
from foldgate._typing import FloatArray
from foldgate.layers._windows import (
    Shape,
    as_op_takes,
    channels_of,
    no_strides_with_dilation,
    outputs_of,
    positive,
    spatial_of,
    with_spatial,
)
from foldgate.layers.convolution._base import WindowLayer, full_shape


class BaseConv(WindowLayer):
    """What Conv1D, Conv2D and Conv3D share."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        given = locals()
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_windows(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_weights(activation, use_bias, given)
        self.filters = positive(self.name, "filters", filters)
        self.groups = positive(self.name, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(f"{self.name}: groups is {groups}; expected a divisor of the {filters} filters")
        no_strides_with_dilation(self.name, self.strides, self.dilation_rate)
        self._options = {
            "strides": as_op_takes(self.strides),
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": as_op_takes(self.dilation_rate),
            "groups": self.groups,
            "activation": self._fused,
        }

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias for inputs whose channels are known."""
        self.compute_output_shape(input_shape)
        channels = channels_of(self.name, input_shape, self.data_format)
        if channels % self.groups:
            raise ValueError(
                f"{self.name}: inputs have {channels} channels; expected a multiple of {self.groups} groups"
            )
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self._make("kernel", "kernel", shape)
        if self.use_bias:
            self.bias = self._make("bias", "bias", (self.filters,))
        self._expect_channels(channels)

    def call(self, inputs: FloatArray) -> FloatArray:
        """One convolution with bias and activation."""
        kernel, bias = settled(self.kernel, self.bias)
        y = ops.conv(self._floats(inputs), kernel, bias, **self._options)
        return y if self._after is None else self._after(y)

    def _gives_alike(self) -> bool:
        return type(self).call is BaseConv.call and self._after is None

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
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


_DOC = """Convolution over {axes}: `activation(conv(inputs, kernel) + bias)`, one kernel a filter.

    Args:
      filters: the channels of the output.
      kernel_size: the taps of the window, an int{or_tuple}.
      strides: the distance of neighbouring windows, an int{or_tuple}. Defaults to 1.
      padding: `"valid"`, `"same"` (ceil(size / strides) positions){causal}. Defaults to `"valid"`.
      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
      dilation_rate: the distance of neighbouring taps, an int{or_tuple}; not with strides. Defaults to 1.
      groups: into how many the channels are cut, each with filters of its own. Defaults to 1.
      activation: None, a name or a function. Defaults to None.
      use_bias: Defaults to True.
      kernel_initializer: Defaults to `"glorot_uniform"`.
      bias_initializer: Defaults to `"zeros"`.
      kernel_regularizer, bias_regularizer, activity_regularizer: Default to None.
      kernel_constraint, bias_constraint: Default to None.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, {sizes}, C), output (N, {outputs}, filters), with channels first (N, C, {sizes}); kernel
      (*kernel_size, C / groups, filters) in either format, bias (filters,).

    Raises:
      ValueError: an argument has no such value, they do not fit each other or the input's channels, or the
        input is smaller than a window.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.{name}(8, 3, activation="relu", padding="same")
      >>> layer(np.ones({shape}, np.float32)).shape, layer.count_params()
      ({result}, {count})
    """


class Conv1D(BaseConv):
    __doc__ = _DOC.format(
        name="Conv1D", axes="one axis, as of time series", or_tuple="", sizes="T", outputs="T'",
        causal=' or `"causal"`\n        (no output sees a later input)',
        shape="(2, 10, 4)", result="(2, 10, 8)", count=104,
    )  # fmt: skip
    rank = 1
    _causal = True


class Conv2D(BaseConv):
    __doc__ = _DOC.format(
        name="Conv2D", axes="two axes, as of images", or_tuple=" or two", sizes="H, W", outputs="H', W'",
        causal="", shape="(2, 10, 10, 4)", result="(2, 10, 10, 8)", count=296,
    )  # fmt: skip
    rank = 2

    def _fused_with(self, following: object) -> Callable[[Any], Any] | None:
        """What does this layer's work and that of the next, the only one that reads its result; or None."""
        from foldgate.layers.convolution.conv_pool import ConvMaxPool, fitting

        return ConvMaxPool(self, cast(Any, following)) if self.built and fitting(self, following) else None


class Conv3D(BaseConv):
    __doc__ = _DOC.format(
        name="Conv3D", axes="three axes, as of volumes", or_tuple=" or three", sizes="D, H, W",
        outputs="D', H', W'", causal="", shape="(2, 5, 5, 5, 4)", result="(2, 5, 5, 5, 8)", count=872,
    )  # fmt: skip
    rank = 3
