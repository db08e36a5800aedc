"""Models as ONNX files."""

from foldgate.onnx._export.export import export
from foldgate.onnx._export.writer import ExportError

__all__ = ["ExportError", "export"]
