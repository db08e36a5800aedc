"""The onnx package, which reads the protobuf: imported when a model is first read."""

from __future__ import annotations

import importlib
from typing import Any


def onnx_package(submodule: str = "") -> Any:
    """The `onnx` package, or a module of it.

    Raises:
      ImportError: it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module(f"onnx.{submodule}" if submodule else "onnx")
    except ImportError as error:
        raise ImportError(
            "foldgate.onnx needs the onnx package, which reads the files: pip install 'foldgate[onnx]'"
        ) from error
