"""Transposed convolution over one to three axes."""

from __future__ import annotations

from typing import Any

from foldgate import ops
from foldgate._tape import settled
from foldgate._typing import FloatArray
from foldgate.layers._windows import (
    Shape,
    as_op_takes,
    channels_of,
    ints,
    no_strides_with_dilation,
    positive,
    spatial_of,
    with_spatial,
)
from foldgate.layers.convolution._base import WindowLayer, full_shape


class BaseConvTranspose(WindowLayer):
    """What Conv1DTranspose, Conv2DTranspose and Conv3DTranspose share."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        self.output_padding = self._added(output_padding)
        no_strides_with_dilation(self.name, self.strides, self.dilation_rate)
        self._options = {
            "strides": as_op_takes(self.strides),
            "padding": self.padding,
            "output_padding": None if self.output_padding is None else as_op_takes(self.output_padding),
            "data_format": self.data_format,
            "dilation_rate": as_op_takes(self.dilation_rate),
            "activation": self._fused,
        }

    def _added(self, output_padding: Any) -> tuple[int, ...] | None:
        if output_padding is None:
            return None
        added = ints(self.name, "output_padding", output_padding, self.rank, least=0)
        if any(a >= s for a, s in zip(added, self.strides, strict=True)):
            raise ValueError(
                f"{self.name}: output_padding is {output_padding!r}; expected less than the strides "
                f"{self.strides}"
            )
        return added

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias for inputs whose channels are known."""
        channels = channels_of(self.name, full_shape(self.name, self.rank, input_shape), self.data_format)
        self.kernel = self._make("kernel", "kernel", (*self.kernel_size, self.filters, channels))
        if self.use_bias:
            self.bias = self._make("bias", "bias", (self.filters,))
        self._expect_channels(channels)

    def call(self, inputs: FloatArray) -> FloatArray:
        """One transposed convolution with bias and activation."""
        kernel, bias = settled(self.kernel, self.bias)
        y = ops.conv_transpose(self._floats(inputs), kernel, bias, **self._options)
        return y if self._after is None else self._after(y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """`strides` times the positions for `"same"`, and what hangs over for `"valid"`."""
        shape = full_shape(self.name, self.rank, input_shape)
        sizes = spatial_of(shape, self.data_format)
        added = self.output_padding or (None,) * self.rank
        axes: Any = zip(sizes, self.kernel_size, self.strides, self.dilation_rate, added, strict=True)
        found = [None if size is None else self._extent(size, *rest) for size, *rest in axes]
        return with_spatial(shape, found, self.filters, self.data_format)

    def _extent(self, size: int, taps: int, step: int, rate: int, added: int | None) -> int:
        covered = (taps - 1) * rate + 1
        if self.padding == "valid":
            extra = max(0, step - covered) if added is None else added
            return (size - 1) * step + covered + extra
        return size * step if added is None else (size - 1) * step + covered % 2 + added

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {**super().get_config(), "filters": self.filters, "output_padding": self.output_padding}


_DOC = """Transposed convolution over {axes}: every position is spread over a window of the output.

    It is the gradient of `{forward}` with respect to its input, with a bias and an activation; where strides
    are above 1 it enlarges.

    Args:
      filters: the channels of the output.
      kernel_size: the taps of the window, an int{or_tuple}.
      strides: the distance of neighbouring windows in the output, an int{or_tuple}. Defaults to 1.
      padding: `"valid"`, or `"same"` for `strides` times the positions. Defaults to `"valid"`.
{order}
      dilation_rate: the distance of neighbouring taps, an int{or_tuple}; not with strides. Defaults to 1.
      activation: None, a name or a function. Defaults to None.
      use_bias: Defaults to True.
      kernel_initializer: Defaults to `"glorot_uniform"`.
      bias_initializer: Defaults to `"zeros"`.
      kernel_regularizer, bias_regularizer, activity_regularizer: Default to None.
      kernel_constraint, bias_constraint: Default to None.
      **kwargs: of `Layer`.

    Shapes:
      inputs (N, {sizes}, C), output (N, {outputs}, filters), with channels first (N, C, {sizes}); kernel
      (*kernel_size, filters, C) in either format, bias (filters,).

    Raises:
      ValueError: an argument has no such value, they do not fit each other, or the input has other channels
        than the first one.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.{name}(8, 3, strides=2, padding="same")
      >>> layer(np.ones({shape}, np.float32)).shape, layer.count_params()
      ({result}, {count})
    """
_NOT_ARGUMENTS = ("self", "kwargs", "__class__")
_ADDED = """      output_padding: positions added at the end, below the strides, an int{or_tuple};
        None for what the padding says. Defaults to None."""
_FORMAT = (
    """      data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`."""
)
_USUAL = f"{_ADDED}\n{_FORMAT}"


class Conv1DTranspose(BaseConvTranspose):
    __doc__ = _DOC.format(
        name="Conv1DTranspose", forward="Conv1D", axes="one axis", or_tuple="", sizes="T", outputs="T'",
        order=_USUAL.format(or_tuple=""), shape="(2, 5, 4)", result="(2, 10, 8)", count=104,
    )  # fmt: skip
    rank = 1


class Conv2DTranspose(BaseConvTranspose):
    __doc__ = _DOC.format(
        name="Conv2DTranspose", forward="Conv2D", axes="two axes", or_tuple=" or two", sizes="H, W",
        outputs="H', W'", order=_USUAL.format(or_tuple=" or two"),
        shape="(2, 5, 5, 4)", result="(2, 10, 10, 8)", count=296,
    )  # fmt: skip
    rank = 2


class Conv3DTranspose(BaseConvTranspose):
    __doc__ = _DOC.format(
        name="Conv3DTranspose", forward="Conv3D", axes="three axes", or_tuple=" or three", sizes="D, H, W",
        outputs="D', H', W'", order=f"{_FORMAT}\n{_ADDED}".format(or_tuple=" or three"),
        shape="(2, 3, 3, 3, 4)", result="(2, 6, 6, 6, 8)", count=872,
    )  # fmt: skip
    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,  # before output_padding, as in Keras
        output_padding: Any = None,
        dilation_rate: Any = 1,
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
        given = {name: value for name, value in locals().items() if name not in _NOT_ARGUMENTS}
        super().__init__(**given, **kwargs)
