"""The losses that a model was compiled with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foldgate import losses
from foldgate._tape import Tensor
from foldgate.layers._changes import changed
from foldgate.metrics import Mean
from foldgate.models.compiled_outputs import for_outputs, is_binary_or_sparse, is_nest, labels_of, output_list


class CompiledLoss:
    """The sum of the outputs' losses, by weights; each of several outputs has a metric of its own."""

    def __init__(self, loss: Any, weights: Any, names: list[str] | None) -> None:
        if loss is None or (is_nest(loss) and not len(loss)):
            raise ValueError("compile: loss is empty; expected a loss, a list or a dict of them")
        for one in _flat(loss):
            if not (one is None or callable(one) or isinstance(one, (str, Mapping))):
                raise ValueError(f"compile: loss is {one!r}; expected a loss, a function or the name of one")
            if isinstance(one, str) and one.lower() not in ("crossentropy", "ce"):
                losses.get(one)  # a name that is not known is an error here rather than at the first batch
        self._loss, self._weights, self._names = loss, weights, names
        self._each: list[tuple[Any, float | None]] | None = None
        self.single: Any = None  # the loss of a model's only output, without a weight
        self.keys: list[str | None] = []
        self.metrics: list[Any] = []

    def _build(self, y: Any, outputs: list[Any]) -> list[tuple[Any, float | None]]:
        given = for_outputs("loss", self._loss, self.keys, True)
        weights = for_outputs("loss_weights", self._weights, self.keys, True)
        labels = labels_of(y, self.keys, [one is not None for one in given])
        each = [
            (_resolved(one, label, output), weight)
            for one, weight, label, output in zip(given, weights, labels, outputs, strict=True)
        ]
        changed()
        if len(each) == 1 and each[0][1] is None:
            self.single = each[0][0]
        if sum(loss is not None for loss, _ in each) > 1:
            self.metrics = [
                Mean(name=f"{key}_loss") if loss is not None else None
                for key, (loss, _) in zip(self.keys, each, strict=True)
            ]
        return each

    def __call__(self, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        if self.single is not None and type(y_pred) is Tensor and type(y) is np.ndarray:
            return self.single(y, y_pred, sample_weight)
        each = self._each
        if each is not None and len(each) == 1 and not is_nest(y_pred) and not is_nest(y):
            loss, weight = each[0]
            value = loss(y, y_pred, sample_weight)
            return value if weight is None else value * weight
        return self._total(y, y_pred, sample_weight)

    def _total(self, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        outputs, self.keys = output_list(y_pred, self._names)
        if self._each is None:
            self._each = self._build(y, outputs)
        labels = labels_of(y, self.keys, [loss is not None for loss, _ in self._each])
        nested = is_nest(sample_weight) and len(self.keys) > 1
        weights = for_outputs("sample_weight", sample_weight, self.keys, True) if nested else None
        total: Any = None
        for i, (loss, factor) in enumerate(self._each):
            if loss is None or labels[i] is None:
                continue
            value = loss(labels[i], outputs[i], sample_weight if weights is None else weights[i])
            if self.metrics:
                self.metrics[i].update_state(float(value), len(outputs[i]))
            if factor is not None:
                value = value * factor
            total = value if total is None else total + value
        return total


def _flat(loss: Any) -> list[Any]:
    if isinstance(loss, dict):
        loss = list(loss.values())
    return [leaf for part in loss for leaf in _flat(part)] if isinstance(loss, (list, tuple)) else [loss]


def _resolved(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    """A loss object; "crossentropy" is that of the labels' and outputs' shapes."""
    if isinstance(identifier, (list, tuple)) and len(identifier) == 1:
        identifier = identifier[0]
    if identifier is None or isinstance(identifier, losses.Loss):
        return identifier
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        binary, sparse = is_binary_or_sparse(np.asarray(y_true), y_pred)
        kind = "binary" if binary else "sparse_categorical" if sparse else "categorical"
        identifier = f"{kind}_crossentropy"
    found = losses.get(identifier)
    if isinstance(found, losses.Loss):
        return found
    return losses.LossFunctionWrapper(found, name=getattr(found, "__name__", "loss"))
