"""Layers that put values elsewhere and compute little."""

from foldgate.layers.reshaping.cropping import Cropping1D, Cropping2D, Cropping3D
from foldgate.layers.reshaping.flatten import Flatten
from foldgate.layers.reshaping.reshape import Permute, RepeatVector, Reshape
from foldgate.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from foldgate.layers.reshaping.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Flatten",
    "Permute",
    "RepeatVector",
    "Reshape",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]
