"""A model's files, which `foldgate.saving` writes and reads."""

from __future__ import annotations

import os
from typing import Any

from foldgate._nest import is_shape

PathLike = str | os.PathLike[str]


def check_signature(model: Any, signature: Any) -> None:
    """Refuses a signature that does not fit the model's inputs: a shape for each, None where it is open."""
    if signature is None:
        return
    given = flatten_shapes(signature)
    expected = [tuple(tensor.shape) for tensor in getattr(model, "inputs", None) or ()]
    fits = len(given) == len(expected) and all(
        len(a) == len(b) and all(m is None or n is None or m == n for m, n in zip(a, b, strict=True))
        for a, b in zip(given, expected, strict=True)
    )
    if not fits:
        raise ValueError(f"export: input_signature has the shapes {given}; expected {expected}")


def flatten_shapes(signature: Any) -> list[tuple[Any, ...]]:
    """The shapes in a nest of shapes and of what has a `shape`."""
    if hasattr(signature, "shape"):
        return [tuple(signature.shape)]
    if is_shape(signature):
        return [tuple(signature)]
    if not isinstance(signature, (list, tuple, dict)):
        raise TypeError(f"export: input_signature is {signature!r}; expected a shape for each input")
    parts = signature.values() if isinstance(signature, dict) else signature
    return [shape for part in parts for shape in flatten_shapes(part)]


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

    def export(
        self,
        filepath: PathLike,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes what the model computes as a file that others run; see `foldgate.onnx.export`.

        Args:
          filepath: of the file.
          format: `"onnx"`, the one that is here; Keras' default and its others are refused.
          verbose: whether to print where the file is; None for yes, as in Keras. Defaults to None.
          input_signature: None, or a shape, or something with a `shape`, for each input: it must fit the
            model's, whose open axes stay open in the file. Defaults to None.
          **kwargs: `opset_version`, or others of `foldgate.onnx.export`.

        Raises:
          ImportError: the package `onnx` is missing.
          ValueError: the format is another, the signature does not fit, or a layer has no ONNX form.

        Example:
          >>> import foldgate as keras
          >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
          >>> model.export("model")
          Traceback (most recent call last):
          ValueError: export: format is 'tf_saved_model'; expected 'onnx'
        """
        import foldgate

        if format != "onnx":
            raise ValueError(f"export: format is {format!r}; expected 'onnx'")
        check_signature(self, input_signature)
        opset = kwargs.pop("opset_version", None)
        options = kwargs if opset is None else {**kwargs, "opset": opset}
        foldgate.onnx.export(self, filepath, **options)
        if verbose is not False:
            print(f"Saved artifact at {os.fspath(filepath)!r}.")

    def load_weights(self, filepath: PathLike, skip_mismatch: bool = False) -> None:
        """Reads weights into a model of the same layers.

        Args:
          filepath: a `.weights.h5`, `.keras` or `.safetensors` file.
          skip_mismatch: whether layers that do not fit keep their weights, with a warning. Defaults to False.
        """
        from foldgate import saving

        saving.load_weights(self, filepath, skip_mismatch=skip_mismatch)
