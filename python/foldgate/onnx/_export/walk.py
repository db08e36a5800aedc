"""The calls of a model, one after the other, each given to what writes its layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from foldgate._nest import flatten, map_nest
from foldgate._symbolic.functions import FunctionCall
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate.layers import InputLayer, Layer
from foldgate.layers._signature import signature_of
from foldgate.models import Functional, Sequential
from foldgate.onnx._export.functions import write_function
from foldgate.onnx._export.table import handler_of
from foldgate.onnx._export.value import Value
from foldgate.onnx._export.writer import ExportError, Writer


def graph_of(model: Any) -> Functional:
    """The functional model in a model.

    Raises:
      ExportError: there is none: a subclass with a `call` of its own, or a Sequential that is not built.
    """
    if isinstance(model, Sequential):
        if model._functional is None:
            raise ExportError(
                f"onnx.export: model {model.name!r} is not built; give it an Input, or build it first"
            )
        return model._functional
    if isinstance(model, Functional) and type(model).call is Functional.call:
        return model
    raise ExportError(
        f"onnx.export: model {getattr(model, 'name', model)!r} is a {type(model).__name__}; expected a "
        "Sequential or a functional model, whose layers can be read"
    )


def write_model(w: Writer, model: Any, inputs: list[Value], scope: str = "") -> list[Value]:
    """Writes the calls of a model; the outputs in the order of its own."""
    functional = graph_of(model)
    if len(inputs) != len(functional._inputs):
        raise w.refuse(f"it was called on {len(inputs)} arrays; expected {len(functional._inputs)}")
    values = {id(tensor): value for tensor, value in zip(functional._inputs, inputs, strict=True)}
    for node in functional._graph.nodes:
        if all(id(tensor) in values for tensor in node.output_tensors):
            continue  # an input, also one that is a layer's output in a larger graph
        outputs = _write_node(w, node, values, scope)
        values.update((id(t), v) for t, v in zip(node.output_tensors, outputs, strict=True))
    return [values[id(tensor)] for tensor in functional._outputs]


def _write_node(w: Writer, node: Any, values: dict[int, Value], scope: str) -> list[Value]:
    layer = node.operation
    w.enter(f"{scope}/{layer.name}" if scope else layer.name, layer)

    def fill(leaf: Any) -> Any:
        return values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

    args = tuple(map_nest(fill, list(node.args)))
    kwargs = {key: map_nest(fill, part) for key, part in node.kwargs.items()}
    if isinstance(layer, FunctionCall):
        return [write_function(w, layer, args, kwargs, node.output_tensors)]
    return write_layer(w, layer, args, kwargs, [tensor.shape for tensor in node.output_tensors])


def write_layer(
    w: Writer, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], shapes: list[Any]
) -> list[Value]:
    """Writes one call of a layer, and passes the mask on as the layer would.

    Args:
      w: what is written into, which has entered the layer.
      layer: a layer or a model.
      args, kwargs: of the call, with Values for tensors.
      shapes: of the outputs.
    """
    given = {**dict(zip(signature_of(type(layer).call).names, args, strict=False)), **kwargs}
    given = {name: part for name, part in given.items() if name != "training" and part is not None}
    if isinstance(layer, (Functional, Sequential)):
        return write_model(w, layer, _inner_inputs(layer, given["inputs"]), w.scope)
    if isinstance(layer, InputLayer):
        raise w.refuse("it is an Input that is not among the model's inputs")
    handler = handler_of(layer)
    if handler is None:
        raise w.refuse("there is no ONNX form of this layer here")
    if layer.autocast:
        given = {name: map_nest(lambda leaf: _cast(w, leaf, layer), part) for name, part in given.items()}
    found = handler(w, layer, given, shapes)
    return _masked(layer, given, list(found) if isinstance(found, (list, tuple)) else [found])


def _inner_inputs(model: Any, given: Any) -> list[Value]:
    if isinstance(given, dict):
        nest = graph_of(model)._inputs_nest
        given = [given[key] for key in (nest if isinstance(nest, dict) else model.input_names)]
    return [leaf for leaf in flatten(given) if isinstance(leaf, Value)]


def _cast(w: Writer, leaf: Any, layer: Any) -> Any:
    """Floating inputs in the dtype of the layer."""
    if isinstance(leaf, Value) and leaf.dtype.startswith("float"):
        return w.floats(leaf, layer.compute_dtype)
    return leaf


def _masked(layer: Any, given: dict[str, Any], outputs: list[Value]) -> list[Value]:
    """The outputs with the mask of the first input, where the layer passes it on; handlers of layers with a
    `compute_mask` of their own see to it themselves."""
    first = next(iter(given.values()), None)
    passes = layer.supports_masking and type(layer).compute_mask is Layer.compute_mask
    if not passes or not isinstance(first, Value) or first.mask is None:
        return outputs
    return [replace(output, mask=first.mask) for output in outputs]
