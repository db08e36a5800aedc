"""Functional models as configurations, and back: layers, and for each its calls on the tensors of others.

A call's arguments hold tensors as `__keras_tensor__` with `keras_history`: the layer's name, which of its
calls in this model, and which output.
"""

from __future__ import annotations

import copy
from typing import Any

from foldgate._nest import map_nest
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._symbolic.node import Node
from foldgate.layers import InputLayer
from foldgate.saving.object_registration import CustomObjectScope
from foldgate.saving.serialization import deserialize_keras_object, serialize_keras_object


def functional_config(model: Any) -> dict[str, Any]:
    """Keras' configuration of a functional model. Among inputs and outputs the calls of functional models are
    counted from 1, in the calls' arguments from 0: so it is in Keras' files."""
    from foldgate.models.functional import Functional

    numbers = _numbered(model)
    layers = []
    for operation in model._operations:
        written = serialize_keras_object(operation)
        written["name"] = operation.name
        written["inbound_nodes"] = [
            _call(node, numbers)
            for node in operation._inbound_nodes
            if id(node) in numbers and not node.is_input and id(node) in model._graph.members
        ]
        layers.append(written)

    def place(tensor: Any) -> list[Any]:
        operation, _, index = tensor._keras_history
        number = numbers[id(tensor._keras_history.node)] + isinstance(operation, Functional)
        return [operation.name, number, index]

    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": map_nest(place, model._inputs_nest),
        "output_layers": map_nest(place, model._outputs_nest),
    }


def _numbered(model: Any) -> dict[int, int]:
    """Node -> its number among its operation's calls in this model."""
    numbers: dict[int, int] = {}
    for operation in model._operations:
        count = 0
        for node in operation._inbound_nodes:
            if id(node) in model._graph.members:
                numbers[id(node)] = count
                count += 1
    return numbers


def _call(node: Node, numbers: dict[int, int]) -> dict[str, Any]:
    def written(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return serialize_keras_object(leaf)
        operation, _, index = leaf._keras_history
        history = [operation.name, numbers[id(leaf._keras_history.node)], index]
        config = {"shape": leaf.shape, "dtype": leaf.dtype, "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}

    return {"args": map_nest(written, node.args), "kwargs": map_nest(written, node.kwargs)}


def functional_from_config(cls: Any, config: dict[str, Any], custom_objects: Any = None) -> Any:
    """The functional model of a configuration.

    Raises:
      ValueError: a layer or a call that is named is not there.
    """
    from foldgate.models.functional import Functional
    from foldgate.models.model import Model

    config = copy.copy(config)
    with CustomObjectScope(custom_objects):
        layers = {data["name"]: deserialize_keras_object(data) for data in config["layers"]}
    calls = _make_calls(config, layers)

    def tensors(places: Any) -> Any:
        if isinstance(places, dict):
            return {key: tensors(place) for key, place in places.items()}
        if isinstance(places, (list, tuple)) and places and not isinstance(places[0], str):
            return type(places)(tensors(place) for place in places)
        name, node, index = places
        return _tensor([name, node - isinstance(layers.get(name), Functional), index], calls)

    inputs, outputs = tensors(config["input_layers"]), tensors(config["output_layers"])
    kind = Functional if cls in (Model, Functional) else cls
    rest = {k: v for k, v in config.items() if k not in ("layers", "input_layers", "output_layers")}
    rest["trainable"] = rest.get("trainable", True)
    return kind(inputs=inputs, outputs=outputs, **rest)


def _make_calls(config: dict[str, Any], layers: dict[str, Any]) -> dict[str, list[Node]]:
    """Calls the layers on each other's outputs, each as soon as what it reads is there.

    Returns:
      The calls in this model by the layers' names: a layer may have others, in models within it.
    """
    pending = {data["name"]: list(data.get("inbound_nodes", ())) for data in config["layers"]}
    made = {name: layer._inbound_nodes[: isinstance(layer, InputLayer)] for name, layer in layers.items()}
    while any(pending.values()):
        progress = False
        for name, calls in pending.items():
            while calls:
                try:
                    args, kwargs = _arguments(calls[0], made)
                except LookupError:
                    break
                layers[name](*args, **kwargs)
                made[name].append(layers[name]._inbound_nodes[-1])
                calls.pop(0)
                progress = True
        if not progress:
            stuck = next(name for name, calls in pending.items() if calls)
            raise ValueError(
                f"from_config: layer {stuck!r} reads from a call that is not in the configuration"
            )
    return made


def _arguments(call: Any, made: dict[str, list[Node]]) -> tuple[list[Any], dict[str, Any]]:
    def read(part: Any) -> Any:
        if isinstance(part, dict):
            if part.get("class_name") == "__keras_tensor__":
                return _tensor(part["config"]["keras_history"], made)
            if "class_name" in part and "config" in part:
                return deserialize_keras_object(part)
            return {key: read(value) for key, value in part.items()}
        return [read(value) for value in part] if isinstance(part, (list, tuple)) else part

    if isinstance(call, list):  # the form of files before Keras 3
        if any(len(entry) < 3 for entry in call):
            raise ValueError(f"from_config: inbound_nodes holds {call}; expected lists of three or four")
        found = [_tensor(entry[:3], made) for entry in call]
        return [found[0] if len(found) == 1 else found], (call[0][3] if len(call[0]) > 3 else {})
    kwargs = read(call["kwargs"])
    if (
        kwargs.get("training") is False
    ):  # Keras writes it for every layer that has it as default, and lets the
        del kwargs["training"]  # model's own `training` come before it
    return read(call["args"]), kwargs


def _tensor(place: Any, made: dict[str, list[Node]]) -> KerasTensor:
    name, node, index = place
    if name not in made:
        raise ValueError(f"from_config: layer {name!r} is not in the configuration")
    tensor: KerasTensor = made[name][node].output_tensors[index]
    return tensor
