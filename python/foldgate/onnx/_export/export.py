"""foldgate.onnx.export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np

from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import ExportError, Writer
from foldgate.saving._atomic import PathLike, write_atomically

OPSETS = range(18, 24)
LARGEST = 2**31 - 2**20  # what a protobuf message holds, less some room for the nodes


def export(
    model: Any,
    path: PathLike | None = None,
    *,
    opset: int = 18,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    doc_string: str = "",
) -> Any:
    """Writes a model as ONNX, with Conv, MaxPool, LSTM and GRU nodes that any runtime reads.

    Every axis whose size the model leaves open (None in its `Input`) is open in the file: the batch, and time
    where it is None. Dropout and noise are left out, as in `predict`. A channels_last model takes and gives
    the same arrays as before; transposes stand only where the order of axes changes. Masks work for any
    pattern, at the cost of bringing the steps that count to the front of each sequence. A stateful layer's
    states are inputs of the file behind the model's own, zeros at the start, and outputs behind its own,
    which the next run is given.

    Args:
      model: a Sequential that is built, or a functional model; models within models too.
      path: where to write it, whole or not at all; None to only return it.
      opset: the version of the operators, 18 to 23. Defaults to 18.
      input_names: of the file's inputs, in the model's order. Defaults to None: those of the `Input` layers.
      output_names: of its outputs. Defaults to None: those of the layers that give them.
      doc_string: text that the file carries. Defaults to `""`.

    Returns:
      The file's content, an `onnx.ModelProto`.

    Raises:
      ImportError: the package `onnx` is missing.
      ExportError: a ValueError that names a layer that has no ONNX form here; nothing is written then.
      ValueError: the opset or the names do not fit.
      OSError: the file cannot be written.

    Example:
      >>> import foldgate as keras
      >>> from foldgate.onnx import export
      >>> steps = [keras.Input((None, 8), name="x"), keras.layers.GRU(16), keras.layers.Dense(3, name="y")]
      >>> file = export(keras.Sequential(steps))  # and with a path writes it
      >>> [node.op_type for node in file.graph.node]
      ['Transpose', 'GRU', 'Squeeze', 'Gemm']
    """
    onnx = _package()
    if opset not in OPSETS:
        raise ValueError(f"onnx.export: opset is {opset!r}; expected {OPSETS[0]} to {OPSETS[-1]}")
    from foldgate.onnx._export.walk import graph_of, write_layer, write_model

    functional = graph_of(model)
    names_in = _names("input_names", input_names, functional.input_names)
    names_out = _names("output_names", output_names, functional.output_names)
    names_out = _apart(names_in, names_out)
    w = Writer(opset)
    w.write = write_layer
    for name in (*names_in, *names_out):
        w.reserve(name)
    values = [Value(n, t.shape, t.dtype) for n, t in zip(names_in, functional._inputs, strict=True)]
    outputs = write_model(w, model, values)
    w.enter("", None)
    kept = [state for states in w.states.values() for state in states]
    values += [state.value for state in kept if state.read]
    outputs += [replace(state.now, shape=state.value.shape) for state in kept if state.now is not None]
    names_out += [w.name(f"{state.value.name}_out") for state in kept]
    given = [w.plain(value) for value in outputs]
    final = _as_outputs(w, given, names_out)
    shapes = [tensor.shape for tensor in functional._outputs] + [state.value.shape for state in kept]
    graph = _graph(w, functional.name, values, outputs, shapes, final, doc_string)
    made = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", opset)], producer_name="foldgate"
    )
    made.ir_version = onnx.helper.find_min_ir_version_for(made.opset_import)
    onnx.checker.check_model(made)
    if path is not None:
        _write(path, made.SerializeToString(deterministic=True))
    return made


def _write(path: PathLike, content: bytes) -> None:
    def write(file: BinaryIO) -> None:
        file.write(content)

    write_atomically(path, write)


def _package() -> Any:
    try:
        import onnx
        import onnx.checker
        import onnx.helper
    except ImportError as error:
        raise ImportError(
            "foldgate.onnx.export needs the package onnx; python -m pip install onnx brings it"
        ) from error
    return onnx


def _names(argument: str, given: Sequence[str] | None, own: Sequence[str]) -> list[str]:
    if given is None:
        return list(own)
    names = list(given)
    if isinstance(given, str) or len(names) != len(own) or len(set(names)) < len(names):
        raise ValueError(f"onnx.export: {argument} is {given!r}; expected {len(own)} names, each another")
    return names


def _apart(inputs: list[str], outputs: list[str]) -> list[str]:
    """Names of outputs, each another, and none that of an input."""
    taken, found = set(inputs), []
    for name in outputs:
        one, count = name, 1
        while one in taken:
            one, count = f"{name}_{count}", count + 1
        taken.add(one)
        found.append(one)
    return found


def _as_outputs(w: Writer, given: list[str], names: list[str]) -> list[str]:
    """Gives the outputs their names: where a node made one it is renamed, else an Identity gives it."""
    made = {name for node in w.nodes for name in node.output}
    renamed: dict[str, str] = {}
    for name, wanted in zip(given, names, strict=True):
        if name in made and name not in renamed:
            renamed[name] = wanted
        else:
            node_output = w.op("Identity", renamed.get(name, name))
            renamed[node_output] = wanted
    _rename(w.nodes, renamed)
    _prune(w, names)
    return names


def _prune(w: Writer, outputs: list[str]) -> None:
    """Takes out the nodes and weights that no output needs."""
    needed, kept = set(outputs), []
    for node in reversed(w.nodes):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(_inputs(node))
    w.nodes = kept[::-1]
    w.initializers = {name: array for name, array in w.initializers.items() if name in needed}


def _inputs(node: Any) -> set[str]:
    """What a node reads, also in the bodies within it."""
    inner = {name for a in node.attribute if a.HasField("g") for one in a.g.node for name in _inputs(one)}
    return {*node.input, *inner}


def _rename(nodes: list[Any], renamed: dict[str, str]) -> None:
    for node in nodes:
        for field in (node.input, node.output):
            for i, name in enumerate(field):
                if name in renamed:
                    field[i] = renamed[name]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(list(attribute.g.node), renamed)


def _graph(
    w: Writer,
    name: str,
    values: list[Value],
    outputs: list[Value],
    shapes: list[Any],
    names: list[str],
    doc: str,
) -> Any:
    from onnx import helper, numpy_helper

    size = sum(array.nbytes for array in w.initializers.values())
    if size > LARGEST:
        raise ExportError(
            f"onnx.export: the weights have {size} bytes; expected at most {LARGEST}, what a file holds"
        )
    inputs = [_info(value.name, value.shape, value.dtype, len(values) == 1) for value in values]
    infos = [
        _info(one, shape, value.dtype, False)
        for one, shape, value in zip(names, shapes, outputs, strict=True)
    ]
    weights = [numpy_helper.from_array(array, name) for name, array in w.initializers.items()]
    return helper.make_graph(w.nodes, name, inputs, infos, weights, doc_string=doc)


def _info(name: str, shape: Any, dtype: str, alone: bool) -> Any:
    """An input or output whose open axes have names."""
    from onnx import helper

    sizes: list[Any] = []
    for axis, size in enumerate(shape):
        if size is not None:
            sizes.append(size)
        elif axis == 0:
            sizes.append("batch")
        else:
            sizes.append("time" if alone and axis == 1 else f"{name}_{axis}")
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), sizes)
