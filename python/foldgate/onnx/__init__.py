"""ONNX models on foldgate's kernels, and foldgate's models as ONNX.

`Session` has onnxruntime's call; `prepare`, `run_model`, `run_node`, `supports_device` and `is_compatible`
are the ONNX Backend API; `export` writes a model. It needs the onnx package, which reads and writes files:
`pip install 'foldgate[onnx]'`.
"""

from foldgate.onnx._export import ExportError, export
from foldgate.onnx.backend import Prepared, is_compatible, prepare, run_model, run_node, supports_device
from foldgate.onnx.graph import ValueInfo
from foldgate.onnx.session import Session

__all__ = [
    "ExportError",
    "Prepared",
    "Session",
    "ValueInfo",
    "export",
    "is_compatible",
    "prepare",
    "run_model",
    "run_node",
    "supports_device",
]
