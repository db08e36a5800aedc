"""Layers that apply a function to every value, or to the values along an axis."""

from foldgate.layers.activations.activation import Activation
from foldgate.layers.activations.elu import ELU
from foldgate.layers.activations.leaky_relu import LeakyReLU
from foldgate.layers.activations.prelu import PReLU
from foldgate.layers.activations.relu import ReLU
from foldgate.layers.activations.softmax import Softmax

__all__ = ["ELU", "Activation", "LeakyReLU", "PReLU", "ReLU", "Softmax"]
