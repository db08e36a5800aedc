"""Running a model: onnxruntime's call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from foldgate.onnx import operators as _operators  # registers them
from foldgate.onnx.graph import Array, Graph, ValueInfo
from foldgate.onnx.passes import prepare_graph
from foldgate.onnx.program import Program, compile_graph
from foldgate.onnx.read import load_model, overridable, read_graph, without_initializers
from foldgate.onnx.registry import missing

assert _operators

_PLAIN = (list, tuple, bool, int, float)  # what has no type of its own


class Session:
    """A model that is loaded, checked, simplified and packed once, for many runs.

    Any number of threads may run it at once. Inputs are read, never written to.

    Args:
      model: a path, the bytes of a file, or an `onnx.ModelProto`. External data is read from the path's
        folder and from nowhere else.

    Raises:
      ImportError: the onnx package is not installed.
      TypeError: `model` is of another kind.
      ValueError: the model is damaged, does not fit together, or uses an operator, an attribute or a version
        of the operators that is not supported; the message names the node.

    Example:
      >>> import numpy as np
      >>> from onnx import TensorProto, helper
      >>> import foldgate.onnx
      >>> x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy")
      >>> graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "example", [x], [y])
      >>> session = foldgate.onnx.Session(helper.make_model(graph))
      >>> session.run(None, {"x": np.array([-1.0, 2.0], np.float32)})
      [array([0., 2.], dtype=float32)]
    """

    def __init__(self, model: Any) -> None:
        proto, folder = load_model(model)
        graph = read_graph(proto, folder)
        faults = list(dict.fromkeys(missing(graph)))
        if faults:
            raise ValueError("model cannot be run: " + "; ".join(faults[:20]))
        self._inputs, self._outputs = list(graph.inputs), [_copy(value) for value in graph.outputs]
        self._program = _compiled(graph)
        self._names = [value.name for value in self._outputs]
        self._defaults = overridable(proto)
        # a copy, as the caller may change its own
        self._proto = without_initializers(proto, frozenset()) if self._defaults else None
        self._folder = folder
        self._overriding: dict[frozenset[str], tuple[list[ValueInfo], Program]] = {}

    def get_inputs(self) -> list[ValueInfo]:
        """What `run` takes: name, shape (ints, names of free extents, None) and type, one an input."""
        return list(self._inputs)

    def get_outputs(self) -> list[ValueInfo]:
        """What `run` gives, likewise."""
        return list(self._outputs)

    def get_overridable_initializers(self) -> list[ValueInfo]:
        """What `run` may be given beside its inputs: initializers that the model declares as inputs, too.

        The first run that is given some compiles the model once more, without them.
        """
        return list(self._defaults)

    def run(self, output_names: Sequence[str] | None, feeds: Mapping[str, Any]) -> list[Any]:
        """Runs the model.

        Args:
          output_names: the outputs wanted, in this order; None or none for all.
          feeds: an array for every input, by its name; likewise for initializers that are to be others.
            Numbers and lists of them become arrays of the input's type.

        Returns:
          The outputs as arrays.

        Raises:
          TypeError: an input is of another type; `feeds` is no mapping, or `output_names` no list.
          ValueError: an input is missing or too many, of another shape, or what a node makes of it does not
            fit; a name is not an output's.
          IndexError: a node looks up a position that is not there.
          MemoryError: a node asks for more than there is.
        """
        if not isinstance(feeds, Mapping):
            raise TypeError(f"run: feeds is a {type(feeds).__name__}; expected a mapping of names to arrays")
        if isinstance(output_names, str) or not isinstance(output_names or (), Iterable):
            raise TypeError(f"run: output_names is {output_names!r}; expected a list of names, or None")
        for name in output_names or ():
            if name not in self._names:
                raise ValueError(f"run: output_names has {name!r}; expected some of {self._names}")
        inputs, program = self._inputs, self._program
        if len(feeds) != len(inputs) or any(value.name not in feeds for value in inputs):
            inputs, program = self._without_defaults(feeds)
        values = [_fed(value, feeds[value.name]) for value in inputs]
        with np.errstate(all="ignore"):  # infinities and NaNs are results here, not mishaps
            results = program(*values)
        if output_names:
            results = [results[self._names.index(name)] for name in output_names]
        return _owned(results, values)

    def _without_defaults(self, feeds: Mapping[str, Any]) -> tuple[list[ValueInfo], Program]:
        """The inputs and the program of a run that is given initializers."""
        needed = {value.name for value in self._inputs}
        names = frozenset(feeds) - needed
        known = {value.name for value in self._defaults}
        if needed - set(feeds) or names - known:
            optional = f", and any of {sorted(known)}" if known else ""
            raise ValueError(f"run: feeds has {sorted(feeds, key=str)}; expected {sorted(needed)}{optional}")
        found = self._overriding.get(names)
        if found is None:
            graph = read_graph(without_initializers(self._proto, names), self._folder)
            found = self._overriding[names] = list(graph.inputs), _compiled(graph)
        return found


def _compiled(graph: Graph) -> Program:
    program = compile_graph(prepare_graph(graph))
    graph.constants.clear()  # what the steps need they have, packed or as it was
    return program


def _copy(value: ValueInfo) -> ValueInfo:
    return ValueInfo(value.name, value.shape, value.type, value.dtype)


def _owned(results: list[Any], feeds: list[Any]) -> list[Any]:
    """Arrays of their own: views become whole; inputs, constants and what another result has are copied."""
    taken = [part for feed in feeds for part in (feed if isinstance(feed, list | tuple) else [feed])]
    return [_own(result, taken) for result in results]


def _own(value: Any, taken: list[Any]) -> Any:
    """A result that shares no memory with the arrays in `taken`, to which it is added."""
    if isinstance(value, list | tuple):
        return [None if part is None else np.array(part, order="C") for part in value]
    if value is None:
        return None
    whole = value.flags.c_contiguous and value.flags.writeable
    if not whole or any(np.may_share_memory(value, other) for other in taken if other is not None):
        value = np.array(value, order="C")
    taken.append(value)
    return value


def _fed(info: ValueInfo, value: Any) -> Any:
    """An input as the model declares it."""
    if info.dtype is None:
        if info.type.startswith("seq(") and not isinstance(value, list | tuple):
            found = type(value).__name__
            raise TypeError(f"run: input {info.name!r} is a {found}; expected a list ({info.type})")
        return value
    try:
        array: Array = value if isinstance(value, np.ndarray) else np.asarray(value)
    except ValueError as error:  # lists of other lengths
        raise ValueError(f"run: input {info.name!r} is no array: {error}") from None
    if isinstance(value, _PLAIN) and np.can_cast(array.dtype, info.dtype, "same_kind"):
        array = array.astype(info.dtype)
    if array.dtype != info.dtype and not (array.dtype.kind in "OU" and info.dtype.kind in "OU"):
        raise TypeError(f"run: input {info.name!r} is of {array.dtype}; expected {info.dtype} ({info.type})")
    shape = info.shape
    if shape is not None:
        if len(shape) != array.ndim:
            raise ValueError(f"run: input {info.name!r} has shape {array.shape}; expected {tuple(shape)}")
        for said, found in zip(shape, array.shape, strict=True):
            if said != found and type(said) is int:
                raise ValueError(f"run: input {info.name!r} has shape {array.shape}; expected {tuple(shape)}")
    return array
