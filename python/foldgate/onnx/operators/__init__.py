"""The operators of ONNX by their subjects; loading a file of this package registers what it builds."""

from foldgate.onnx.operators import (
    activation,
    arithmetic,
    control,
    convolution,
    indexing,
    normalization,
    padding,
    pooling,
    product,
    quantized,
    recurrent,
    reduction,
    sequences,
    shapes,
    special_convolution,
)

__all__ = [
    "activation",
    "arithmetic",
    "control",
    "convolution",
    "indexing",
    "normalization",
    "padding",
    "pooling",
    "product",
    "quantized",
    "recurrent",
    "reduction",
    "sequences",
    "shapes",
    "special_convolution",
]
