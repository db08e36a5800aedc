"""The operators of ONNX by their subjects; loading a file of this package registers what it builds."""

from foldgate.onnx.operators import activation, arithmetic, convolution, pooling, product, shapes

__all__ = ["activation", "arithmetic", "convolution", "pooling", "product", "shapes"]
