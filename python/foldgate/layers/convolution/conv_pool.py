"""A Conv2D and the MaxPooling2D after it as one operation, where that is faster and the same to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foldgate import _masks, config, ops
from foldgate._tape import settled
from foldgate.layers.pooling.pooling import MaxPooling2D

if TYPE_CHECKING:
    from foldgate.layers.convolution.conv import Conv2D

LEAST_CHANNELS = 8  # of input and output: below, no Winograd transform pools, and nothing is gained


class ConvMaxPool:
    """Both layers as one callable. Models put it into what they run; it is no layer and nobody sees it.

    Args:
      conv: a layer that `fitting` approves.
      pool: the only one that reads its result.
    """

    def __init__(self, conv: Conv2D, pool: MaxPooling2D) -> None:
        self.conv, self.pool = conv, pool
        self._activation = conv.activation
        self._options: dict[str, Any] = {"padding": conv.padding, "activation": conv._fused}

    def __call__(self, x: Any) -> Any:
        """The layers' results by `ops.conv_max_pool` for inputs that both have seen before."""
        conv = self.conv
        known = conv._seen.get(x.shape) is x.dtype and not _masks.kept and not conv._losses
        known = known and conv.activation is self._activation
        if not known or self.pool._losses or config.get_conv_algorithm() is not None:
            return self.pool(conv(x))
        return ops.conv_max_pool(x, *settled(conv.kernel, conv.bias), **self._options)


def fitting(conv: Conv2D, pool: object) -> bool:
    """Whether Winograd's algorithm may pool this layer's result for the next."""
    return (
        type(pool) is MaxPooling2D
        and pool.pool_size == pool.strides == (2, 2)
        and pool.padding == "valid"
        and conv.data_format == pool.data_format == "channels_last"
        and conv.kernel_size in ((3, 3), (5, 5))
        and conv.strides == conv.dilation_rate == (1, 1)
        and conv.groups == 1
        and conv.activity_regularizer is None
        and pool.activity_regularizer is None
        and conv.dtype == pool.dtype
        and conv._fused in (None, "relu")
        and conv._after is None
        and min(conv.kernel.shape[2:]) >= LEAST_CHANNELS
    )
