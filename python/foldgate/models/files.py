"""A model's files, which `foldgate.saving` writes and reads."""

from __future__ import annotations

import os
from typing import Any

PathLike = str | os.PathLike[str]


class ModelFiles:
    """The part of Model that writes and reads files."""

    def save(self, filepath: PathLike, overwrite: bool = True, **kwargs: Any) -> None:
        """Writes architecture, weights, compile configuration and the optimizer's state.

        Args:
          filepath: ends in `.keras`; Keras 3 reads it too.
          overwrite: whether a file that is there is replaced. Defaults to True.
          **kwargs: of `saving.save_model`.
        """
        from foldgate import saving

        saving.save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: PathLike, overwrite: bool = True) -> None:
        """Writes the weights, and the optimizer's state where the model is compiled.

        Args:
          filepath: ends in `.weights.h5`, which Keras 3 reads too, or in `.safetensors`.
          overwrite: whether a file that is there is replaced. Defaults to True.
        """
        from foldgate import saving

        saving.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: PathLike, skip_mismatch: bool = False) -> None:
        """Reads weights into a model of the same layers.

        Args:
          filepath: a `.weights.h5`, `.keras` or `.safetensors` file.
          skip_mismatch: whether layers that do not fit keep their weights, with a warning. Defaults to False.
        """
        from foldgate import saving

        saving.load_weights(self, filepath, skip_mismatch=skip_mismatch)
