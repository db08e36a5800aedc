"""A line of progress for loops of one's own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from foldgate._checks import integers, numbers
from foldgate.callbacks._progress import ProgressLine, duration, shown


class Progbar:
    """Shows how far a loop is, with values: their means over the steps, or as they are.

    Args:
      target: how many steps there are, or None.
      width: of the bar, in characters. Defaults to 20.
      verbose: 0 for nothing, 1 for a bar, 2 for a line at the end. Defaults to 1.
      interval: seconds from one drawing to the next. Defaults to 0.05.
      stateful_metrics: names of values that are shown as they are. Defaults to None: none.
      stateless_metrics: or instead, names of those whose means are shown.
      unit_name: what a step is called. Defaults to `"step"`.

    Raises:
      ValueError: both lists of names are given, or a number is out of its range.

    Example:
      >>> from foldgate.utils import Progbar
      >>> bar = Progbar(2, verbose=0)
      >>> for loss in (3.0, 1.0):
      ...     bar.add(1, [("loss", loss)])
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        integers(self, 0, or_none=True, target=target)
        integers(self, 1, width=width)
        numbers(self, "[0, inf)", interval=interval)
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("Progbar: stateful_metrics and stateless_metrics are given; expected one")
        self.target, self.width, self.verbose = target, width, int(verbose)
        self.interval, self.unit_name = interval, unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._seen = 0
        self._sums: dict[str, tuple[Any, int]] = {}
        self._start = time.perf_counter()
        line = ProgressLine(target, width, interval, unit_name) if self.verbose == 1 else None
        self._line = line

    def update(self, current: int, values: Any = None, finalize: bool | None = None) -> None:
        """Says how many steps are done, with pairs of names and values of the last ones.

        Args:
          current: so many.
          values: pairs (name, value), or None.
          finalize: whether these are the last; None for when `target` is reached.
        """
        last = (self.target is not None and current >= self.target) if finalize is None else bool(finalize)
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value * steps, count + steps) if self._is_mean(name) else (value, 1)
        self._seen = current
        means = {name: total / count for name, (total, count) in self._sums.items()}
        if self._line is not None and (last or self._line.due()):
            self._line.draw(current, means, last=last)
        elif self.verbose == 2 and last:
            seconds = time.perf_counter() - self._start
            text = "".join(f" - {name}: {shown(value)}" for name, value in means.items())
            each = duration(seconds / max(current, 1))
            print(f"{current}/{self.target} - {seconds:.0f}s - {each}/{self.unit_name}{text}")

    def add(self, n: int, values: Any = None) -> None:
        """Says that n more steps are done."""
        self.update(self._seen + n, values)

    def _is_mean(self, name: str) -> bool:
        names = self.stateless_metrics
        return name not in self.stateful_metrics if names is None else name in names
