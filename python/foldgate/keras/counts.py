"""How many calls foldgate computed and how many it left to Keras."""

from __future__ import annotations

import threading

_lock = threading.Lock()
_ran: dict[str, int] = {}
_left: dict[str, int] = {}


def ran(name: str) -> None:
    """Counts a call that foldgate computed."""
    with _lock:
        _ran[name] = _ran.get(name, 0) + 1


def left(name: str) -> None:
    """Counts a call that was left to Keras."""
    with _lock:
        _left[name] = _left.get(name, 0) + 1


def calls(reset: bool = False) -> dict[str, tuple[int, int]]:
    """How often each function of Keras was called since the start: (by foldgate, left to Keras).

    Calls that only infer shapes are among those left to Keras with the torch backend; what `torch.compile`
    compiles is not counted.

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
        found = {name: (_ran.get(name, 0), _left.get(name, 0)) for name in {**_ran, **_left}}
        if reset:
            _ran.clear()
            _left.clear()
    return found
