"""1 x 1 convolutions to a channel or a few, as a mask or a depth has at its end: a product of tall matrices.

The kernels of convolution work on vectors of output channels, which one channel does not fill.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foldgate import ops
from foldgate.onnx.graph import Array

WIDE = 4  # output channels from which on the convolution is as fast


def narrow_conv(
    kernel: Array, bias: Array | None, padding: Any, options: dict[str, Any]
) -> Callable[[Array], Array] | None:
    """The function of such a convolution over channels last; None for any other.

    Args:
      kernel: (*kernel_size, C, O).
      bias: (O,) or None.
      padding: pairs (before, after), one an axis.
      options: of `foldgate.ops.conv`.
    """
    size, (channels, outputs) = kernel.shape[:-2], kernel.shape[-2:]
    plain = set(size) == {1} and set(options["strides"]) == {1} and options["groups"] == 1
    if not plain or outputs >= WIDE or options["data_format"] != "channels_last" or any(map(any, padding)):
        return None
    matrix, activation = kernel.reshape(channels, outputs), options["activation"]
    over = None if activation is None else getattr(ops, activation)

    def call(x: Array) -> Array:
        y = ops.matmul(x.reshape(-1, channels), matrix, bias)
        if over is not None:
            row = y.reshape(1, -1)  # whole vectors of values
            over(row, out=row)
        return y.reshape(*x.shape[:-1], outputs)

    return call
