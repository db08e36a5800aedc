"""Layers that change images at random in training, and cut them to size."""

from foldgate.layers.augmentation.cropping import CenterCrop, RandomCrop
from foldgate.layers.augmentation.random_affine import RandomRotation, RandomTranslation, RandomZoom
from foldgate.layers.augmentation.random_color import RandomBrightness, RandomContrast
from foldgate.layers.augmentation.random_flip import RandomFlip

__all__ = [
    "CenterCrop",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
]
