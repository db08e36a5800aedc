"""Lists, tuples and dicts of arrays, nested: their leaves in a fixed order, and the same nest of other
leaves.

Dicts go by sorted key, as in Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def flatten(nest: Any) -> list[Any]:
    """The leaves of a nest; what is no list, tuple or dict is a leaf."""
    if isinstance(nest, (list, tuple)):
        return [leaf for part in nest for leaf in flatten(part)]
    if isinstance(nest, dict):
        return [leaf for key in sorted(nest) for leaf in flatten(nest[key])]
    return [nest]


def map_nest(function: Callable[[Any], Any], nest: Any) -> Any:
    """The nest of `function(leaf)`."""
    if isinstance(nest, (list, tuple)):
        return _like(nest, [map_nest(function, part) for part in nest])
    if isinstance(nest, dict):
        return {key: map_nest(function, part) for key, part in nest.items()}
    return function(nest)


def pack_like(nest: Any, leaves: Iterable[Any]) -> Any:
    """The nest with other leaves, given in the order of `flatten`."""
    return _pack(nest, iter(leaves))


def _pack(nest: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(nest, (list, tuple)):
        return _like(nest, [_pack(part, leaves) for part in nest])
    if isinstance(nest, dict):
        packed = {key: _pack(nest[key], leaves) for key in sorted(nest)}
        return {key: packed[key] for key in nest}
    return next(leaves)


def _like(nest: Any, parts: list[Any]) -> Any:
    if isinstance(nest, tuple):
        return type(nest)(*parts) if hasattr(nest, "_fields") else tuple(parts)
    return parts


def is_shape(value: Any) -> bool:
    """Whether this is one shape, not a nest of them: a list or tuple of ints and Nones."""
    return isinstance(value, (list, tuple)) and all(size is None or isinstance(size, int) for size in value)


def map_shapes(function: Callable[[tuple[int | None, ...]], Any], shapes: Any) -> Any:
    """The nest of `function(shape)` of a nest of shapes."""
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, (list, tuple)):
        return _like(shapes, [map_shapes(function, part) for part in shapes])
    if isinstance(shapes, dict):
        return {key: map_shapes(function, part) for key, part in shapes.items()}
    return shapes
