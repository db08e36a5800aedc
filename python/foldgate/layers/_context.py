"""What calls of layers tell the calls inside them, thread by thread."""

from __future__ import annotations

import threading
from typing import Any


class CallContext(threading.local):
    """The layer that was called from outside, the `training` of the calls below it, the names around a
    build."""

    entry: Any
    training: bool

    def __init__(self) -> None:
        self.entry, self.training = None, False
        self.scope: list[str] = []
        self.building: list[Any] = []


context = CallContext()
