"""foldgate.models.from_torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from foldgate._nest import flatten
from foldgate.models._from_torch.errors import ConversionError
from foldgate.models._from_torch.in_place import writes
from foldgate.models._from_torch.packing import as_nodes


def from_torch(
    module: Any,
    example: Any,
    *,
    free_axes: Sequence[Any] = (0,),
    name: str | None = None,
    tolerance: float | None = 1e-3,
) -> Any:
    """Brings a trained PyTorch module over for good: a functional model with its weights, which answers, is
    trained on, saved and exported without torch.

    The model takes and gives the arrays that the module does: images stay (N, C, H, W). It answers as the
    module does in `eval()`; dropout and batch normalization are there for training. `torch.fx` traces the
    module, so that a forward that decides by values, or by sizes that are not known, cannot be brought.

    Args:
      module: a `torch.nn.Module` on the CPU, of float32 or float64.
      example: its input, a tensor or an array, or a tuple of them for several.
      free_axes: the axes of the inputs whose size is left open; others keep the example's. (0, 1) for
        sequences (N, T, D) of any length; a tuple of axes an input, ((0, 1), (1,)), where they differ.
        Defaults to (0,), the batch.
      name: of the model. Defaults to None: the module's class.
      tolerance: how far the model's answer to the example may be from the module's, as a share of the largest
        value; None does not compare. Defaults to 1e-3.

    Returns:
      A `foldgate.Model`.

    Raises:
      ImportError: torch is missing.
      TypeError: `module` is no torch.nn.Module, or `example` holds what is no tensor or array of numbers.
      ConversionError: a ValueError that names, by its path, what has no counterpart here.
      ArithmeticError: the answers to the example differ.

    Example:
      >>> import torch
      >>> from foldgate.models import from_torch
      >>> module = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(),
      ...                              torch.nn.Linear(8 * 6 * 6, 10))
      >>> model = from_torch(module, torch.zeros(1, 3, 8, 8))
      >>> model.input_shape, model.output_shape
      ((None, 3, 8, 8), (None, 10))
    """
    try:
        import torch
        import torch.fx
    except ImportError as error:
        raise ImportError(
            "foldgate.models.from_torch needs torch to read the module; the model that it makes does not"
        ) from error
    from foldgate.models._from_torch.convert import Converter

    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"from_torch: module is {type(module).__name__}; expected a torch.nn.Module")
    name = type(module).__name__ if name is None else name
    given = list(example) if isinstance(example, (tuple, list)) else [example]
    arrays = [_array(x) for x in given]
    tensors = [
        x if isinstance(x, torch.Tensor) else torch.as_tensor(a) for x, a in zip(given, arrays, strict=True)
    ]
    alone = _leaf_rule(torch)(module, "")
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        graph = _call_of(torch, len(tensors)) if alone else _traced(torch, module)
        whole = torch.nn.Sequential(module) if alone else module
        with torch.no_grad():
            with suppress(Exception):  # of what cannot be called the converter says why
                _called(module, tensors)  # before its weights are read: hooks may make them in each call
            model = Converter(whole, graph, tensors, tuple(free_axes), name).model()
            if tolerance is not None:
                _compare(model, tensors, _called(module, tensors), tolerance)
    finally:
        for part, training in modes:
            part.training = training
    return model


def _called(module: Any, tensors: Sequence[Any]) -> Any:
    return module(*[tensor.clone() for tensor in tensors])  # a module may write over its inputs


def _array(example: Any) -> Any:
    array = np.asarray(None)
    holds_tensors = isinstance(example, (tuple, list)) and any(hasattr(part, "detach") for part in example)
    with suppress(TypeError, ValueError):  # of dtypes and layouts that NumPy has not, and of lists of lists
        array = np.asarray(example.detach() if hasattr(example, "detach") else example)
    if holds_tensors or array.dtype.kind not in "fiub":
        raise TypeError(f"from_torch: example is {example!r:.60}; expected a tensor or an array of numbers")
    return array


def _leaf_rule(torch: Any) -> Callable[[Any, str], bool]:
    """Which modules are brought over as they are: torch's own but for containers."""
    from foldgate.models._from_torch.convert import is_of_torch

    is_leaf = torch.fx.Tracer().is_leaf_module
    return lambda part, name: is_leaf(part, name) or (is_of_torch(part) and not list(part.children()))


def _call_of(torch: Any, inputs: int) -> Any:
    """The trace of a module that is brought over as it is: torch.fx looks into what it is given."""
    graph = torch.fx.Graph()
    given = tuple(graph.placeholder(f"input_{i}" if i else "input") for i in range(inputs))
    graph.output(graph.call_module("0", given))
    return graph


def _traced(torch: Any, module: Any) -> Any:
    tracer = torch.fx.Tracer()
    tracer.is_leaf_module = _leaf_rule(torch)
    try:
        with as_nodes(torch, module):
            graph = tracer.trace(module)
        copy = torch.fx.GraphModule(module, graph)
        graph, parts = copy.graph, dict(module.named_modules())
        graph.eliminate_dead_code(lambda node: node.is_impure() or writes(node, parts))
    except Exception as error:  # whatever the module's own code raises on a proxy
        raise ConversionError(
            f"from_torch: {type(module).__name__} cannot be traced by torch.fx: {error}"
        ) from error
    return graph


def _compare(model: Any, tensors: Sequence[Any], expected: Any, tolerance: float) -> None:
    arrays = [tensor.detach().numpy() for tensor in tensors]
    found = flatten(model(arrays[0] if len(arrays) == 1 else arrays))
    for i, (a, b) in enumerate(zip(found, flatten(_tensors(expected)), strict=True)):
        a, b = np.asarray(a), b.detach().numpy()
        if a.shape != b.shape:
            raise ArithmeticError(f"from_torch: output {i} has shape {a.shape}; the module gives {b.shape}")
        far = float(np.abs(a - b).max()) if a.size else 0.0
        largest = float(np.abs(b).max()) if b.size else 0.0
        if not far <= tolerance * max(1.0, largest):
            raise ArithmeticError(
                f"from_torch: output {i} of the example is {far:.3g} away from the module's, whose largest "
                f"value is {largest:.3g}; expected at most {tolerance} of it"
            )


def _tensors(nest: Any) -> Any:
    if isinstance(nest, dict):
        return {key: _tensors(part) for key, part in nest.items()}
    return [_tensors(part) for part in nest] if isinstance(nest, (tuple, list)) else nest
