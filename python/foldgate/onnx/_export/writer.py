"""Nodes and weights of a file, gathered in the order of the model's calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foldgate._nest import flatten
from foldgate._typing import FloatArray
from foldgate.onnx._export.value import Layout, Value, order_of


class ExportError(ValueError):
    """Something in a model that has no ONNX form here; the message names its layer.

    Example:
      >>> import foldgate as keras
      >>> from foldgate.onnx import ExportError, export
      >>> odd = keras.layers.LSTM(4, activation="gelu", name="odd")
      >>> try:
      ...     export(keras.Sequential([keras.Input((5, 3)), odd]))
      ... except ExportError as error:
      ...     print(error)
      onnx.export: layer 'odd' (LSTM): its cell's activation 'gelu' is none that ONNX has for
      recurrent operators
    """


@dataclass
class State:
    """A state of a stateful layer, which the file takes and gives.

    Attributes:
      value: as the file's input.
      now: as the layer's last call left it; None before the first call.
      read: whether a call begins from the input.
    """

    value: Value
    now: Value | None = None
    read: bool = False


class Writer:
    """What handlers of layers write into.

    Args:
      opset: the version of the operators.
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self.nodes: list[Any] = []
        self.initializers: dict[str, FloatArray] = {}
        self.layer: Any = None
        self.write: Any = None  # `walk.write_layer`, for layers in layers
        self.scope = ""
        self._names: dict[str, int] = {}
        self._constants: dict[Any, str] = {}
        self._orders: dict[tuple[str, Layout, Layout], str] = {}
        self.states: dict[int, list[State]] = {}  # of stateful layers, by the layer's identity
        self._kept: list[Any] = []  # what _constants knows by identity must stay alive

    def enter(self, scope: str, layer: Any) -> None:
        """Says which layer the nodes to come belong to."""
        self.scope, self.layer = scope, layer

    def refuse(self, why: str) -> ExportError:
        """The error that names the layer at hand."""
        kind = getattr(self.layer, "keras_class", type(self.layer).__name__)
        return ExportError(f"onnx.export: layer {self.scope!r} ({kind}): {why}")

    def name(self, stem: str) -> str:
        """A name that nothing has yet."""
        stem = f"{self.scope}/{stem}" if self.scope else stem
        count = self._names[stem] = self._names.get(stem, -1) + 1
        return f"{stem}_{count}" if count else stem

    def states_of(self, layer: Any) -> list[Value]:
        """What a stateful layer's call begins with: the file's inputs, or what the call before left."""
        if id(layer) not in self.states:
            self._kept.append(layer)
            stem = self.scope.replace("/", "_")
            self.states[id(layer)] = [
                State(
                    Value(self._own_name(f"{stem}_state_{i}"), tuple(state.shape), np.dtype(state.dtype).name)
                )
                for i, state in enumerate(flatten(layer.states))
            ]
        kept = self.states[id(layer)]
        for state in kept:
            state.read = state.read or state.now is None
        return [state.value if state.now is None else state.now for state in kept]

    def keep_states(self, layer: Any, values: Sequence[Value]) -> None:
        """Takes what a stateful layer's call left."""
        if id(layer) not in self.states:  # a call that was given its first states
            self.states_of(layer)
            for state in self.states[id(layer)]:
                state.read = False
        for state, value in zip(self.states[id(layer)], values, strict=True):
            state.now = value

    def _own_name(self, stem: str) -> str:
        """A name without the layer at hand in front."""
        scope, self.scope = self.scope, ""
        found, self.scope = self.name(stem), scope
        return found

    def reserve(self, name: str) -> None:
        """Keeps a name for an input or an output."""
        self._names[name] = 0

    def many(self, kind: str, inputs: Sequence[str | None], outputs: int, **attributes: Any) -> list[str]:
        """A node with several outputs; None as an input is one that is left out."""
        from onnx import helper

        names = [self.name(kind) for _ in range(outputs)]
        given = [name or "" for name in inputs]
        while given and not given[-1]:
            given.pop()
        kept = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(kind, given, names, name=names[0], **kept))
        return names

    def op(self, kind: str, *inputs: str | None, **attributes: Any) -> str:
        """A node with one output, whose name is returned."""
        return self.many(kind, inputs, 1, **attributes)[0]

    def constant(self, array: Any, dtype: Any = None, stem: str = "const") -> str:
        """An array in the file; equal small ones once."""
        array = np.asarray(array, dtype, order="C")
        if array.dtype == np.bool_ or array.size > 64:
            return self._store(array, stem)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            scope, self.scope = self.scope, ""
            self._constants[key] = self._store(array, stem)
            self.scope = scope
        return self._constants[key]

    def ints(self, *values: int) -> str:
        """A vector of int64."""
        return self.constant(np.array(values, np.int64))

    def weight(self, variable: Any, form: Callable[[FloatArray], FloatArray], tag: str) -> str:
        """A layer's weight in the form that an operator takes; a layer that is called twice writes it once.

        Args:
          variable: the weight, or a tuple of weights that `form` joins.
          form: from the weight's array to the operator's.
          tag: names the form.
        """
        parts = variable if isinstance(variable, tuple) else (variable,)
        key = (tag, *[id(part) for part in parts])
        if key not in self._constants:
            self._kept.append(parts)
            arrays = [part.numpy() if hasattr(part, "numpy") else part for part in parts]
            self._constants[key] = self._store(np.ascontiguousarray(form(*arrays)), tag)
        return self._constants[key]

    def _store(self, array: FloatArray, stem: str) -> str:
        name = self.name(stem)
        self.initializers[name] = array
        return name

    def cast(self, name: str, dtype: str) -> str:
        """A tensor in another dtype."""
        from onnx import helper

        return self.op("Cast", name, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def inner(self, layer: Any, value: Value, shape: Any) -> Value:
        """What a layer inside the one at hand gives."""
        scope, outer = self.scope, self.layer
        self.enter(f"{scope}/{layer.name}", layer)
        (found,) = self.write(self, layer, (value,), {}, [shape])
        self.enter(scope, outer)
        result: Value = found
        return result

    def floats(self, value: Value, dtype: str) -> Value:
        """A value in a layer's dtype."""
        if value.dtype == dtype:
            return value
        return replace(value, name=self.cast(value.name, dtype), dtype=dtype)

    def laid(self, value: Value, layout: Layout) -> Value:
        """The value in another order of axes, by at most one transpose."""
        if value.layout == layout or order_of(layout, value.rank) == value.stored:
            return replace(value, layout=layout)
        key = (value.name, value.layout, layout)
        if key not in self._orders:
            perm = [value.stored.index(axis) for axis in order_of(layout, value.rank)]
            name = self._orders[key] = self.op("Transpose", value.name, perm=perm)
            self._orders.setdefault((name, layout, value.layout), value.name)
        return replace(value, name=self._orders[key], layout=layout)

    def plain(self, value: Value) -> str:
        """The name of the value with the axes as the layer sees them."""
        return self.laid(value, "plain").name

    def channels_first(self, value: Value, data_format: str) -> str:
        """The name of the value with the channels behind the batch."""
        return self.laid(value, "first" if data_format == "channels_last" else "plain").name

    def same(self, value: Value, name: str, **changes: Any) -> Value:
        """A result of the value's shape and order."""
        return replace(value, name=name, mask=None, **changes)

    def sizes(self, name: str, start: int, end: int) -> str:
        """Some of a tensor's sizes, as they are when the file runs."""
        return self.op("Shape", name, start=start, end=end)

    def joined(self, *parts: str) -> str:
        """Vectors of int64 put together."""
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=0)


def channels_value(name: str, shape: Sequence[int | None], dtype: str, data_format: str) -> Value:
    """What an operator with channels behind the batch gave, as the layer's output."""
    last = data_format == "channels_last" and len(shape) > 2
    return Value(name, tuple(shape), dtype, "first" if last else "plain")
