"""How a layer is called: everything that `Layer.__call__` leaves out where it has seen the same call
before."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from foldgate import _masks
from foldgate._nest import flatten, map_nest
from foldgate._symbolic.calling import symbolic_call
from foldgate._symbolic.inference import layer_by_trial
from foldgate._symbolic.keras_tensor import KerasTensor
from foldgate._tape import Tensor
from foldgate.layers._context import context
from foldgate.layers._inputs import (
    as_first_input,
    as_input,
    check_numbers,
    holds_arrays,
    is_symbolic,
    shapes_of,
)
from foldgate.layers._signature import Signature, signature_of
from foldgate.layers.input_spec import check_inputs

if TYPE_CHECKING:
    from foldgate.layers.layer import Layer

REMEMBERED = 32  # shapes of a layer's inputs


def call(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Calls a layer: inputs converted and checked, the layer built, training and masks found and passed
    on."""
    signature = signature_of(type(layer).call)
    args, kwargs = converted(layer, signature, *layer._spread(args, kwargs))
    first = args[0] if args else kwargs.get(signature.names[0]) if signature.names else None
    if layer._takes_numbers:
        check_numbers(layer.name, first)
    ensure_built(layer, signature, args, kwargs, first)
    if is_symbolic(args, kwargs):
        build_inner(layer, args, kwargs)
        return symbolic_call(layer, args, kwargs, _shape_arguments(layer, signature, args, kwargs))
    entry, training = context.entry, context.training
    if entry is None:
        context.entry = layer
        layer._clear_losses()
    context.scope.append(layer.name)  # of layers that are built when `call` first calls them
    try:
        kwargs = with_training(layer, signature, kwargs)
        kwargs, previous = with_masks(layer, signature, args, kwargs, first)
        outputs = layer.call(*args, **kwargs)
        layer.built = layer.built or layer._builds_by_call
        if layer.activity_regularizer is not None:
            layer._add_activity_loss(layer.activity_regularizer, outputs)
    finally:
        context.scope.pop()
        context.entry, context.training = entry, training
    if previous is not None or layer._creates_mask:
        pass_masks(layer, first, outputs, previous)
    remember(layer, signature, args, kwargs)
    return outputs


def converted(
    layer: Layer, signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments as arrays of the layer's dtype."""
    if len(args) > len(signature.names) and not signature.variadic:
        raise TypeError(
            f"{layer.name}: call got {len(args)} arguments; expected at most {len(signature.names)}: "
            f"{', '.join(signature.names)}"
        )
    if not signature.open:
        for name in kwargs.keys() - signature.named - {"training"}:  # which a call may do without
            raise TypeError(
                f"{type(layer).__name__} {layer.name!r}: call got an unknown argument {name!r}; expected "
                f"some of {', '.join(signature.names)}"
            )
    if not layer._convert_inputs:
        return args, kwargs
    dtype = layer._compute_kind if layer.autocast else None
    if args:
        args = (as_first_input(args[0], dtype), *[as_input(value, dtype) for value in args[1:]])
    elif signature.names and signature.names[0] in kwargs:
        kwargs = {**kwargs, signature.names[0]: as_first_input(kwargs[signature.names[0]], dtype)}
    kwargs = {name: as_input(value, dtype) for name, value in kwargs.items()}
    return args, kwargs


def ensure_built(
    layer: Layer, signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any], first: Any
) -> None:
    """Checks the input and builds the layer for it where it has not been."""
    spec = layer.input_spec
    if spec is not None:
        check_inputs(spec, first, layer.name)
    if layer.built:
        return
    if layer._builds_by_call:
        layer._build_shapes = build_arguments(layer, _shapes(signature, args, kwargs))
        return
    layer.build(**build_arguments(layer, _shapes(signature, args, kwargs)))
    layer.built = True
    if layer.input_spec is not None and layer.input_spec is not spec:
        check_inputs(layer.input_spec, first, layer.name)


