"""The metrics that a model was compiled with."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import metrics
from foldgate.layers._changes import changed
from foldgate.models.compiled_outputs import for_outputs, is_binary_or_sparse, is_nest, labels_of, output_list


class CompiledMetrics(metrics.Metric):
    """Metrics by output, plain and weighted, as one metric.

    They are made when the first batch says what "accuracy" means.
    """

    def __init__(self, plain: Any, weighted: Any, names: list[str] | None) -> None:
        super().__init__(name="compile_metrics")
        for what, given in (("metrics", plain), ("weighted_metrics", weighted)):
            if given is not None and not isinstance(given, (list, tuple, dict)):
                raise ValueError(f"compile: {what} is {given!r}; expected a list or a dict")
        self._given = {"metrics": plain or None, "weighted_metrics": weighted or None}
        self._names = names
        self._each: list[tuple[int, bool, Any]] | None = None  # (output, weighted, metric)
        self.named: dict[str, Any] = {}  # by their names in the logs

    @property
    def metrics(self) -> list[Any]:
        """All of them, as far as they are made."""
        return list(self._metrics)

    def result(self) -> dict[str, Any]:
        """The result of each by its name in the logs."""
        return {name: metric.result() for name, metric in self.named.items()}

    def reset_state(self) -> None:
        """Forgets what was seen."""
        for metric in self._metrics:
            metric.reset_state()

    def update_state(self, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes in a batch."""
        each = self._each
        if each is None or is_nest(y_pred) or is_nest(y):
            self._update_outputs(y, y_pred, sample_weight)
            return
        for _, weighted, metric in each:
            metric.update_state(y, y_pred, sample_weight) if weighted else metric.update_state(y, y_pred)

    def _update_outputs(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        outputs, keys = output_list(y_pred, self._names)
        labels = (
            labels_of(y, keys, [True] * len(keys)) if not isinstance(y, dict) or len(y) == len(keys) else None
        )
        if labels is None:
            labels = [y.get(key) for key in keys]
        if self._each is None:
            self._build(labels, outputs, keys)
        weights = sample_weight if is_nest(sample_weight) else [sample_weight] * len(keys)
        if isinstance(weights, dict):
            weights = [weights.get(key) for key in keys]
        for i, weighted, metric in self._each or ():
            if weighted:
                metric.update_state(labels[i], outputs[i], weights[i])
            else:
                metric.update_state(labels[i], outputs[i])

    def _build(self, labels: list[Any], outputs: list[Any], keys: list[str | None]) -> None:
        self._each = []
        changed()
        for what, given in self._given.items():
            if given is None:
                continue
            parts = [given] if len(keys) == 1 else for_outputs(what, given, keys, False)
            for i, part in enumerate(parts):
                for identifier in _flat(part):
                    metric = _resolved(identifier, labels[i], outputs[i])
                    self._each.append((i, what == "weighted_metrics", metric))
                    self._enter(metric, keys[i], what == "weighted_metrics")

    def _enter(self, metric: Any, key: str | None, weighted: bool) -> None:
        self._metrics.append(metric)
        base = f"{key}_{metric.name}" if key else metric.name
        if base in self.named and weighted:
            base = f"weighted_{metric.name}" if not key else f"{key}_weighted_{metric.name}"
        name, count = base, 0
        while name in self.named:
            count += 1
            name = f"{base}_{count}"
        self.named[name] = metric


def _flat(part: Any) -> list[Any]:
    if part is None:
        return []
    if isinstance(part, dict):
        return [leaf for value in part.values() for leaf in _flat(value)]
    return [leaf for value in part for leaf in _flat(value)] if isinstance(part, (list, tuple)) else [part]


def _resolved(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    if isinstance(identifier, metrics.Metric):
        return identifier
    name = identifier if isinstance(identifier, str) else None
    if name is not None and name.lower() in ("accuracy", "acc"):
        binary, sparse = is_binary_or_sparse(np.asarray(y_true), y_pred)
        if binary:
            return metrics.BinaryAccuracy(name=name)
        return (metrics.SparseCategoricalAccuracy if sparse else metrics.CategoricalAccuracy)(name=name)
    found = metrics.get(identifier)
    if not isinstance(found, metrics.Metric):
        found = metrics.MeanMetricWrapper(found, name=getattr(found, "__name__", None))
    if name is not None:
        found.name = name
    return found
