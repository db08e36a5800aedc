"""The ONNX Backend API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foldgate.onnx._package import onnx_package
from foldgate.onnx.read import load_model, read_graph
from foldgate.onnx.registry import missing
from foldgate.onnx.session import Session


class Prepared:
    """A model that is ready to run, as `prepare` gives it.

    Example:
      >>> import numpy as np, onnx.parser
      >>> import foldgate.onnx
      >>> model = onnx.parser.parse_model(
      ...     '<ir_version: 8, opset_import: ["": 17]> f (float[n] x) => (float[n] y) {y = Relu(x)}'
      ... )
      >>> foldgate.onnx.Prepared(model).run({"x": np.array([-1, 2], np.float32)})
      (array([0., 2.], dtype=float32),)
    """

    def __init__(self, model: Any) -> None:
        self._session = Session(model)
        self._names = [value.name for value in self._session.get_inputs()]

    def run(self, inputs: Any, **options: Any) -> tuple[Any, ...]:
        """Runs the model.

        Args:
          inputs: arrays in the order of the model's inputs, a mapping of names to arrays, or one array.
          options: taken for the API's sake; none has a meaning here.

        Returns:
          The outputs, in order.

        Raises:
          TypeError: as `Session.run`.
          ValueError: as `Session.run`.
        """
        if isinstance(inputs, np.ndarray):
            inputs = [inputs]
        if isinstance(inputs, Mapping):
            return tuple(self._session.run(None, inputs))
        inputs = list(inputs)
        if len(inputs) != len(self._names):
            names = self._names
            raise ValueError(f"run: {len(inputs)} inputs are given; expected {len(names)}: {names}")
        return tuple(self._session.run(None, dict(zip(self._names, inputs, strict=True))))


def supports_device(device: str) -> bool:
    """Whether models run on this device: on `"CPU"` alone.

    Args:
      device: its name, with or without a number: `"CPU"`, `"CUDA:1"`.

    Example:
      >>> import foldgate.onnx
      >>> foldgate.onnx.supports_device("CPU"), foldgate.onnx.supports_device("CUDA")
      (True, False)
    """
    return device.split(":")[0].upper() == "CPU"


def is_compatible(model: Any, device: str = "CPU", **options: Any) -> bool:
    """Whether every operator of a model is supported.

    Args:
      model: a path, bytes or a ModelProto.
      device: `"CPU"`, or the answer is False.
      options: taken for the API's sake.

    Example:
      >>> import numpy as np, onnx.parser
      >>> import foldgate.onnx
      >>> model = onnx.parser.parse_model(
      ...     '<ir_version: 8, opset_import: ["": 17]> f (float[n] x) => (float[n] y) {y = Relu(x)}'
      ... )
      >>> foldgate.onnx.is_compatible(model), foldgate.onnx.is_compatible(model, "CUDA")
      (True, False)
    """
    if not supports_device(device):
        return False
    proto, folder = load_model(model)
    try:
        return not any(True for _ in missing(read_graph(proto, folder)))
    except ValueError:
        return False


def prepare(model: Any, device: str = "CPU", **options: Any) -> Prepared:
    """Loads a model, for many runs.

    Args:
      model: a path, bytes or a ModelProto.
      device: `"CPU"`.
      options: taken for the API's sake.

    Raises:
      ValueError: another device; otherwise as `Session`.

    Example:
      >>> import numpy as np, onnx.parser
      >>> import foldgate.onnx
      >>> model = onnx.parser.parse_model(
      ...     '<ir_version: 8, opset_import: ["": 17]> f (float[n] x) => (float[n] y) {y = Relu(x)}'
      ... )
      >>> foldgate.onnx.prepare(model).run([np.array([-1, 2], np.float32)])
      (array([0., 2.], dtype=float32),)
    """
    if not supports_device(device):
        raise ValueError(f"prepare: device is {device!r}; expected 'CPU'")
    return Prepared(model)


def run_model(model: Any, inputs: Any, device: str = "CPU", **options: Any) -> tuple[Any, ...]:
    """Loads a model and runs it once.

    Args:
      model, device, options: as in `prepare`.
      inputs: as in `Prepared.run`.

    Raises:
      TypeError: as `Session.run`.
      ValueError: as `prepare` and `Session.run`.

    Example:
      >>> import numpy as np, onnx.parser
      >>> import foldgate.onnx
      >>> model = onnx.parser.parse_model(
      ...     '<ir_version: 8, opset_import: ["": 17]> f (float[n] x) => (float[n] y) {y = Relu(x)}'
      ... )
      >>> foldgate.onnx.run_model(model, [np.array([-1, 2], np.float32)])
      (array([0., 2.], dtype=float32),)
    """
    return prepare(model, device, **options).run(inputs)


def run_node(
    node: Any,
    inputs: Sequence[Any],
    device: str = "CPU",
    outputs_info: Sequence[Any] | None = None,
    **options: Any,
) -> tuple[Any, ...]:
    """Runs one node.

    Args:
      node: an `onnx.NodeProto`.
      inputs: an array for each of its inputs that is there, twice where it reads one twice.
      device: `"CPU"`.
      outputs_info: taken for the API's sake.
      options: `opset_version`, the newest by default.

    Raises:
      TypeError: as `Session.run`.
      ValueError: as `prepare` and `Session.run`.

    Example:
      >>> import numpy as np, onnx.helper
      >>> import foldgate.onnx
      >>> relu = onnx.helper.make_node("Relu", ["x"], ["y"])
      >>> foldgate.onnx.run_node(relu, [np.array([-1, 2], np.float32)])
      (array([0., 2.], dtype=float32),)
    """
    helper = onnx_package("helper")
    names = [name for name in node.input if name]
    if len(names) != len(inputs):
        raise ValueError(f"run_node: {len(inputs)} inputs are given; {node.op_type!r} has {len(names)}")
    values = [np.asarray(value) for value in inputs]
    feeds = dict(zip(names, values, strict=True))
    infos = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in feeds.items()
    ]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    graph = helper.make_graph([node], "node", infos, outputs)
    opset = helper.make_opsetid(
        node.domain, options.get("opset_version", onnx_package("defs").onnx_opset_version())
    )
    return run_model(helper.make_model(graph, opset_imports=[opset]), feeds, device)
