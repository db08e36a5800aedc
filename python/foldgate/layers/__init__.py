"""Layers with the names, arguments and defaults of Keras 3."""

from foldgate.layers.dense import Dense
from foldgate.layers.identity import Identity
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.layer import Layer
from foldgate.layers.weight import Weight

__all__ = ["Dense", "Identity", "InputSpec", "Layer", "Weight"]
