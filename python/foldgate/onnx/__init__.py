"""ONNX models on foldgate's kernels.

`Session` has onnxruntime's call; `prepare`, `run_model`, `run_node`, `supports_device` and `is_compatible`
are the ONNX Backend API. It needs the onnx package, which reads the files: `pip install 'foldgate[onnx]'`.
"""

from foldgate.onnx.backend import Prepared, is_compatible, prepare, run_model, run_node, supports_device
from foldgate.onnx.graph import ValueInfo
from foldgate.onnx.session import Session

__all__ = [
    "Prepared",
    "Session",
    "ValueInfo",
    "is_compatible",
    "prepare",
    "run_model",
    "run_node",
    "supports_device",
]
