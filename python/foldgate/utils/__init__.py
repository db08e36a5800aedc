"""Helpers around training: sequences, labels, texts, images, splits, windows, pictures."""

from foldgate.random import set_seed as set_random_seed
from foldgate.utils.images import array_to_img, img_to_array, load_img, resize_images, save_img
from foldgate.utils.numerical import normalize, to_categorical
from foldgate.utils.plot_history import plot_history
from foldgate.utils.plot_model import plot_model
from foldgate.utils.py_dataset import PyDataset
from foldgate.utils.sequences import pad_sequences
from foldgate.utils.splits import split_dataset, train_validation_test_split
from foldgate.utils.text_vectorization import TextVectorization
from foldgate.utils.timeseries import timeseries_dataset_from_array

__all__ = [
    "PyDataset",
    "TextVectorization",
    "array_to_img",
    "img_to_array",
    "load_img",
    "normalize",
    "pad_sequences",
    "plot_history",
    "plot_model",
    "resize_images",
    "save_img",
    "set_random_seed",
    "split_dataset",
    "timeseries_dataset_from_array",
    "to_categorical",
    "train_validation_test_split",
]
