"""Control flow by `keras.ops`' names: Python's own, which runs as it is written here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Function = Callable[..., Any]


def cond(pred: Any, true_fn: Function, false_fn: Function) -> Any:
    """What one of two functions gives."""
    return true_fn() if bool(pred) else false_fn()


def switch(index: Any, branches: Sequence[Function], *operands: Any) -> Any:
    """What the function of a number gives for the operands; numbers outside mean the first or the last."""
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


def while_loop(cond: Function, body: Function, loop_vars: Any, maximum_iterations: int | None = None) -> Any:
    """Calls `body` with what it gave as long as `cond` of that is true."""
    alone = not isinstance(loop_vars, (list, tuple))
    values = (loop_vars,) if alone else tuple(loop_vars)
    done = 0
    while bool(cond(*values)) and (maximum_iterations is None or done < maximum_iterations):
        found = body(*values)
        values = tuple(found) if isinstance(found, (list, tuple)) else (found,)
        done += 1
    return values[0] if alone else type(loop_vars)(values)


def fori_loop(lower: Any, upper: Any, body_fun: Function, init_val: Any) -> Any:
    """Calls `body_fun(i, value)` with what it gave for every i from `lower` to `upper` - 1."""
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


def scan(
    f: Function,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """Calls `f(carry, x)`, which gives the next carry and a result, along the first axis of xs.

    Args:
      f: the function.
      init: the first carry.
      xs: arrays in lists, tuples and dicts, or None.
      length: calls, where there are no xs.
      reverse: whether to begin at the end; results stay in the order of xs.
      unroll: without meaning here.

    Returns:
      The last carry, and the results one behind the other.

    Raises:
      ValueError: there are neither xs nor a length.
    """
    count = _length(xs) if length is None else length
    if count is None:
        raise ValueError("scan: xs and length are None; expected one of them")
    carry, results = init, []
    for i in reversed(range(count)) if reverse else range(count):
        carry, found = f(carry, _mapped(lambda x, i=i: x[i], xs))
        results.append(found)
    return carry, _stacked(results[::-1] if reverse else results)


def map(f: Function, xs: Any) -> Any:
    """What `f` gives for each part along the first axis of xs, one behind the other."""
    count = _length(xs) or 0
    return _stacked([f(_mapped(lambda x, i=i: x[i], xs)) for i in range(count)])


def _length(xs: Any) -> int | None:
    if isinstance(xs, dict):
        xs = list(xs.values())
    if isinstance(xs, (list, tuple)):
        return _length(xs[0]) if xs else None
    return None if xs is None else len(xs)


def _mapped(function: Function, nest: Any) -> Any:
    if nest is None:
        return None
    if isinstance(nest, dict):
        return {key: _mapped(function, value) for key, value in nest.items()}
    if isinstance(nest, (list, tuple)):
        return type(nest)(_mapped(function, value) for value in nest)
    return function(nest)


def _stacked(results: list[Any]) -> Any:
    """Nests of the same structure as one nest of stacks."""
    first = results[0] if results else None
    if first is None:
        return None
    if isinstance(first, dict):
        return {key: _stacked([one[key] for one in results]) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(_stacked(list(parts)) for parts in zip(*results, strict=True))
    return np.stack(results)
