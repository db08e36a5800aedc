"""A line of progress in the terminal, by rich."""

from __future__ import annotations

import math
import time
from typing import Any


class ProgressLine:
    """A bar, drawn over itself at most ten times a second; without a terminal, its last state alone."""

    def __init__(self, total: int | None, width: int = 20, interval: float = 0.1, unit: str = "step") -> None:
        from rich.console import Console  # loaded when there is something to show

        self._console = Console(highlight=False, soft_wrap=True)
        self._live = self._console.is_terminal
        self.total, self._width, self._interval, self._unit = total, width, interval, unit
        self._start = self._drawn = time.perf_counter()
        self._length = 0

    def due(self) -> bool:
        """Whether it is time to draw again."""
        return self._live and time.perf_counter() - self._drawn >= self._interval

    def draw(self, done: int, logs: dict[str, Any], last: bool = False) -> None:
        """The bar, the time and the values; the last drawing ends the line."""
        from rich.text import Text

        now = time.perf_counter()
        parts = [self._counts(done), self._bar(done, last), self._time(done, now - self._start, last)]
        values = [f"{name}: {shown(value)}" for name, value in logs.items()]
        text = Text.assemble(*parts, *(f" - {value}" for value in values))
        width = len(text.plain)
        padding = " " * max(0, self._length - width)
        if self._live:
            self._console.file.write("\r")
        self._console.print(text, padding, sep="", end="\n" if last else "")
        self._console.file.flush()
        self._drawn, self._length = now, width

    def _counts(self, done: int) -> Any:
        if self.total is None:
            return (f"{done}/Unknown ", "bold")
        digits = len(str(self.total))
        return (f"{done:>{digits}}/{self.total} ", "bold")

    def _bar(self, done: int, last: bool) -> Any:
        share = 1.0 if last or not self.total else min(1.0, done / self.total)
        full = max(1, math.floor(self._width * share))
        return ("━" * full + " " * (self._width - full), "green")

    def _time(self, done: int, seconds: float, last: bool) -> str:
        each = seconds / done if done else 0.0
        if last or self.total is None:
            return f" {seconds:.0f}s {duration(each)}/{self._unit}"
        left = int(each * (self.total - done))
        if left >= 3600:
            return f" {left // 3600}:{left % 3600 // 60:02d}:{left % 60:02d} {duration(each)}/{self._unit}"
        if left >= 60:
            return f" {left // 60}:{left % 60:02d} {duration(each)}/{self._unit}"
        return f" {left}s {duration(each)}/{self._unit}"


def duration(seconds: float) -> str:
    """Seconds, milliseconds or microseconds, whichever are at least 1."""
    if seconds >= 1:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def shown(value: Any) -> str:
    """A value with four digits behind the point, or of its own if it is very small."""
    try:
        number = float(value)
    except TypeError:
        return str(value)
    return f"{number:.4f}" if abs(number) > 1e-3 else f"{number:.4e}"
