"""What a training step looks up by walking through a model: once, until something in a model changes."""

from __future__ import annotations

from typing import Any

from foldgate._tape import Variable
from foldgate.layers import _changes
from foldgate.layers.weight import Weight


class LookedUp:
    """The trainable weights and the metrics of a model.

    A subclass that writes these properties itself is asked each time.
    """

    def __init__(self, model: Any) -> None:
        self.count = _changes.count
        self.weights: list[Any] = list(model.trainable_variables)
        # Of others than a layer's own weights nobody says when a regularizer comes: the losses are asked.
        self.regularized = any(not _is_plain(weight) for weight in self.weights)
        self.metrics: list[Any] = model.metrics
        self.named: dict[str, Any] = model._name_metrics(self.metrics)
        # The mean loss where there is no other metric, and nobody else says what results are.
        self.loss_alone: Any = None
        if len(self.metrics) == 1 and model.compiled and model._tells_results:
            self.loss_alone = self.metrics[0]


def _is_plain(weight: Any) -> bool:
    """Whether there is no regularizer, and a count of changes if there ever is one."""
    return type(weight) is Variable or (type(weight) is Weight and weight.regularizer is None)


def looked_up(model: Any) -> LookedUp:
    """What there is now."""
    known: LookedUp | None = model.__dict__.get("_looked_up")
    if known is None or known.count != _changes.count or not model._looks_up_once:
        known = LookedUp(model)
        if model._looks_up_once:
            model.__dict__["_looked_up"] = known
    return known
