"""Modules of torch.nn that are neither windows nor recurrent."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import layers
from foldgate.models._from_torch import functions, shapes
from foldgate.models._from_torch.convert import Converter, array_of
from foldgate.models._from_torch.padding import FIRST


def linear(c: Converter, part: Any, x: Any) -> Any:
    """Linear: rows of outputs as columns."""
    layer = c.once(lambda: layers.Dense(part.out_features, use_bias=part.bias is not None, **c.options()))
    weights = [array_of(part.weight).T, *([] if part.bias is None else [array_of(part.bias)])]
    return c.with_weights(layer, x, weights)


def embedding(c: Converter, part: Any, x: Any) -> Any:
    """Embedding."""
    if part.max_norm is not None:
        raise c.refuse(f"max_norm is {part.max_norm}; expected None")
    layer = c.once(lambda: layers.Embedding(part.num_embeddings, part.embedding_dim, **c.options()))
    return c.with_weights(layer, x, [array_of(part.weight)])


def batch_norm(c: Converter, part: Any, x: Any) -> Any:
    """BatchNorm1d to 3d; Keras' momentum is the share that stays."""
    if part.running_mean is None:
        raise c.refuse("track_running_stats is False; expected True")
    momentum = 0.99 if part.momentum is None else 1 - part.momentum
    layer = c.once(lambda: layers.BatchNormalization(
        axis=1, momentum=momentum, epsilon=part.eps, center=part.affine, scale=part.affine, **c.options()
    ))  # fmt: skip
    learned = [part.weight, part.bias] if part.affine else []
    return c.with_weights(layer, x, [array_of(w) for w in (*learned, part.running_mean, part.running_var)])


def layer_norm(c: Converter, part: Any, x: Any) -> Any:
    """LayerNorm over the last axes."""
    axes = list(range(-len(part.normalized_shape), 0))
    scale, bias = part.weight is not None, part.bias is not None
    layer = c.once(lambda: layers.LayerNormalization(
        axis=axes if len(axes) > 1 else -1, epsilon=part.eps, scale=scale, center=bias, **c.options()
    ))  # fmt: skip
    return c.with_weights(layer, x, [array_of(w) for w in (part.weight, part.bias) if w is not None])


def group_norm(c: Converter, part: Any, x: Any) -> Any:
    """GroupNorm, and InstanceNorm as as many groups as channels."""
    instance = not hasattr(part, "num_groups")
    if instance and part.track_running_stats:
        raise c.refuse("track_running_stats is True; expected False")
    if instance and len(x.shape) == part._get_no_batch_dim():
        raise c.refuse(f"its input has shape {x.shape}; expected one axis more, the batch among them")
    layer = c.once(lambda: layers.GroupNormalization(
        x.shape[1] if instance else part.num_groups, axis=1, epsilon=part.eps, scale=part.affine,
        center=part.affine, **c.options(),
    ))  # fmt: skip
    return c.with_weights(layer, x, [array_of(w) for w in (part.weight, part.bias) if w is not None])


def rms_norm(c: Converter, part: Any, x: Any) -> Any:
    """RMSNorm over the last axis."""
    if len(part.normalized_shape) != 1:
        raise c.refuse(f"normalized_shape is {part.normalized_shape}; expected one axis")
    epsilon = float(np.finfo(c.dtype).eps) if part.eps is None else part.eps
    layer = c.once(lambda: layers.RMSNormalization(epsilon=epsilon, **c.options()))
    weight = np.ones(part.normalized_shape) if part.weight is None else array_of(part.weight)
    return c.with_weights(layer, x, [weight])


def prelu(c: Converter, part: Any, x: Any) -> Any:
    """PReLU with a slope for all, or one a channel."""
    shared = list(range(2, len(x.shape)))
    slopes = array_of(part.weight)
    slopes = np.broadcast_to(slopes, (x.shape[1],)) if np.ndim(slopes) == 0 or len(slopes) == 1 else slopes
    layer = c.once(lambda: layers.PReLU(shared_axes=shared or None, **c.options()))
    return c.with_weights(layer, x, [slopes.reshape(-1, *[1] * len(shared))])


def spatial_dropout(c: Converter, part: Any, x: Any) -> Any:
    """Dropout2d and Dropout3d: channels as a whole."""
    rank = len(x.shape) - 2
    if rank not in (2, 3):
        return functions.dropout(c, x, part.p)
    make = getattr(layers, f"SpatialDropout{rank}D")
    return c.once(lambda: make(part.p, data_format=FIRST, **c.options()))(x)


def _through(function: Any, *names: str) -> Any:
    """A module that is a function with attributes as arguments."""
    return lambda c, part, x: function(c, x, *(getattr(part, name) for name in names))


MODULES: dict[str, Any] = {
    "Linear": linear,
    "NonDynamicallyQuantizableLinear": linear,
    "Embedding": embedding,
    "BatchNorm1d": batch_norm,
    "BatchNorm2d": batch_norm,
    "BatchNorm3d": batch_norm,
    "LayerNorm": layer_norm,
    "GroupNorm": group_norm,
    "InstanceNorm1d": group_norm,
    "InstanceNorm2d": group_norm,
    "InstanceNorm3d": group_norm,
    "RMSNorm": rms_norm,
    "PReLU": prelu,
    "Dropout": _through(functions.dropout, "p"),
    "Dropout1d": _through(functions.dropout, "p"),
    "Dropout2d": spatial_dropout,
    "Dropout3d": spatial_dropout,
    "Identity": lambda c, part, x: x,
    "Flatten": _through(shapes.flatten, "start_dim", "end_dim"),
    "Unflatten": _through(shapes.unflatten, "dim", "unflattened_size"),
    "Upsample": _through(functions.interpolate, "size", "scale_factor", "mode", "align_corners"),
    "UpsamplingNearest2d": _through(functions.interpolate, "size", "scale_factor", "mode"),
    "ReLU": _through(functions.relu),
    "ReLU6": _through(functions.relu6),
    "LeakyReLU": _through(functions.leaky_relu, "negative_slope"),
    "ELU": _through(functions.elu, "alpha"),
    "GELU": _through(functions.gelu, "approximate"),
    "Softmax": _through(functions.softmax, "dim"),
    "LogSoftmax": _through(functions.log_softmax, "dim"),
    "Softmin": lambda c, part, x: functions.softmax(c, -x, part.dim),
    "Softmax2d": lambda c, part, x: functions.softmax(c, x, -3),
    "CELU": _through(functions.celu, "alpha"),
    "GLU": _through(functions.glu, "dim"),
    "Threshold": lambda c, part, x: np.where(x > part.threshold, x, float(part.value)),
    "Hardshrink": lambda c, part, x: np.where(np.absolute(x) > part.lambd, x, 0.0),
    "Softshrink": lambda c, part, x: x - np.clip(x, -part.lambd, part.lambd),
    "Hardtanh": lambda c, part, x: functions.clamp(c, x, part.min_val, part.max_val),
    "Softplus": _through(functions.softplus, "beta", "threshold"),
    **{name: _through(functions.activation(other)) for name, other in {
        "SiLU": "silu", "Mish": "mish", "Softsign": "softsign", "Tanh": "tanh", "Sigmoid": "sigmoid",
        "Hardsigmoid": "hard_sigmoid", "Hardswish": "hard_silu", "SELU": "selu", "LogSigmoid": "log_sigmoid",
        "Tanhshrink": "tanh_shrink",
    }.items()},
}  # fmt: skip
