"""Losses that layers add: by `add_loss`, activity regularizers and weights' regularizers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from foldgate._nest import flatten

if TYPE_CHECKING:
    from foldgate._tape import Variable
    from foldgate.layers.layer import Layer

added = False  # whether any layer ever added one: where not, no call need forget those of the call before


class LayerLosses:
    """The part of Layer that collects losses."""

    name: str
    _losses: list[Any]
    _layers: list[Layer]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights whose regularizers count."""
        raise NotImplementedError

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar, or a nest of them, to what is minimised; the next call from outside forgets it.

        Args:
          loss: scalars, Tensors inside a tape.

        Raises:
          ValueError: one is no number.
        """
        global added
        parts = flatten(loss)
        for part in parts:
            if not hasattr(part, "dtype") and not isinstance(part, (int, float)):
                raise ValueError(f"{self.name}: add_loss got {part!r}; expected a scalar or a Tensor")
        added = True
        self._losses.extend(parts)

    @property
    def losses(self) -> list[Any]:
        """What this layer and those in it added in their last call, and their weights' regularizers."""
        found = list(self._losses)
        for layer in self._flatten_layers(include_self=False):
            found.extend(layer._losses)
        for weight in self.trainable_weights:
            regularizer = getattr(weight, "regularizer", None)
            if regularizer is not None:
                found.append(regularizer(weight))
        return found

    def _add_activity_loss(self, regularizer: Any, outputs: Any) -> None:
        for output in flatten(outputs):
            loss = regularizer(output)
            self.add_loss(loss / max(np.shape(output)[0], 1) if np.ndim(output) else loss)

    def _clear_losses(self) -> None:
        if added:
            for layer in self._flatten_layers():
                layer._losses.clear()

    @property
    def metrics(self) -> list[Any]:
        """The metrics of its attributes and of its layers."""
        return [metric for layer in self._flatten_layers() for metric in layer._metrics]

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Any]:
        """The layers in this one, outer before inner, each once."""
        found: dict[int, Any] = {}
        pending = [*reversed(self._layers)]
        while pending:
            layer = pending.pop()
            if id(layer) not in found:
                found[id(layer)] = layer
                if recursive:
                    pending.extend(reversed(layer._layers))
        return [self, *found.values()] if include_self else list(found.values())
