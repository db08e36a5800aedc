"""Helpers around training: sequences, labels, texts, images, splits, windows, pictures."""

from foldgate.backend import clear_session, standardize_dtype
from foldgate.random import set_seed as set_random_seed
from foldgate.saving.object_registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from foldgate.saving.serialization import deserialize_keras_object, serialize_keras_object
from foldgate.utils.batches import pack_x_y_sample_weight, unpack_x_y_sample_weight
from foldgate.utils.image_folders import image_dataset_from_directory
from foldgate.utils.images import array_to_img, img_to_array, load_img, resize_images, save_img
from foldgate.utils.numerical import normalize, to_categorical
from foldgate.utils.plot_history import plot_history
from foldgate.utils.plot_model import plot_model
from foldgate.utils.progbar import Progbar
from foldgate.utils.py_dataset import PyDataset
from foldgate.utils.sequences import pad_sequences
from foldgate.utils.splits import split_dataset, train_validation_test_split
from foldgate.utils.symbolic import get_source_inputs, is_keras_tensor
from foldgate.utils.text_vectorization import TextVectorization
from foldgate.utils.timeseries import timeseries_dataset_from_array

Sequence = PyDataset

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "TextVectorization",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "image_dataset_from_directory",
    "img_to_array",
    "is_keras_tensor",
    "load_img",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_history",
    "plot_model",
    "register_keras_serializable",
    "resize_images",
    "save_img",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "timeseries_dataset_from_array",
    "to_categorical",
    "train_validation_test_split",
    "unpack_x_y_sample_weight",
]
