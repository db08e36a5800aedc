"""How an op is recorded on the tape: as one node, by a rule that stands next to its backward function.

An op asks `any_tensor(x, kernel, bias)` before its own work, and where that is so returns
`record(op, rule, names of these operands, locals())`: its arguments as they came, whatever options it has.

The rule takes the operands as arrays and the options by name, and returns `(results, backward)`:

    def _recorded(x, kernel, bias, **options):
        y = conv(x, kernel, bias, **options)

        def backward(needs, dy):
            return conv_backward(dy, x, kernel, need_dx=needs[0], ..., **options)

        return y, backward

Convolution and the product, of which a training step makes the most calls, are each a `KnownOp` instead.

What backward reads of the forward pass it holds by closure, so it keeps no more than that. `needs` says which
operands' gradients somebody reads. Results that are not float arrays (indices, None) have no gradient, nor
have those past a third value, where the rule returns a number of results; `backward` takes one gradient per
result all the same, None where none arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from foldgate._tape import KnownOp, Tensor, any_tensor, record_op
from foldgate._typing import FloatArray

__all__ = ["Backward", "KnownOp", "Needs", "Tensor", "any_tensor", "no_cache", "record", "record_op"]

Result = TypeVar("Result")
Needs = tuple[bool, ...]
Backward = Callable[..., Sequence[FloatArray | None]]
Rule = Callable[..., tuple[Any, ...]]


def record(
    function: Callable[..., Result], rule: Rule, operands: tuple[str, ...], arguments: dict[str, Any]
) -> Result:
    """Calls `function` with operands that may be Tensors.

    Args:
      function: the op itself, which gets the arrays where no tape records.
      rule: see above.
      operands: the names of the arguments that may be Tensors, in the order of the rule's.
      arguments: all of them by name, as `locals()` has them before the op's own work.

    Returns:
      What the op returns: Tensors while a tape records, else arrays.
    """
    options = arguments.copy()
    values = [options.pop(name) for name in operands]

    def call(*values: Any, **_: Any) -> Any:  # where nothing is recorded: the same call on arrays
        arguments.update(zip(operands, values, strict=True))
        return function(**arguments)

    recorded: Result = record_op(function.__name__, call, rule, values, options)
    return recorded


def no_cache(op: str, return_cache: bool) -> None:
    """Refuses what nobody could use: on a tape the backward that reads the cache is the tape's."""
    if return_cache:
        raise ValueError(f"{op}: return_cache is True for a recorded Tensor; the tape keeps the cache itself")
