"""The libraries that the benchmark compares with, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from .base import Candidate, Peer

__all__ = ["PEERS", "Candidate", "Peer", "installed", "make"]

PEERS: tuple[str, ...] = ("torch", "onnxruntime", "openvino")


def make(name: str) -> Peer:
    """The peer of that name.

    Raises:
        ValueError: There is no such peer.
        ImportError: The peer's package is not installed; the message names it.
    """
    if name not in PEERS:
        raise ValueError(f"bench: peers has {name!r}; expected some of {', '.join(PEERS)}")
    peer = import_module(f"{__name__}.{name}").make()
    assert isinstance(peer, Peer)
    return peer


def installed() -> list[str]:
    """The peers that could be imported, without importing them."""
    return [name for name in PEERS if find_spec(name) is not None]
