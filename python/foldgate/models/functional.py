"""Models of inputs and outputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import _masks
from foldgate._nest import flatten, map_shapes, pack_like
from foldgate._symbolic.graph import Graph
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._symbolic.plan import Plan
from foldgate._tape import Tensor
from foldgate.layers._changes import changed
from foldgate.layers._inputs import check_numbers
from foldgate.layers.input_layer import Input, InputLayer
from foldgate.layers.layer import Layer
from foldgate.models.direct import DirectCalls
from foldgate.models.model import Model


class Functional(Model):
    """A graph of layers between inputs and outputs, which `Model(inputs, outputs)` makes.

    Args:
      inputs: a KerasTensor, or a list or dict of them.
      outputs: the same.
      trainable: Defaults to True.
      name: None makes one.

    Raises:
      ValueError: the outputs do not come from the inputs, or two layers have one name.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
      >>> model = keras.Model({"a": a, "b": b}, [a + b, np.concatenate([a, b], axis=-1)])
      >>> total, joined = model({"a": np.ones((1, 3)), "b": np.ones((1, 3))})
      >>> total, joined.shape
      (array([[2., 2., 2.]], dtype=float32), (1, 6))
    """

    _inputs_nest: Any
    _outputs_nest: Any
    _inputs: list[KerasTensor]
    _outputs: list[KerasTensor]
    _input_kinds: list[np.dtype[Any]]
    _operations: list[Any]
    _graph: Graph
    _plan: Plan
    _single: bool
    _direct: DirectCalls | None
    # Whether arrays may have other sizes than the inputs say, as far as the layers take them.
    _any_sizes = False

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        trainable = kwargs.pop("trainable", None)
        Model.__init__(self, name=name, **kwargs)
        self._set_graph(inputs, outputs)
        if trainable is not None and not trainable:
            self.trainable = False

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        own = self.__dict__  # lists of tensors and of operations are nothing to track
        own["_inputs"], own["_outputs"] = self._leaves(inputs, "inputs"), self._leaves(outputs, "outputs")
        if not all(tensor._keras_history.node.is_input for tensor in self._inputs):
            own["_inputs"], own["_outputs"] = _rooted(self._inputs, self._outputs, self.name)
            inputs, outputs = pack_like(inputs, self._inputs), pack_like(outputs, self._outputs)
        own["_inputs_nest"], own["_outputs_nest"] = inputs, outputs
        own["_graph"] = graph = Graph(self._inputs, self._outputs, self.name)
        own["_operations"] = graph.operations
        own["_plan"] = Plan(graph, self._inputs, self._outputs)
        own["_single"] = isinstance(self._inputs_nest, KerasTensor)
        own["_direct"] = None
        if self._plan.chain is not None and isinstance(self._outputs_nest, KerasTensor):
            own["_direct"] = DirectCalls(self._plan.chain)
        names = [operation.name for operation in graph.operations]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"{self.name}: two layers are called {sorted(twice)[0]!r}; names must differ")
        self._layers[:] = [op for op in graph.operations if isinstance(op, Layer)]
        changed()
        own["_convert_inputs"] = False
        own["_input_kinds"] = [np.dtype(tensor.dtype) for tensor in self._inputs]
        self.supports_masking = True
        self.built = True

    def _leaves(self, nest: Any, what: str) -> list[KerasTensor]:
        leaves = flatten(nest)
        for leaf in leaves:
            if not isinstance(leaf, KerasTensor):
                raise ValueError(f"{self.name}: {what} holds {type(leaf).__name__}; expected KerasTensors")
            if leaf._keras_history is None:
                raise ValueError(f"{self.name}: {what}: {leaf} comes from no layer; begin with Input")
        return leaves

    @property
    def inputs(self) -> list[KerasTensor]:
        """The inputs in a list."""
        return list(self._inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The outputs in a list."""
        return list(self._outputs)

    @property
    def input(self) -> Any:
        """The inputs as they were given."""
        return self._inputs_nest

    @property
    def output(self) -> Any:
        """The outputs as they were given."""
        return self._outputs_nest

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or a list of them."""
        shapes = [tensor.shape for tensor in self._inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or a list of them."""
        shapes = [tensor.shape for tensor in self._outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs' layers."""
        return [tensor._keras_history.operation.name for tensor in self._inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs' layers."""
        return [tensor._keras_history.operation.name for tensor in self._outputs]

    @property
    def operations(self) -> list[Any]:
        """Layers and functions of NumPy, in the order of `layers`."""
        return list(self._operations)

    def build(self, input_shape: Any = None) -> None:
        """The graph is built as it is drawn."""
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Runs the graph on arrays."""
        if self._single and not isinstance(inputs, (list, tuple, dict)):
            arrays = [self._fitted(0, inputs)]
        else:
            arrays = [self._fitted(i, x) for i, x in enumerate(self._arranged(inputs))]
        if mask is not None:
            for x, one in zip(arrays, flatten(mask), strict=False):
                _masks.set_mask(x, one)
        results = self._plan.run(arrays)
        if isinstance(self._outputs_nest, KerasTensor):
            return results[0]
        return pack_like(self._outputs_nest, results)

    def _takes_as_it_is(self, x: Any) -> bool:
        return self._single and self._fitted(0, x) is x

    def _run_seen(self, x: Any) -> Any:
        if self._direct is not None:
            return self._direct.run(x)
        results = self._plan.run([x])
        nest = self._outputs_nest
        return results[0] if isinstance(nest, KerasTensor) else pack_like(nest, results)

    def _arranged(self, inputs: Any) -> list[Any]:
        """The leaves of the inputs in the order of the model's, those of a dict by name."""
        if isinstance(inputs, dict) and not isinstance(self._inputs_nest, dict):
            missing = [name for name in self.input_names if name not in inputs]
            if missing:
                raise ValueError(
                    f"{self.name}: inputs has the keys {sorted(inputs)}; {missing[0]!r} is missing"
                )
            return [inputs[name] for name in self.input_names]
        if isinstance(inputs, dict) and isinstance(self._inputs_nest, dict):
            missing = sorted(set(self._inputs_nest) - set(inputs))
            if missing:
                raise ValueError(
                    f"{self.name}: inputs has the keys {sorted(inputs)}; {missing[0]!r} is missing"
                )
            inputs = {key: inputs[key] for key in self._inputs_nest}
        leaves = flatten(inputs)
        if len(leaves) != len(self._inputs):
            if self._single:  # nested lists of numbers
                return [np.asarray(inputs)]
            raise ValueError(f"{self.name}: inputs holds {len(leaves)} arrays; expected {len(self._inputs)}")
        return leaves

    def _fitted(self, i: int, x: Any) -> Any:
        """An array in its input's dtype and rank: a last axis of one may be left out or added."""
        kind = self._input_kinds[i]
        if not isinstance(x, (np.ndarray, Tensor)):
            if isinstance(x, KerasTensor) or (x is None and self._is_optional(i)):
                return x
            if x is None:
                raise ValueError(f"{self.name}: input {self.input_names[i]!r} is None; expected an array")
            x = np.asarray(x)
        mask = _masks.get_mask(x)
        if x.dtype is not kind and x.dtype != kind:
            check_numbers(self.name, x)
            x = x.astype(kind)
        shape, expected = x.shape, self._inputs[i].shape
        if len(shape) != len(expected):
            if len(shape) == len(expected) + 1 and shape[-1] == 1:
                x = np.reshape(x, shape[:-1])
            elif len(shape) == len(expected) - 1 and expected[-1] == 1:
                x = np.reshape(x, (*shape, 1))
            else:
                raise ValueError(
                    f"{self.name}: input {self.input_names[i]!r} has shape {shape}; expected {expected}"
                )
        for found, size in zip(x.shape[1:], expected[1:], strict=True):
            if size is not None and found != size and not self._any_sizes:
                raise ValueError(
                    f"{self.name}: input {self.input_names[i]!r} has shape {shape}; expected {expected}"
                )
        if mask is not None:
            _masks.set_mask(x, mask)
        return x

    def _is_optional(self, i: int) -> bool:
        layer = self._inputs[i]._keras_history.operation
        return isinstance(layer, InputLayer) and layer.optional

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The outputs' shapes for inputs of other sizes: the graph is drawn anew."""
        shapes: list[Any] = []
        map_shapes(shapes.append, input_shape)
        tensors = [KerasTensor(s, t.dtype) for s, t in zip(shapes, self._inputs, strict=True)]
        results = _trace(self._plan, tensors)
        found = [tensor.shape for tensor in results]
        return (
            found[0] if isinstance(self._outputs_nest, KerasTensor) else pack_like(self._outputs_nest, found)
        )

    def compute_output_spec(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs for other KerasTensors."""
        leaves = [inputs] if isinstance(inputs, KerasTensor) else self._arranged(inputs)
        tensors = [KerasTensor(x.shape, t.dtype) for x, t in zip(leaves, self._inputs, strict=True)]
        results = [KerasTensor(t.shape, t.dtype) for t in _trace(self._plan, tensors)]
        if isinstance(self._outputs_nest, KerasTensor):
            return results[0]
        return pack_like(self._outputs_nest, results)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The layers have given the outputs their masks."""
        return None

    def get_build_config(self) -> dict[str, Any]:
        """A graph is built as it is drawn."""
        return {"input_shape": None}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """There is nothing left to build."""

    def get_config(self) -> dict[str, Any]:
        """The layers with their configurations, and the calls between them."""
        from foldgate.models.functional_config import functional_config

        if getattr(type(self), "_of_subclass", False):  # a subclass has arguments of its own
            return Layer.get_config(self)
        return functional_config(self)


def _rooted(
    inputs: list[KerasTensor], outputs: list[KerasTensor], name: str
) -> tuple[list[KerasTensor], list[KerasTensor]]:
    """What is between tensors within a graph, drawn again with the same layers from Inputs of its own."""
    plan = Plan(Graph(inputs, outputs, name), inputs, outputs)
    roots = [
        tensor if tensor._keras_history.node.is_input else Input(batch_shape=tensor.shape, dtype=tensor.dtype)
        for tensor in inputs
    ]
    return roots, plan.run(roots)


def _trace(plan: Plan, tensors: list[Any]) -> list[Any]:
    """Runs a plan on KerasTensors and leaves no trace of it in the layers' nodes."""
    before = [len(operation._inbound_nodes) for operation in plan.operations]
    for tensor in tensors:
        InputLayer(input_tensor=tensor, name="traced")
    results = plan.run(tensors)
    for operation, count in zip(plan.operations, before, strict=True):
        del operation._inbound_nodes[count:]
    return results
