"""Functions of networks by `keras.ops`' names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from foldgate import config, ops
from foldgate._tape import Tensor

Function = Callable[..., Any]
EPSILON = 1e-7  # probabilities are at least this far from 0 and 1


def whole(function: Function) -> Function:
    """A function that reads shapes, as one operation of a functional model: they are not all known there."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for x in args:
            if hasattr(x, "_keras_history"):
                return x.__array_function__(call, (type(x),), args, kwargs)
        return function(*args, **kwargs)

    return call


def _last(x: Any, data_format: str) -> Any:
    return np.moveaxis(x, 1, -1) if data_format == "channels_first" else x


def _first(x: Any, data_format: str) -> Any:
    return np.moveaxis(x, -1, 1) if data_format == "channels_first" else x


def _block(name: str, size: int, block_size: int, power: int = 1) -> None:
    if block_size < 2 or size % block_size**power:
        squared = " whose square is" if power == 2 else ", and"
        raise ValueError(
            f"{name}: block_size is {block_size}; expected at least 2{squared} a divisor of {size}"
        )


@whole
def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """(N, H, W, b b C) -> (N, b H, b W, C): blocks of b x b pixels out of channels.

    Raises:
      ValueError: the channels are no multiple of `block_size` squared.
    """
    x = _last(x, data_format)
    n, height, width, channels = x.shape
    _block("depth_to_space", channels, block_size, power=2)
    parts = np.reshape(x, (n, height, width, block_size, block_size, -1))
    y = np.reshape(np.moveaxis(parts, 3, 2), (n, height * block_size, width * block_size, -1))
    return _first(y, data_format)


@whole
def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """(N, b H, b W, C) -> (N, H, W, b b C): channels out of blocks of b x b pixels.

    Raises:
      ValueError: height or width is no multiple of `block_size`.
    """
    x = _last(x, data_format)
    n, height, width, _ = x.shape
    _block("space_to_depth", height, block_size)
    _block("space_to_depth", width, block_size)
    parts = np.reshape(x, (n, height // block_size, block_size, width // block_size, block_size, -1))
    y = np.reshape(np.moveaxis(parts, 2, 3), (n, height // block_size, width // block_size, -1))
    return _first(y, data_format)


@whole
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Each channel by itself with a kernel (*k, C, multiplier)."""
    channels, multiplier = kernel.shape[-2:]
    return ops.conv(
        inputs,
        np.reshape(kernel, (*kernel.shape[:-2], 1, channels * multiplier)),
        strides=strides,
        padding=padding,
        data_format=data_format or config.image_data_format(),
        dilation_rate=dilation_rate,
        groups=channels,
    )


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """Mean and variance."""
    axes = tuple(axes) if isinstance(axes, list) else axes
    return np.mean(x, axis=axes, keepdims=keepdims), np.var(x, axis=axes, keepdims=keepdims)


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 1e-3,
) -> Any:
    """scale (x - mean) / sqrt(variance + epsilon) + offset, along an axis."""
    shape = [1] * len(x.shape)
    shape[axis] = -1
    y = (x - np.reshape(mean, shape)) / np.sqrt(np.reshape(variance, shape) + epsilon)
    y = y if scale is None else y * np.reshape(scale, shape)
    return y if offset is None else y + np.reshape(offset, shape)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Any:
    """`layer_norm` by Keras' name."""
    return ops.layer_norm(x, gamma, beta, axis=axis, epsilon=EPSILON if epsilon is None else epsilon)


def rms_normalization(
    x: Any, scale: Any = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Any:
    """`rms_norm` by Keras' name."""
    return ops.rms_norm(x, scale, axis=axis, epsilon=EPSILON if epsilon is None else epsilon)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-log of the probability of each target, a value each."""
    if from_logits:
        return np.maximum(output, 0.0) - output * target + np.log1p(np.exp(-np.abs(output)))
    p = np.clip(output, EPSILON, 1.0 - EPSILON)
    return -(target * np.log(p) + (1.0 - target) * np.log(1.0 - p))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-sum(target log p) along an axis."""
    if from_logits:
        return -np.sum(target * ops.log_softmax(output, axis=axis), axis=axis)
    shares = output / np.sum(output, axis=axis, keepdims=True)
    return -np.sum(target * np.log(np.clip(shares, EPSILON, 1.0 - EPSILON)), axis=axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """-log p of the classes (..., or ..., 1) along an axis."""
    classes = target.numpy() if isinstance(target, Tensor) else np.asarray(target)
    if classes.ndim == len(output.shape) and classes.shape[-1] == 1:
        classes = classes[..., 0]
    hot = ops.one_hot(classes.astype(np.int64), output.shape[axis], axis=axis, dtype=output.dtype)
    return categorical_crossentropy(hot, output, from_logits, axis)
