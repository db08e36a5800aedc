"""While a module is traced, packing is a node: it looks at the lengths, which have no values then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from foldgate._nest import flatten

NAMES = ("pack_padded_sequence", "pad_packed_sequence")


@contextmanager
def as_nodes(torch: Any, module: Any) -> Iterator[None]:
    """Inside this block torch's functions of packing are nodes of a trace, wherever they are called from."""
    from torch.nn.utils import rnn

    originals = {getattr(rnn, name): name for name in NAMES}
    places = {id(found): found for found in (vars(rnn), *_globals(module))}
    changed = []
    for place in places.values():
        for key, value in list(place.items()):
            if callable(value) and _hashed(value) and value in originals:
                changed.append((place, key, value))
                place[key] = _node(torch, value)
    try:
        yield
    finally:
        for place, key, value in changed:
            place[key] = value


def _globals(module: Any) -> Iterator[dict[str, Any]]:
    """What the forwards of a module and of those within it see."""
    for part in module.modules():
        found = getattr(type(part).forward, "__globals__", None)
        if found is not None and not type(part).__module__.startswith("torch."):
            yield found


def _hashed(value: Any) -> bool:
    return type(value).__hash__ is not None


def _node(torch: Any, function: Any) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        leaves = flatten([list(args), kwargs])
        proxy = next((leaf for leaf in leaves if isinstance(leaf, torch.fx.Proxy)), None)
        if proxy is None:
            return function(*args, **kwargs)
        return proxy.tracer.create_proxy("call_function", function, args, kwargs)

    return call
