"""Images and weights of one layout for kernels of the other."""

from __future__ import annotations

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray


def channels_behind(x: FloatArray) -> FloatArray:
    """(N, C, *spatial) as a new array (N, *spatial, C), on all threads."""
    return _native.planes_to_pixels(operand("channels_behind", "x", x))


def turned(matrix: FloatArray) -> FloatArray:
    """A C-contiguous (R, C) as a new array (C, R), in a fraction of the time of a strided copy."""
    found: FloatArray = _native.planes_to_pixels(matrix[None])[0]
    return found


def kernel_from_weights(weights: FloatArray) -> FloatArray:
    """A C-contiguous (O, I, *taps), or (O, K), as a new array (*taps, I, O), or (K, O), on all threads."""
    return _native.weights_to_kernel(weights)


def weights_from_kernel(kernel: FloatArray) -> FloatArray:
    """What `kernel_from_weights` undoes: a C-contiguous (*taps, I, O) as a new array (O, I, *taps)."""
    return _native.kernel_to_weights(kernel)
