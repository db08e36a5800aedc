"""What modules keep of their weights in the kernels' layout, so that unchanged weights are prepared once.

Nothing that torch says of a tensor tells whether its numbers are the same: writes through `.data` or through
a NumPy view leave the version counter as it is. So the weights themselves are compared, bytes with bytes,
with the copy that was taken when they were prepared; what was prepared can never be stale. Reading them costs
less than any computation that reads them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

_compare = ctypes.CDLL(None).memcmp
_compare.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
_compare.restype = ctypes.c_int


class Source:
    """A copy of a weight's bytes."""

    __slots__ = ("copy", "dtype", "nbytes", "shape", "stride")

    def __init__(self, weight: Any) -> None:
        self.copy = weight.detach().clone()  # dense weights keep their strides
        self.shape, self.stride, self.dtype = weight.shape, weight.stride(), weight.dtype
        self.nbytes = weight.numel() * weight.element_size()

    def holds(self, weight: Any) -> bool:
        """Whether `weight` has the bytes that were copied, in the same layout."""
        return (
            weight.dtype is self.dtype
            and weight.shape == self.shape
            and weight.stride() == self.stride
            and _compare(weight.data_ptr(), self.copy.data_ptr(), self.nbytes) == 0
        )


class Kept:
    """What a module has prepared, by a key that says for which use. Copies and pickles of it are empty."""

    def __init__(self) -> None:
        self._entries: dict[Any, tuple[tuple[Source | None, ...], Any]] = {}
        self.verdicts: dict[Any, bool] = {}
        """What the rules said of inputs of a shape and layout, with or without gradients."""
        self.options: Any = None
        """The module's, of which the rules said it."""

    def __reduce__(self) -> tuple[type[Kept], tuple[()]]:
        return Kept, ()

    def get(self, key: Any, weights: tuple[Any, ...], prepare: Callable[[], Any]) -> Any:
        """What `prepare` returned for weights of these very bytes, else what it returns now.

        Args:
          key: the use; weights of another use do not push these out.
          weights: dense tensors, or None.
          prepare: makes the result of the weights; what it returns is never written to.
        """
        entry = self._entries.get(key)
        if entry is not None and all(
            weight is None if source is None else weight is not None and source.holds(weight)
            for source, weight in zip(entry[0], weights, strict=True)
        ):
            return entry[1]
        # The copies first: a write by another thread in between makes them differ, and so is seen.
        sources = tuple(None if weight is None else Source(weight) for weight in weights)
        prepared = prepare()
        self._entries[key] = (sources, prepared)
        return prepared


def kept_of(module: Any) -> Kept:
    """The module's own."""
    kept = module.__dict__.get("_foldgate")
    if kept is None:
        kept = module.__dict__["_foldgate"] = Kept()
    result: Kept = kept
    return result


def forget(module: Any) -> None:
    """Drops what the module has prepared."""
    module.__dict__.pop("_foldgate", None)
