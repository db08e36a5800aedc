"""Models: Sequential, functional and subclassed."""

from foldgate.models._from_torch import ConversionError, from_torch
from foldgate.models.cloning import clone_model, model_from_json
from foldgate.models.functional import Functional
from foldgate.models.model import Model
from foldgate.models.sequential import Sequential
from foldgate.saving import load_model, save_model

__all__ = [
    "ConversionError",
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "from_torch",
    "load_model",
    "model_from_json",
    "save_model",
]
