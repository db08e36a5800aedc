"""Keras' convolutions by foldgate: `conv(inputs, kernel, ...)` of a backend's `nn` and its relatives.

Each function here makes, from the backend's room and the function to replace, one of the same arguments that
gives None where it leaves a call to Keras. What a call's options come to is worked out once for its shapes.
"""

from __future__ import annotations

from typing import Any

from foldgate.keras import kernels
from foldgate.keras.geometry import Window, conv_window, data_format_of, fixed, transpose_window


def conv(room: Any, original: Any) -> Any:
    """`conv` of a backend."""

    def attempt(
        inputs: Any,
        kernel: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
    ) -> Any:
        options = (strides, padding, data_format, dilation_rate)
        operands = _operands(room, "conv", inputs, kernel)
        if operands is not None:
            x, k = operands
            window = _window(x, k, *options)
            if window is not None and x.shape[window.axis] % k.shape[-2] == 0:
                groups = x.shape[window.axis] // k.shape[-2]
                if k.shape[-1] % groups == 0:
                    return _conv(room, original, window, groups, options, x, k)
        return None

    return attempt


def depthwise_conv(room: Any, original: Any) -> Any:
    """`depthwise_conv` of a backend: a convolution with a group for every channel."""

    def attempt(
        inputs: Any,
        kernel: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
    ) -> Any:
        options = (strides, padding, data_format, dilation_rate)
        operands = _operands(room, "depthwise_conv", inputs, kernel)
        if operands is not None:
            x, k = operands
            window = _window(x, k, *options)
            if window is not None and x.shape[window.axis] == k.shape[-2]:
                channels, multiplier = k.shape[-2:]
                grouped = k.reshape((*k.shape[:-2], 1, channels * multiplier))

                def plain(x: Any, grouped: Any, *options: Any) -> Any:
                    return original(x, grouped.reshape(k.shape), *options)

                return _conv(room, plain, window, channels, options, x, grouped)
        return None

    return attempt


def _conv(room: Any, original: Any, window: Window, groups: int, options: Any, x: Any, k: Any) -> Any:
    call = kernels.Conv({**window.options, "groups": groups})
    return room.run(call, lambda x, k: original(x, k, *options), x, k)[0]


def separable_conv(room: Any, original: Any) -> Any:
    """`separable_conv` of a backend."""

    def attempt(
        inputs: Any,
        depthwise_kernel: Any,
        pointwise_kernel: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: Any = None,
        dilation_rate: Any = 1,
    ) -> Any:
        options = (strides, padding, data_format, dilation_rate)
        operands = _operands(room, "separable_conv", inputs, depthwise_kernel, pointwise_kernel)
        if operands is not None:
            x, depthwise, pointwise = operands
            window = _window(x, depthwise, *options)
            if window is not None and _fit(depthwise, pointwise, x.shape[window.axis]):
                call = kernels.SeparableConv(window.options)
                return room.run(call, lambda *given: original(*given, *options), *operands)[0]
        return None

    return attempt


def _fit(depthwise: Any, pointwise: Any, channels: int) -> bool:
    """Whether the kernels of a separable convolution go together, and with the channels."""
    *taps, depth, multiplier = depthwise.shape
    ones = (1,) * len(taps)
    return depth == channels and tuple(pointwise.shape[:-1]) == (*ones, channels * multiplier)


def _operands(room: Any, name: str, *given: Any) -> tuple[Any, ...] | None:
    """What the kernels take, if they can and it pays."""
    if not room.worth(name, *given[:2]):
        return None
    found: tuple[Any, ...] | None = room.operands(*map(room.tensor, given))
    return found


def _window(
    x: Any, kernel: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any
) -> Window | None:
    return conv_window(
        tuple(x.shape),
        tuple(kernel.shape),
        fixed(strides),
        fixed(padding),
        data_format_of(data_format),
        fixed(dilation_rate),
    )


def conv_transpose(room: Any, original: Any) -> Any:
    """`conv_transpose` of a backend."""

    def attempt(
        inputs: Any,
        kernel: Any,
        strides: Any = 1,
        padding: Any = "valid",
        output_padding: Any = None,
        data_format: Any = None,
        dilation_rate: Any = 1,
    ) -> Any:
        options = (strides, padding, output_padding, data_format, dilation_rate)
        operands = _operands(room, "conv_transpose", inputs, kernel)
        if operands is not None:
            x, k = operands
            window = transpose_window(
                tuple(x.shape),
                tuple(k.shape),
                fixed(strides),
                fixed(padding),
                fixed(output_padding),
                data_format_of(data_format),
                fixed(dilation_rate),
            )
            if window is not None and room.transposes_as_jax(padding):
                call = kernels.ConvTranspose(window.options)
                return room.run(call, lambda x, k: original(x, k, *options), x, k)[0]
        return None

    return attempt
