"""Copies of models with new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foldgate._nest import flatten, map_nest, pack_like
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate.layers.input_layer import Input, InputLayer
from foldgate.layers.layer import Layer
from foldgate.models.functional import Functional
from foldgate.models.sequential import Sequential


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model of the same layers, made anew from their configurations: new weights, nothing shared.

    It is compiled as the model is, with an optimizer of its own.

    Args:
      model: Sequential or functional; a subclassed one goes by its configuration.
      input_tensors: KerasTensors to begin with; None makes new Inputs.
      clone_function: gives the new layer for a layer; None makes it from its configuration.
      call_function: called as `f(layer, *args, **kwargs)` in place of each call; None calls the new layer.
      recursive: whether `clone_function` is used for the layers of models in the model. Defaults to False.

    Returns:
      The new model.

    Raises:
      ValueError: an argument is not known, or does not go with this kind of model.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
      >>> copy = keras.models.clone_model(model)
      >>> copy.set_weights(model.get_weights())
      >>> x = np.ones((2, 3), np.float32)
      >>> bool((copy(x) == model(x)).all()), copy.layers[0] is model.layers[0]
      (True, False)
    """
    if kwargs.pop("cache", None) is None and kwargs:
        raise ValueError(f"clone_model: unknown argument {next(iter(kwargs))!r}")
    own = clone_function or _from_config

    def cloned(layer: Layer) -> Layer:
        if recursive and isinstance(layer, (Sequential, Functional)):
            return clone_model(layer, None, clone_function, call_function, True)  # type: ignore[no-any-return]
        return own(layer)

    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError("clone_model: call_function is for functional models")
        return _compiled_as(model, _clone_sequential(model, input_tensors, cloned))
    if isinstance(model, Functional):
        return _compiled_as(model, _clone_functional(model, input_tensors, cloned, call_function))
    if clone_function is not None or input_tensors is not None:
        raise ValueError("clone_model: a subclassed model is cloned by its configuration alone")
    return type(model).from_config(model.get_config())


def _from_config(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config()) if hasattr(layer, "get_config") else layer


def _compiled_as(model: Any, copy: Any) -> Any:
    if model.compiled:
        copy.compile_from_config(model.get_compile_config())
    return copy


def _clone_sequential(model: Sequential, tensors: Any, cloned: Callable[[Layer], Layer]) -> Sequential:
    layers: list[Any] = [cloned(layer) for layer in model.layers]
    if tensors is not None:
        layers.insert(0, flatten(tensors)[0])
    elif model._layers and isinstance(model._layers[0], InputLayer) and not model._built_by_a_batch:
        first = model._layers[0]
        layers.insert(0, InputLayer(batch_shape=first.batch_shape, dtype=first.dtype, name=first.name))
    made = Sequential(layers, trainable=model.trainable, name=model.name)
    if tensors is None and model._built_by_a_batch:
        made.build(model.input_shape)
    return made


def _clone_functional(
    model: Functional, tensors: Any, cloned: Callable[[Layer], Layer], call: Callable[..., Any] | None
) -> Functional:
    new: dict[int, Any] = {}
    operations = {
        id(op): cloned(op) if isinstance(op, Layer) and not isinstance(op, InputLayer) else op
        for op in model.operations
    }
    given = flatten(tensors) if tensors is not None else [None] * len(model.inputs)
    inputs = []
    for tensor, replacement in zip(model.inputs, given, strict=True):
        if replacement is None:
            name = tensor._keras_history.operation.name
            replacement = Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)
        new[id(tensor)] = replacement
        inputs.append(replacement)

    def renewed(leaf: Any) -> Any:
        return new[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

    for node in model._graph.nodes:
        if all(id(tensor) in new for tensor in node.output_tensors):
            continue
        operation = operations[id(node.operation)]
        args, kwargs = map_nest(renewed, list(node.args)), map_nest(renewed, dict(node.kwargs))
        results = operation(*args, **kwargs) if call is None else call(operation, *args, **kwargs)
        for old, result in zip(node.output_tensors, flatten(results), strict=True):
            new[id(old)] = result
    outputs = map_nest(renewed, model.output)
    return Functional(pack_like(model.input, inputs), outputs, name=model.name, trainable=model.trainable)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model that `Model.to_json` wrote, here or in Keras 3, with new weights.

    Args:
      json_string: the text.
      custom_objects: name -> class or function of your own.

    Raises:
      ValueError: it is not JSON, or names classes that are not known.

    Example:
      >>> import foldgate as keras
      >>> text = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]).to_json()
      >>> keras.models.model_from_json(text).count_params()
      16
    """
    import json

    from foldgate.saving.serialization import deserialize_keras_object

    return deserialize_keras_object(json.loads(json_string), custom_objects)