def build_inner(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Builds the layers in a layer that has no `build` of its own, by a trial: weights from a file need them.

    Where an axis besides the batch is unknown it is left to the first call.
    """
    from foldgate.layers.layer import Layer as Base

    if type(layer).build is not Base.build or not layer._says_output_shape or not _any_unbuilt(layer):
        return
    tensors = [leaf for leaf in flatten([list(args), kwargs]) if isinstance(leaf, KerasTensor)]
    if all(None not in tensor.shape[1:] for tensor in tensors):
        layer_by_trial(layer, args, kwargs)


def _any_unbuilt(layer: Layer) -> bool:
    return any(not one.built or _any_unbuilt(one) for one in layer._layers)


def _shapes(signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The shapes of the arguments that hold arrays, but for the mask."""
    return {
        name: shapes_of(value)
        for name, value in signature.by_name(args, kwargs).items()
        if name != "mask" and holds_arrays(value)
    }


def _shape_arguments(
    layer: Layer, signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any] | None:
    """The arguments for `compute_output_shape`; None where the layer has not written it."""
    if not layer._says_output_shape:
        return None
    return build_arguments(layer, _shapes(signature, args, kwargs), "compute_output_shape")


def build_arguments(layer: Layer, shapes: dict[str, Any], method: str = "build") -> dict[str, Any]:
    """The shapes of a call's arguments by the names that `build` or `compute_output_shape` has for them:
    `query` goes to `query_shape`, and the first to a first parameter of any other name."""
    names = signature_of(getattr(type(layer), method)).names
    if not names:
        return {}
    found = {f"{name}_shape": shape for name, shape in shapes.items() if f"{name}_shape" in names}
    first = next(iter(shapes.values()), None)
    if names[0] not in found and first is not None:
        found[names[0]] = first
    return found


def with_training(layer: Layer, signature: Signature, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments with `training`: the one given, else that of the call around, else the
    default."""
    given = kwargs.get("training")
    if given is None:
        nested = context.entry is not layer
        default = signature.training_default
        given = context.training if nested or default is None else bool(default)
    context.training = given = bool(given)
    if signature.takes_training:
        return {**kwargs, "training": given}
    if "training" in kwargs:
        kwargs = {name: value for name, value in kwargs.items() if name != "training"}
    return kwargs


def with_masks(
    layer: Layer, signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any], first: Any
) -> tuple[dict[str, Any], Any]:
    """The keyword arguments with the masks of the inputs, and the mask of the first."""
    if not _masks.kept:
        return kwargs, kwargs.get("mask")
    previous = map_nest(_masks.get_mask, first)
    if signature.takes_mask:
        if kwargs.get("mask") is None and len(args) <= signature.names.index("mask"):
            kwargs = {**kwargs, "mask": previous if _any(previous) else None}
        if kwargs.get("mask") is not None:
            previous = kwargs["mask"]
    else:
        for name, value in signature.by_name(args, kwargs).items():
            target = f"{name}_mask"
            if target in signature.named and kwargs.get(target) is None and holds_arrays(value):
                mask = map_nest(_masks.get_mask, value)
                if _any(mask):
                    kwargs = {**kwargs, target: mask}
    return kwargs, previous if _any(previous) else None


def _any(masks: Any) -> bool:
    return masks is not None and any(mask is not None for mask in flatten(masks))


def pass_masks(layer: Layer, first: Any, outputs: Any, previous: Any) -> None:
    """Gives the outputs the masks that `compute_mask` says."""
    if not layer.supports_masking:
        if _any(previous):
            warnings.warn(
                f"{layer.name} ({type(layer).__name__}) does not support masking: the mask of its input ends "
                "here, and layers after it will not see it",
                stacklevel=3,
            )
        return
    results = flatten(outputs)
    if all(_masks.get_mask(result) is not None for result in results):
        return
    masks = layer.compute_mask(first, previous)
    if masks is None:
        return
    for result, mask in zip(results, flatten(masks), strict=False):
        if mask is not None and _masks.get_mask(result) is None:
            _masks.set_mask(result, mask)


def remember(layer: Layer, signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Lets the next call of arrays of these shapes and dtypes go straight to `call`, where nothing else is to
    be done: no losses, masks or other arguments."""
    simple = (
        not (kwargs.keys() - {"training", "mask"})
        and not layer._creates_mask
        and layer.activity_regularizer is None
        and not signature.training_default
    )
    if not simple or not args:
        return
    x, seen = args[0], layer._seen
    if len(seen) >= REMEMBERED:
        seen.clear()
    if len(args) > 1:
        if layer._convert_inputs and all(map(_is_value, args)):
            seen[(tuple, *[part.shape for part in args])] = [part.dtype for part in args]
    elif isinstance(x, (np.ndarray, Tensor)):
        if layer._takes_as_it_is(x):
            seen[x.shape] = x.dtype
    elif type(x) is list and x and layer._convert_inputs and all(map(_is_value, x)):
        seen[(list, *[part.shape for part in x])] = [part.dtype for part in x]


def _is_value(part: Any) -> bool:
    return isinstance(part, (np.ndarray, Tensor))
