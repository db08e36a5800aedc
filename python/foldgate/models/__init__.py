"""Models: Sequential, functional and subclassed."""

from foldgate.models.cloning import clone_model, model_from_json
from foldgate.models.functional import Functional
from foldgate.models.model import Model
from foldgate.models.sequential import Sequential
from foldgate.saving import load_model, save_model

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]
