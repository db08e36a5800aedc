"""Objects as configurations, the user's own classes by name, models and weights as files, checkpoints."""

from foldgate.saving.checkpoints import Checkpoints
from foldgate.saving.models import load_model, save_model
from foldgate.saving.object_registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from foldgate.saving.serialization import deserialize_keras_object, serialize_keras_object
from foldgate.saving.weights import load_weights, save_weights

__all__ = [
    "Checkpoints",
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
