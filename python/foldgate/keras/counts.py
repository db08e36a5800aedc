"""How many calls foldgate computed and how many it left to Keras."""

from __future__ import annotations

import threading

_lock = threading.Lock()
_calls: dict[str, list[int]] = {}


def ran(name: str) -> None:
    """Counts a call that foldgate computed."""
    _add(name, 0)


def left(name: str) -> None:
    """Counts a call that was left to Keras."""
    _add(name, 1)


def _add(name: str, which: int) -> None:
    with _lock:
        _calls.setdefault(name, [0, 0])[which] += 1


def calls(reset: bool = False) -> dict[str, tuple[int, int]]:
    """How often each function of Keras was called since the start: (by foldgate, left to Keras).

    Calls that only infer shapes are among those left to Keras with the torch backend.

    Args:
      reset: whether to start again at 0.

    Returns:
      The pair of counts by the function's name, of the functions called at all.

    Example:
      >>> import foldgate.keras
      >>> foldgate.keras.calls(reset=True)  # doctest: +SKIP
      {'conv': (12, 0), 'lstm': (3, 1)}
    """
    with _lock:
        found = {name: (by_foldgate, by_keras) for name, (by_foldgate, by_keras) in _calls.items()}
        if reset:
            _calls.clear()
    return found
