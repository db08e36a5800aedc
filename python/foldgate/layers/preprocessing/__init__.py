"""Layers that prepare data."""

from foldgate.layers.preprocessing.category_encoding import CategoryEncoding
from foldgate.layers.preprocessing.normalization import Normalization
from foldgate.layers.preprocessing.rescaling import Rescaling
from foldgate.layers.preprocessing.resizing import Resizing

__all__ = ["CategoryEncoding", "Normalization", "Rescaling", "Resizing"]
