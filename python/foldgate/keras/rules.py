"""Where Keras' own functions are as fast on the torch backend, by measurement, and so are left to it.

A call that records gradients costs some 60 us more here than there (`benchmarks/keras_backends.py`), which
small pooling does not earn back; oneDNN's gradients are faster where a convolution is one product of large
matrices, and in three dimensions.
"""

from __future__ import annotations

import math

LEAST_POOLED = 4096
LEAST_POOLED_TRAINING = 16384
LEAST_ADAPTIVE_TRAINING = 65536
"""Numbers of inputs from which pooling is computed here."""

MOST_WEIGHTS_OF_ONE_TAP = 8192
"""Cin * Cout of a convolution of one tap from which training it is left to Keras."""

MOST_PRODUCTS_IN_3D = 1 << 22
"""Multiply-adds of a convolution of three axes from which training it is left to Keras."""


def worth(name: str, x: tuple[int, ...], kernel: tuple[int, ...], training: bool) -> bool:
    """Whether foldgate's kernel pays for these shapes; `kernel` is () for pooling."""
    if name in ("max_pool", "average_pool"):
        return math.prod(x) >= (LEAST_POOLED_TRAINING if training else LEAST_POOLED)
    if name.startswith("adaptive"):
        return not training or math.prod(x) >= LEAST_ADAPTIVE_TRAINING
    if name == "conv" and training:
        taps, weights = math.prod(kernel[:-2]), kernel[-2] * kernel[-1]
        if taps == 1:
            return weights < MOST_WEIGHTS_OF_ONE_TAP
        if len(x) == 5:  # an upper bound of the outputs: as many as inputs of a channel
            return math.prod(x) // kernel[-2] * taps * weights < MOST_PRODUCTS_IN_3D
    return True
