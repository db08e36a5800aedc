"""What handles of packed weights share."""

from __future__ import annotations

from typing import NoReturn


class Handle:
    """A handle of weights that lie packed in native memory, in the layout of this process's instructions."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        name = type(self).__name__
        raise TypeError(
            f"{name}: it can neither be pickled nor copied, being packed for this process; expected its "
            "weights, of which another is made"
        )
