"""Which of two results is better."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from foldgate._checks import numbers
from foldgate.callbacks.callback import Callback

_UP = ("acc", "accuracy", "auc", "precision", "recall", "f1_score", "iou")


class MonitorCallback(Callback):
    """The base of callbacks that look at one result.

    Args:
      monitor: its name.
      mode: `"min"`, `"max"`, or `"auto"` for what the metric's name and kind say.
      initial_value_threshold: None, or what the first value must be better than.
      min_delta: by how much a value must be better.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        initial_value_threshold: float | None = None,
        min_delta: float = 0.0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{type(self).__name__}: mode is {mode!r}; expected 'auto', 'min' or 'max'")
        if not isinstance(monitor, str):
            raise TypeError(f"{type(self).__name__}: monitor is {monitor!r}; expected a name")
        numbers(self, "(-inf, inf)", min_delta=min_delta)
        numbers(self, "[-inf, inf]", or_none=True, initial_value_threshold=initial_value_threshold)
        self.monitor, self.mode = monitor, mode
        self.best = initial_value_threshold
        self.min_delta = abs(min_delta)
        self._sign = {"min": -1.0, "max": 1.0}.get(mode, 0.0)

    def _direction(self) -> float:
        """1 where more is better, -1 where less is."""
        if self._sign:
            return self._sign
        name = self.monitor.removeprefix("val_")
        metric = self.model._named_metrics().get(name) if hasattr(self.model, "_named_metrics") else None
        known = {"up": 1.0, "down": -1.0}.get(getattr(metric, "_direction", None) or "")
        self._sign = known or (1.0 if any(part in name.lower() for part in _UP) else -1.0)
        return self._sign

    def _is_better(self, value: Any, best: Any) -> bool:
        if best is None:
            return True
        sign = self._direction()
        return bool(sign * (np.asarray(value) - best) > self.min_delta)

    def _value(self, logs: Any) -> Any:
        """The result that is looked at; None, with a warning, where there is none."""
        logs = logs or {}
        if self.monitor not in logs:
            warnings.warn(
                f"{type(self).__name__}: monitor is {self.monitor!r}, which is not among the results "
                f"{', '.join(logs)}",
                stacklevel=3,
            )
        return logs.get(self.monitor)
