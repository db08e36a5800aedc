"""Fourier transforms."""

from __future__ import annotations

import numpy as np

from foldgate.onnx.graph import Array
from foldgate.onnx.registry import Context, Function, operator


def _complex(x: Array) -> Array:
    """Numbers whose last axis holds them: 1, or real and imaginary part."""
    if x.shape[-1] not in (1, 2):
        raise ValueError(f"input has shape {x.shape}; expected 1 or 2 along its last axis")
    return x[..., 0] if x.shape[-1] == 1 else x[..., 0] + 1j * x[..., 1]


def _parts(y: Array, dtype: np.dtype[np.generic]) -> Array:
    return np.stack([y.real, y.imag], -1).astype(dtype)


@operator("DFT", attributes="axis inverse onesided")
def dft(context: Context) -> Function:
    """Along an axis: an attribute before opset 20, an input from there on."""
    inverse, onesided = context.flag("inverse"), context.flag("onesided")
    fixed = context.attr("axis", 1) if context.opset < 20 else -2

    def call(x: Array, length: Array | None = None, given: Array | None = None) -> Array:
        axis = fixed if given is None else int(given.reshape(()))
        axis += x.ndim if axis < 0 else 0
        if not 0 <= axis < x.ndim - 1:
            raise ValueError(f"axis is {axis}; expected one of {x.ndim - 1} before the last")
        values = _complex(x)
        count = None if length is None else int(length.reshape(()))
        if inverse and onesided:
            return np.fft.irfft(values, count, axis)[..., None].astype(x.dtype)
        y = np.fft.ifft(values, count, axis) if inverse else np.fft.fft(values, count, axis)
        if onesided:
            y = np.take(y, range(y.shape[axis] // 2 + 1), axis)
        return _parts(y, x.dtype)

    return call


@operator("STFT", attributes="onesided")
def stft(context: Context) -> Function:
    """(batch, frames, frequencies, 2) of a signal (batch, length, 1 or 2), or (batch, length)."""
    onesided = context.flag("onesided", 1)

    def call(x: Array, step: Array, window: Array | None = None, length: Array | None = None) -> Array:
        if length is not None:
            size = int(length.reshape(()))
        elif window is not None:
            size = len(window)
        else:
            raise ValueError("it has neither window nor frame_length; expected one")
        hop, values = int(step.reshape(())), _complex(x if x.ndim > 2 else x[..., None])
        if not (0 < size <= values.shape[1] and hop > 0):
            raise ValueError(f"frames of {size} by steps of {hop}; expected some of {values.shape[1]} values")
        frames = np.lib.stride_tricks.sliding_window_view(values, size, 1)[:, ::hop]
        y = np.fft.fft(frames if window is None else frames * window, axis=-1)
        return _parts(y[..., : size // 2 + 1] if onesided else y, x.dtype)

    return call
