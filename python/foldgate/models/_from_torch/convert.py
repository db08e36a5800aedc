"""A traced module, node by node, as calls of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._nest import flatten
from foldgate._symbolic.functions import FunctionCall
from foldgate._symbolic.graph import Graph
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate.layers import Input
from foldgate.models._from_torch.errors import ConversionError
from foldgate.models._from_torch.in_place import writes
from foldgate.models.functional import Functional


class Converter:
    """Makes the functional model of one module.

    Args:
      module: in eval mode.
      graph: its trace by torch.fx.
      examples: its inputs.
      free_axes: what axes of the inputs are left open.
      name: of the model.
    """

    def __init__(
        self, module: Any, graph: Any, examples: Sequence[Any], free_axes: tuple[Any, ...], name: str
    ) -> None:
        self.module, self.graph, self.name = module, graph, name
        self.examples, self.free_axes = list(examples), free_axes
        self.parts = dict(module.named_modules())
        self.layers: dict[Any, Any] = {}  # by the module's path: a module that is called twice is one layer
        numbers = (str(t.dtype) for t in (*module.parameters(), *examples) if t.is_floating_point())
        self.dtype = next(numbers, "torch.float32").split(".")[1]
        self.node: Any = None
        self.place = ""  # of a module within the one at hand
        self._taken: set[str] = set()
        self._values: dict[Any, Any] = {}

    def refuse(self, why: str) -> ConversionError:
        """The error that names what is at hand by its path."""
        node = self.node
        if node.op == "call_module":
            what = f"{node.target} ({type(self.parts[node.target]).__name__})"
        else:
            inside = list((node.meta or {}).get("nn_module_stack", {}))
            stack = f"{inside[-1]}: " if inside else ""
            what = f"{stack}{getattr(node.target, '__name__', node.target)}"
        return ConversionError(f"from_torch: {what}: {why}")

    def model(self) -> Functional:
        """Walks the trace."""
        inputs: list[Any] = []
        output: Any = None
        for node in self.graph.nodes:
            self.node = node
            if node.op == "placeholder":
                value = self._input(node, inputs)
            elif node.op == "output":
                output = self._checked(self.value(node.args[0]))
                continue
            elif node.op == "get_attr":
                value = self._attribute(node.target)
            elif node.op == "call_module":
                value = self._module(node)
            else:
                value = self._function(node)
            if writes(node, self.parts):
                self._write_over(node, value)
            self._values[node] = value
        if len(inputs) < len(self.examples):
            count = f"{len(inputs)} of the {len(self.examples)} inputs that example has"
            raise ConversionError(f"from_torch: {self.name} takes {count}")
        if isinstance(output, dict):
            output = dict(output)
        self._name_operations(inputs, output)
        return Functional(inputs[0] if len(inputs) == 1 else inputs, _listed(output), name=self.name)

    def _checked(self, output: Any) -> Any:
        for leaf in flatten(output):
            if not isinstance(leaf, KerasTensor):
                raise self.refuse(
                    f"the module gives a {type(leaf).__name__}; expected tensors that depend on its inputs"
                )
        return output

    def _write_over(self, node: Any, value: Any) -> None:
        """Lets those who read what a node has written over read what it wrote."""
        before = self.value([*node.args, *node.kwargs.values()])[0]
        if isinstance(before, KerasTensor):
            for other, held in self._values.items():
                if held is before:
                    self._values[other] = value

    def _name_operations(self, inputs: list[Any], output: Any) -> None:
        """Names the functions' calls as no layer is: theirs are numbered by the session."""
        outputs = [tensor for tensor in flatten(output) if isinstance(tensor, KerasTensor)]
        for operation in Graph(inputs, outputs, self.name).operations:
            if isinstance(operation, FunctionCall):
                operation.name = self.unique(operation.name)

    def _input(self, node: Any, inputs: list[Any]) -> Any:
        if len(inputs) >= len(self.examples):
            if node.args:
                return node.args[0]  # an argument with a default
            raise ConversionError(
                f"from_torch: {self.name} takes {node.target!r} too; example has {len(self.examples)} inputs"
            )
        example = self.examples[len(inputs)]
        free = self.free_axes
        if free and not isinstance(free[0], int):
            free = tuple(free[len(inputs)])
        shape = tuple(None if i in free else size for i, size in enumerate(example.shape))
        tensor = Input(
            batch_shape=shape, dtype=str(example.dtype).split(".")[1], name=self.unique(str(node.target))
        )
        inputs.append(tensor)
        return tensor

    def _attribute(self, path: str) -> Any:
        value: Any = self.module
        for part in path.split("."):
            value = getattr(value, part)
        try:
            return array_of(value)
        except TypeError as error:  # a dtype that NumPy has not
            raise self.refuse(str(error)) from error

    def value(self, arg: Any) -> Any:
        """An argument of a node, with what nodes gave in their places."""
        if isinstance(arg, (list, tuple)):
            parts = [self.value(part) for part in arg]
            return parts if isinstance(arg, list) else tuple(parts)
        if isinstance(arg, dict):
            return {key: self.value(part) for key, part in arg.items()}
        if isinstance(arg, slice):
            return slice(*(self.value(part) for part in (arg.start, arg.stop, arg.step)))
        return self._values[arg] if type(arg).__module__.startswith("torch.fx") else arg

    def _module(self, node: Any) -> Any:
        from foldgate.models._from_torch.table import MODULES

        part = self.parts[node.target]
        form = MODULES.get(kind_of(part).__name__) if is_of_torch(part) else None
        if form is None:
            raise self.refuse("this module has no counterpart here")
        args, kwargs = self.value(node.args), self.value(node.kwargs)
        return self._call(form, part, *args, **kwargs)

    def _function(self, node: Any) -> Any:
        from foldgate.models._from_torch.table import FUNCTIONS

        name = node.target if isinstance(node.target, str) else node.target.__name__
        form = FUNCTIONS.get(name.strip("_"))  # `relu` of `relu_`, `add` of `__add__`
        if form is None:
            raise self.refuse("this function has no counterpart here")
        args, kwargs = self.value(node.args), self.value(node.kwargs)
        kwargs = {_NAMES.get(key, key): value for key, value in kwargs.items()}
        if "input" in kwargs:
            args = (kwargs.pop("input"), *args)
        if not _holds_tensor((args, kwargs)) and callable(node.target) and name in _OF_NUMBERS:
            return node.target(*args, **kwargs)  # arithmetic of sizes that are known
        return self._call(form, *args, **kwargs)

    def _call(self, form: Any, *args: Any, **kwargs: Any) -> Any:
        """What a form gives; what does not fit is named as what is at hand."""
        try:
            return form(self, *args, **kwargs)
        except ConversionError:
            raise
        except Exception as error:  # whatever a form raises on arguments that it was not made for
            raise self.refuse(f"it is used in a way that has no counterpart here ({error})") from error

    def once(self, make: Any, kind: str = "") -> Any:
        """The layer of the module at hand, made the first time that the module is called."""
        kind = f"{self.place}:{kind}"
        key = (self.node.target, kind) if self.node.op == "call_module" else (self.node, kind)
        if key not in self.layers:
            self.layers[key] = make()
        return self.layers[key]

    def within(self, place: str, form: Any, *args: Any, **kwargs: Any) -> Any:
        """What a form gives for a module within the one at hand, whose layers are named by its place."""
        before = self.place
        self.place = f"{before}.{place}" if before else place
        try:
            return form(self, *args, **kwargs)
        finally:
            self.place = before

    def layer_name(self, suffix: str = "") -> str:
        """A name for a layer of what is at hand: its path with underscores."""
        stem = str(self.node.target if self.node.op == "call_module" else self.node.name)
        stem = f"{stem}.{self.place}" if self.place else stem
        return self.unique(stem.replace(".", "_") + suffix)

    def unique(self, stem: str) -> str:
        """A name that no layer has yet."""
        stem = stem.lstrip("*") or "x"
        name, count = stem, 1
        while name in self._taken:
            name, count = f"{stem}_{count}", count + 1
        self._taken.add(name)
        return name

    def options(self, suffix: str = "") -> dict[str, Any]:
        """Name and dtype of a layer of what is at hand."""
        return {"name": self.layer_name(suffix), "dtype": self.dtype}

    def with_weights(self, layer: Any, x: Any, weights: Sequence[Any]) -> Any:
        """A layer that is built for x and has weights of torch."""
        y = layer(x)
        layer.set_weights([np.ascontiguousarray(weight, self.dtype) for weight in weights])
        return y


