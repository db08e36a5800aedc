"""Where Keras' own functions are as fast on the torch backend, by measurement, and so are left to it.

A call that records gradients costs some 60 us more here than there (`benchmarks/keras_backends.py --ladder`),
which small pooling and convolutions do not earn back; oneDNN's gradients are faster where a convolution is
one product of large matrices, and in three dimensions.
"""

from __future__ import annotations

import functools
import math

LEAST_POOLED = 4096
LEAST_POOLED_TRAINING = 16384
LEAST_ADAPTIVE = 1024
LEAST_ADAPTIVE_TRAINING = 65536
"""Numbers of inputs from which pooling is computed here."""

LEAST_PRODUCTS = 1 << 17
LEAST_PRODUCTS_OF_ONE_TAP = 1 << 18
"""Multiply-adds of a convolution from which training it is computed here."""

MOST_WEIGHTS_OF_ONE_TAP = 8192
"""Cin * Cout of a convolution of one tap from which training it is left to Keras."""

MOST_PRODUCTS_IN_3D = 1 << 22
MOST_PRODUCTS_OF_A_TRANSPOSE_IN_3D = 1 << 19
"""Multiply-adds of a convolution of three axes from which training it is left to Keras."""


def least_pooled(name: str) -> int:
    """Number of inputs from which foldgate's pooling pays."""
    return LEAST_ADAPTIVE if name.startswith("adaptive") else LEAST_POOLED


def least_pooled_training(name: str) -> int:
    """The same where gradients are recorded."""
    return LEAST_ADAPTIVE_TRAINING if name.startswith("adaptive") else LEAST_POOLED_TRAINING


@functools.lru_cache(maxsize=1024)
def worth_training(name: str, x: tuple[int, ...], kernel: tuple[int, ...]) -> bool:
    """Whether foldgate's kernel pays for a convolution of these shapes where gradients are recorded."""
    if len(kernel) != len(x) or len(x) < 3 or 0 in kernel:
        return True
    if name == "conv_transpose":
        return len(x) < 5 or _products(x, kernel, kernel[-1]) < MOST_PRODUCTS_OF_A_TRANSPOSE_IN_3D
    products = _products(x, kernel, kernel[-2])
    if name != "conv":  # of one channel, what has a group for every channel is a plain convolution
        return kernel[-2] > 1 or products >= LEAST_PRODUCTS
    if math.prod(kernel[:-2]) == 1:
        return products >= LEAST_PRODUCTS_OF_ONE_TAP and kernel[-2] * kernel[-1] < MOST_WEIGHTS_OF_ONE_TAP
    return products >= LEAST_PRODUCTS and (len(x) < 5 or products < MOST_PRODUCTS_IN_3D)


def _products(x: tuple[int, ...], kernel: tuple[int, ...], channels: int) -> int:
    """Multiply-adds, were there as many outputs as positions of the inputs."""
    return math.prod(x) // channels * math.prod(kernel)
