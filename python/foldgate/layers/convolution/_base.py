"""What the layers of convolution share: their arguments, their weights, their configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foldgate import _defaults, activations, constraints, initializers, regularizers
from foldgate._typing import FloatArray
from foldgate.layers._activated import ActivatedLayer
from foldgate.layers._windows import Shape, ints, padding_name
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.weight import Weight

_KINDS = (("initializer", initializers), ("regularizer", regularizers), ("constraint", constraints))


class WindowLayer(ActivatedLayer):
    """A layer whose weights slide over its input, with an activation at its end."""

    rank = 0
    _options: Mapping[str, Any] = {}
    """The arguments of the op."""
    _causal = False
    _roles: tuple[str, ...] = ("kernel", "bias")
    """What `<role>_initializer`, `<role>_regularizer` and `<role>_constraint` there are."""

    def _set_windows(
        self, kernel_size: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any
    ) -> None:
        layer, rank = self.name, self.rank
        self.kernel_size = ints(layer, "kernel_size", kernel_size, rank)
        self.strides = ints(layer, "strides", strides, rank)
        self.dilation_rate = ints(layer, "dilation_rate", dilation_rate, rank)
        self.padding = padding_name(layer, padding, self._causal)
        self.data_format = _defaults.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)

    def _set_weights(self, activation: Any, use_bias: bool, given: dict[str, Any]) -> None:
        """Takes what the arguments say of the weights, and of what follows them."""
        self.activation = activation
        self.use_bias = use_bias
        self.bias: Weight | None = None
        for role in self._roles:
            for kind, room in _KINDS:
                name = f"{role}_{kind}"
                setattr(self, name, room.get(given[name]))

    def _fuse(self) -> None:
        self._options = {**self._options, "activation": self._fused}

    def _make(self, name: str, role: str, shape: tuple[int, ...]) -> Weight:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{role}_initializer"),
            regularizer=getattr(self, f"{role}_regularizer"),
            constraint=getattr(self, f"{role}_constraint"),
        )

    def _expect_channels(self, channels: int) -> None:
        axis = -1 if self.data_format == "channels_last" else 1
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})

    def _floats(self, inputs: FloatArray) -> FloatArray:
        """Integers as the layer's floats; images are often bytes."""
        if inputs.dtype is self._compute_kind or inputs.dtype.kind == "f":
            return inputs
        return inputs.astype(self._compute_kind)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        config = {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }
        for role in self._roles:
            for kind, room in _KINDS:
                config[f"{role}_{kind}"] = room.serialize(getattr(self, f"{role}_{kind}"))
        return config


def full_shape(layer: str, rank: int, input_shape: Any) -> Shape:
    """The shape of one input, with as many axes as the layer takes."""
    shape = tuple(input_shape)
    if len(shape) != rank + 2 or not all(n is None or isinstance(n, (int, np.integer)) for n in shape):
        raise ValueError(f"{layer}: inputs have shape {shape}; expected {rank + 2} axes")
    return shape
