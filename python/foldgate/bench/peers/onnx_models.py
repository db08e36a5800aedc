"""The cases as ONNX models, built in memory with weights as initialisers, for the runtimes that take them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..cases import (
    AdaptiveMaxPoolCase,
    Array,
    Arrays,
    AveragePoolCase,
    Case,
    ConvCase,
    ConvMaxPoolCase,
    ConvTransposeCase,
    GlobalPoolCase,
    LpPoolCase,
    MatmulCase,
    PoolCase,
    RecurrentCase,
)
from .base import channels_first_kernel, reorder_gates, to_channels_first, to_channels_last

ImageCase = ConvCase | ConvTransposeCase | PoolCase

_OPSET = 17
_IR_VERSION = 8
_OPERATORS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "RNN"}
# ONNX' gate at each place, by foldgate's numbering: LSTM i o f c out of i f c o; GRU z r h in both
_GATE_ORDER = {"lstm": (0, 3, 1, 2), "gru": (0, 1, 2), "simple_rnn": (0,)}


@dataclass(frozen=True)
class OnnxModel:
    """A serialised model, its inputs by name, and the way from its output to foldgate's results."""

    content: bytes
    feeds: Arrays
    results: Callable[[Array], Arrays]


def build(onnx: Any, case: Case, arrays: Arrays) -> OnnxModel | None:
    """The case's forward pass, or None where ONNX has no node for it."""
    if case.dtype != "float32":
        return None  # the runtimes' fast kernels are float32
    if isinstance(case, (ConvMaxPoolCase, LpPoolCase, AdaptiveMaxPoolCase, GlobalPoolCase)):
        return None  # two nodes, none, or one that the runtimes do not tune
    if isinstance(case, ConvCase):
        return _conv(onnx, case, arrays)
    if isinstance(case, ConvTransposeCase):
        return _conv_transpose(onnx, case, arrays)
    if isinstance(case, PoolCase):
        return _pool(onnx, case, arrays)
    if isinstance(case, RecurrentCase):
        return _recurrent(onnx, case, arrays)
    if isinstance(case, MatmulCase):
        return _matmul(onnx, case, arrays)
    return None


def _model(
    onnx: Any, nodes: list[Any], feeds: Arrays, output: str, output_shape: tuple[int, ...], weights: Arrays
) -> bytes:
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = make.make_graph(
        nodes,
        "case",
        [make.make_tensor_value_info(name, kind, value.shape) for name, value in feeds.items()],
        [make.make_tensor_value_info(output, kind, output_shape)],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(w), name) for name, w in weights.items()],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _image(case: ImageCase, image: Array) -> Array:
    return image if case.data_format == "channels_first" else to_channels_first(image)


def _image_results(case: ImageCase) -> Callable[[Array], Arrays]:
    return lambda y: {"y": y if case.data_format == "channels_first" else to_channels_last(y)}


def _conv(onnx: Any, case: ConvCase, arrays: Arrays) -> OnnxModel:
    rank = len(case.kernel_size)
    node = onnx.helper.make_node(
        "Conv",
        ["x", "w", "b"],
        ["y"],
        kernel_shape=case.kernel_size,
        strides=[case.strides] * rank,
        dilations=[case.dilation_rate] * rank,
        group=case.groups,
        pads=[before for before, _ in case.pads] + [after for _, after in case.pads],
    )
    feeds = {"x": _image(case, arrays["x"])}
    weights = {"w": channels_first_kernel(arrays["kernel"]), "b": arrays["bias"]}
    shape = (case.batch, case.filters, *case.output_spatial)
    return OnnxModel(_model(onnx, [node], feeds, "y", shape, weights), feeds, _image_results(case))


