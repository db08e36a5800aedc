"""What the benchmark asks of another library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from ..cases import Array, Arrays, Case


@dataclass(frozen=True)
class Candidate:
    """One way in which a peer runs a case.

    Args:
        variant: The layout or other choice that sets it apart, such as "NHWC".
        call: The timed call.
        results: Runs it once and gives the results that it yields, under foldgate's names and in its layout.
    """

    variant: str
    call: Callable[[], object]
    results: Callable[[], Arrays]


class Peer(ABC):
    """A library to compare with. Making one imports it.

    Raises:
        ImportError: The library is not installed; the message names the package.
    """

    name: str
    label: str  # the table's column

    @abstractmethod
    def version(self) -> str: ...

    @abstractmethod
    def candidates(self, case: Case, pass_: str, arrays: Arrays, threads: int) -> list[Candidate]:
        """Ways to run the case, of which the fastest is kept; none where the peer lacks the operation."""


def load(peer: str, module: str, package: str) -> Any:
    """Import `module`, or say which package brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"bench: peer {peer!r} needs the package {package!r}, which is not installed ({error}); "
            f"python -m pip install {package}"
        ) from error


def to_channels_first(image: Array) -> Array:
    """(N, *spatial, C) -> (N, C, *spatial), contiguous."""
    return np.ascontiguousarray(np.moveaxis(image, -1, 1))


def to_channels_last(image: Array) -> Array:
    """(N, C, *spatial) -> (N, *spatial, C), a view."""
    return np.moveaxis(image, 1, -1)


def channels_first_kernel(kernel: Array) -> Array:
    """(*k, C, O) -> (O, C, *k), contiguous."""
    return np.ascontiguousarray(np.moveaxis(kernel, (-1, -2), (0, 1)))


def channels_last_kernel(kernel: Array) -> Array:
    """(O, C, *k) -> (*k, C, O), a view."""
    return np.moveaxis(kernel, (0, 1), (-1, -2))


def reorder_gates(weights: Array, order: tuple[int, ...]) -> Array:
    """Permute the gate blocks of the last axis (..., G U)."""
    blocks = np.split(weights, len(order), axis=-1)
    return np.concatenate([blocks[gate] for gate in order], axis=-1)