_NAMES = {"axis": "dim", "keepdims": "keepdim"}
"""NumPy's names of arguments, which torch takes too."""

_OF_NUMBERS = {
    "add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "getitem", "eq", "ne", "lt", "gt", "le", "ge",
    "getattr",
}  # fmt: skip


def kind_of(part: Any) -> Any:
    """A module's class, or that from which torch derived it for a parametrization."""
    kind = type(part)
    return kind.__bases__[0] if kind.__module__ == "torch.nn.utils.parametrize" else kind


def is_of_torch(part: Any) -> bool:
    """Whether a module is one of torch's own, or of those that `foldgate.torch` has put in their places."""
    return bool(kind_of(part).__module__.startswith(("torch.nn", "foldgate.torch.")))


def array_of(tensor: Any) -> Any:
    """A tensor of torch as an array, one of no axes as a number."""
    array = tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor
    return array.item() if isinstance(array, np.ndarray) and array.ndim == 0 else array


def _holds_tensor(nest: Any) -> bool:
    if isinstance(nest, (list, tuple)):
        return any(_holds_tensor(part) for part in nest)
    if isinstance(nest, dict):
        return any(_holds_tensor(part) for part in nest.values())
    return isinstance(nest, (KerasTensor, Size, dict, slice))


class Size:
    """A size of a tensor that is not known: `x.size(0)`."""

    def __init__(self, axis: int) -> None:
        self.axis = axis


def _listed(output: Any) -> Any:
    if isinstance(output, (list, tuple)):
        return [_listed(part) for part in output]
    return output
