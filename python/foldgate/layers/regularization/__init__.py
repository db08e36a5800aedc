"""Layers that are active in training alone."""

from foldgate.layers.regularization.activity import ActivityRegularization
from foldgate.layers.regularization.alpha_dropout import AlphaDropout
from foldgate.layers.regularization.dropout import Dropout
from foldgate.layers.regularization.gaussian import GaussianDropout, GaussianNoise
from foldgate.layers.regularization.spatial_dropout import (
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)

__all__ = [
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]
