"""Layers that normalize their inputs."""

from foldgate.layers.normalization.batch import BatchNormalization
from foldgate.layers.normalization.group import GroupNormalization
from foldgate.layers.normalization.layer import LayerNormalization
from foldgate.layers.normalization.rms import RMSNormalization
from foldgate.layers.normalization.spectral import SpectralNormalization
from foldgate.layers.normalization.unit import UnitNormalization

__all__ = [
    "BatchNormalization",
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "SpectralNormalization",
    "UnitNormalization",
]