def _conv_transpose(onnx: Any, case: ConvTransposeCase, arrays: Arrays) -> OnnxModel:
    rank = len(case.kernel_size)
    node = onnx.helper.make_node(
        "ConvTranspose",
        ["x", "w", "b"],
        ["y"],
        kernel_shape=case.kernel_size,
        strides=[case.strides] * rank,
        pads=[case.padding] * (2 * rank),
    )
    feeds = {"x": _image(case, arrays["x"])}
    weights = {"w": channels_first_kernel(arrays["kernel"]), "b": arrays["bias"]}  # (Cin, Cout, *k)
    shape = (case.batch, case.filters, *case.output_spatial)
    return OnnxModel(_model(onnx, [node], feeds, "y", shape, weights), feeds, _image_results(case))


def _pool(onnx: Any, case: PoolCase, arrays: Arrays) -> OnnxModel:
    rank = len(case.pool_size)
    node = onnx.helper.make_node(
        "AveragePool" if isinstance(case, AveragePoolCase) else "MaxPool",  # padding does not count
        ["x"],
        ["y"],
        kernel_shape=case.pool_size,
        strides=[case.strides] * rank,
        pads=[case.padding] * (2 * rank),
    )
    feeds = {"x": _image(case, arrays["x"])}
    shape = (case.batch, case.channels, *case.output_spatial)
    return OnnxModel(_model(onnx, [node], feeds, "y", shape, {}), feeds, _image_results(case))


def _matmul(onnx: Any, case: MatmulCase, arrays: Arrays) -> OnnxModel:
    node = onnx.helper.make_node("Gemm", ["a", "b", "bias"], ["c"])
    feeds = {"a": arrays["a"], "b": arrays["b"]}
    weights = {"bias": arrays["bias"]}
    shape = (case.rows, case.columns)
    return OnnxModel(_model(onnx, [node], feeds, "c", shape, weights), feeds, lambda c: {"c": c})


def _recurrent(onnx: Any, case: RecurrentCase, arrays: Arrays) -> OnnxModel:
    """A node a layer over (T, N, D); between layers (T, directions, N, U) becomes (T, N, directions U)."""
    make = onnx.helper
    attributes: dict[str, Any] = {"hidden_size": case.units}
    if case.directions == 2:
        attributes["direction"] = "bidirectional"
    if case.op == "gru":
        attributes["linear_before_reset"] = 1
    weights: Arrays = {}
    nodes: list[Any] = []
    value = "x"
    for layer in range(case.layers):
        if layer > 0:
            weights["folded"] = np.array((case.steps, case.batch, case.directions * case.units), np.int64)
            nodes += [
                make.make_node("Transpose", [value], [f"t{layer}"], perm=[0, 2, 1, 3]),
                make.make_node("Reshape", [f"t{layer}", "folded"], [f"x{layer}"]),
            ]
            value = f"x{layer}"
        names = [f"w{layer}", f"r{layer}", f"b{layer}"]
        weights |= dict(zip(names, _layer_weights(case, arrays, layer), strict=True))
        nodes.append(make.make_node(_OPERATORS[case.op], [value, *names], [f"y{layer}"], **attributes))
        value = f"y{layer}"
    feeds = {"x": np.ascontiguousarray(arrays["x"].swapaxes(0, 1))}
    content = _model(
        onnx, nodes, feeds, value, (case.steps, case.directions, case.batch, case.units), weights
    )
    y_shape = case.shapes()["y"]
    return OnnxModel(content, feeds, lambda y: {"y": y.transpose(2, 0, 1, 3).reshape(y_shape)})


def _layer_weights(case: RecurrentCase, arrays: Arrays, layer: int) -> tuple[Array, Array, Array]:
    """W (directions, G U, D), R (directions, G U, U), B (directions, 2 G U)."""
    order = _GATE_ORDER[case.op]
    inputs, recurrent, biases = [], [], []
    for direction in range(case.directions):
        suffix = f"_{layer}{direction}"
        inputs.append(reorder_gates(arrays["kernel" + suffix], order).T)
        recurrent.append(reorder_gates(arrays["recurrent_kernel" + suffix], order).T)
        bias = reorder_gates(arrays["bias" + suffix], order)
        both = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        biases.append(both.reshape(-1))
    return np.stack(inputs), np.stack(recurrent), np.stack(biases)
