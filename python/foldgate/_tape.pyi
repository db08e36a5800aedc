"""To the type checker a Tensor is an array, since it goes wherever arrays go; it is no instance of
numpy.ndarray."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

_Array = np.ndarray[Any, np.dtype[Any]]
_F = TypeVar("_F", bound=Callable[..., Any])

class Tensor(_Array):
    def __new__(cls, value: Any) -> Tensor: ...
    def __init__(self, value: Any) -> None: ...
    def numpy(self) -> _Array: ...

class Variable(Tensor):
    def __new__(
        cls, initial_value: Any, *, trainable: bool = True, name: str | None = None, dtype: Any = None
    ) -> Variable: ...
    def __init__(
        self, initial_value: Any, *, trainable: bool = True, name: str | None = None, dtype: Any = None
    ) -> None: ...
    @property
    def trainable(self) -> bool: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def value(self) -> _Array: ...
    def writable(self) -> _Array: ...
    def assign(self, value: Any) -> Variable: ...
    def assign_add(self, delta: Any) -> Variable: ...
    def assign_sub(self, delta: Any) -> Variable: ...

class GradientTape:
    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None: ...
    def __enter__(self) -> GradientTape: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def watch(self, tensor: Any) -> Any: ...
    def watched_variables(self) -> tuple[Variable, ...]: ...
    def reset(self) -> None: ...
    def stop_recording(self) -> AbstractContextManager[None]: ...
    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any: ...

class no_grad:  # noqa: N801
    def __enter__(self) -> None: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def __call__(self, function: _F) -> _F: ...

def stop_gradient(x: _Array) -> _Array: ...
def any_tensor(
    a: object, b: object = None, c: object = None, d: object = None, e: object = None, f: object = None
) -> bool:
    """Whether one of an op's operands is a Tensor: the one question that an op asks before its work."""

def register_symbolic(kind: type[Any], call: Callable[..., Any]) -> None:
    """Has ops take tensors of a class without values too.

    Args:
      kind: the class.
      call: called as `call(name, function, operands, options)` for an op whose operands hold such a tensor.
    """

def settled(*operands: Any) -> tuple[Any, ...]:
    """The operands as they are while a tape records in this thread, else with arrays for Tensors.

    A layer asks it for its weights, which are Variables: an op of arrays need not ask the tape.
    """

def record_op(
    name: str,
    function: Callable[..., Any],
    rule: Callable[..., tuple[Any, ...]],
    operands: Iterable[Any],
    options: dict[str, Any],
) -> Any:
    """Calls an op whose operands hold a Tensor: as one node where a tape records it, else on the arrays.

    Args:
      name: of the op, for errors.
      function: the op, called as `function(*arrays, **options)` where nothing is recorded.
      rule: called as `rule(*arrays, **options)` where it is; returns `(results, backward)`: an array or a
        tuple, of which the float arrays become Tensors, and `backward(needs, *dresults)`, which returns a
        gradient per operand. `needs` says which of them somebody reads; a dresult is None where no gradient
        arrives. A third value says how many of the results, the first ones, have gradients.
      operands: Tensors, arrays and Nones.
      options: the other arguments.

    Returns:
      What the op returns: Tensors while a tape records in this thread, else arrays.
    """

class KnownOp:
    """An op of three operands (an input, a kernel, a bias or None) and options, whose calls forward and
    backward are known by shape: how it is called, and recorded as one node.

    Args:
      function: the op itself.
      options: their names, in the order of the calls; `"activation"` is one of them.
      forward: the known calls of the op, a `_native.Calls`.
      plan: called as `plan(x, kernel, bias, options)` for one that is not known; returns the result.
      backward: the known calls of its gradients, of `(dy, x, kernel, y, *options, *needs, over_dy)`; `y` is
        the result, None where there is no activation, `needs` three bools, and `over_dy` says that nobody
        else reads dy, so that it may be written over.
      plan_backward: called as `plan_backward(dy, x, kernel, y, options, needs, over_dy)` for one that is not
        known; returns three gradients of the operands' shapes, None where not needed.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        options: tuple[str, ...],
        forward: Any,
        plan: Callable[..., Any],
        backward: Any,
        plan_backward: Callable[..., Any],
    ) -> None: ...
    def run(self, x: Any, kernel: Any, bias: Any, options: tuple[Any, ...]) -> Any:
        """The result: a Tensor while a tape records, else an array; None where an operand is symbolic."""

    def drawn(self, x: Any, kernel: Any, bias: Any, options: tuple[Any, ...]) -> Any:
        """The call in the graph of a model, of operands of which one is symbolic."""

def record_linear(value: _Array, operand: Any, pullback: Callable[[Any], Any]) -> Any:
    """`value`, computed from `operand` by something that NumPy has no function for, with its gradient's
    function."""

def same(dz: _Array) -> _Array:
    """The pullback of what leaves the elements as they are."""

def restore_variable(value: _Array, trainable: bool, name: str) -> Variable:
    """Makes a Variable again from what pickling kept of it."""
