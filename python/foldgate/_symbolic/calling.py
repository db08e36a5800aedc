"""A layer called on KerasTensors: nothing is computed, and the call becomes a node of the graph."""

from __future__ import annotations

from typing import Any

from foldgate._nest import is_shape, map_shapes
from foldgate._symbolic.inference import layer_by_trial
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._symbolic.node import Node


def symbolic_call(
    layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any], shapes: dict[str, Any] | None
) -> Any:
    """The layer's outputs as KerasTensors.

    Args:
      layer: built.
      args, kwargs: of its call.
      shapes: the arguments of `compute_output_shape`; None to find the shapes by running the layer on small
        arrays.
    """
    if hasattr(layer, "compute_output_spec"):
        outputs = layer.compute_output_spec(*args, **kwargs)
    elif shapes is None:
        outputs = layer_by_trial(layer, args, kwargs)
    else:
        outputs = _tensors(layer, layer.compute_output_shape(**shapes))
    Node(layer, args, kwargs, outputs)
    return outputs


def _tensors(layer: Any, shapes: Any) -> Any:
    if is_shape(shapes):
        shapes = tuple(shapes)
    elif not isinstance(shapes, (list, tuple, dict)):
        raise ValueError(
            f"{layer.name}: compute_output_shape gave {shapes!r}; expected a shape or a nest of them"
        )
    return map_shapes(lambda shape: KerasTensor(shape, layer.compute_dtype), shapes)
