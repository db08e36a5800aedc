"""An activation at the end of a layer, part of which its op computes in its own last pass."""

from __future__ import annotations

from typing import Any

from foldgate import activations
from foldgate.layers._changes import changed
from foldgate.layers.layer import Layer


class ActivatedLayer(Layer):
    """A layer with an `activation`, which may be changed later, as for the logits of a trained model."""

    _fused: str | None
    """What the op applies, by its name."""
    _after: activations.Activation | None
    """What is left to call on the op's result."""

    @property
    def activation(self) -> activations.Activation:
        """The function at the end of the layer."""
        return self._activation

    @activation.setter
    def activation(self, value: Any) -> None:
        self._activation = activations.get(value)
        self._fused, self._after = activations.split(self._activation)
        self._fuse()
        self._seen.clear()
        changed()

    def _fuse(self) -> None:
        """Tells the op's arguments of `_fused`."""
