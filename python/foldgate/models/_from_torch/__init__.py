"""PyTorch modules as foldgate models."""

from foldgate.models._from_torch.errors import ConversionError
from foldgate.models._from_torch.from_torch import from_torch

__all__ = ["ConversionError", "from_torch"]
