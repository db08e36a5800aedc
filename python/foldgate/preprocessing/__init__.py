"""Keras' other names of some of `utils`: `keras.preprocessing.sequence.pad_sequences`, ..."""

from foldgate.preprocessing import image, sequence
from foldgate.utils.image_folders import image_dataset_from_directory
from foldgate.utils.timeseries import timeseries_dataset_from_array

__all__ = ["image", "image_dataset_from_directory", "sequence", "timeseries_dataset_from_array"]
