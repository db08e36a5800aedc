"""Weights alone as files: `.weights.h5` of Keras, and `.safetensors`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foldgate.saving._archive import read_archive
from foldgate.saving._atomic import write_atomically
from foldgate.saving._h5 import load_h5py, open_h5, write_h5
from foldgate.saving._paths import PathLike, file_to_read, file_to_write
from foldgate.saving._safetensors import read_safetensors, write_safetensors
from foldgate.saving._state import Arrays, flat, gather, restore
from foldgate.saving.models import check_built

FORMAT = "foldgate.weights"


def save_weights(model: Any, filepath: PathLike, overwrite: bool = True) -> None:
    """Write a model's weights, and its optimizer's state where it is compiled.

    Args:
        model: The model, built.
        filepath: Of the file: `.weights.h5`, which Keras 3 reads too, or `.safetensors`.
        overwrite: Whether a file that is there is replaced. Defaults to True.

    Raises:
        FileExistsError: There is such a file, and `overwrite` is False.
        ImportError: h5py is not installed, for `.weights.h5`; the message names the extra.
        OSError: The file cannot be written; its folder does not exist.
        TypeError: `filepath` is not a path.
        ValueError: The name ends otherwise, or the model is not built.

    Example:
        >>> import foldgate as keras
        >>> import tempfile
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keras.saving.save_weights(model, folder + "/model.safetensors")
        ...     keras.saving.load_weights(other, folder + "/model.safetensors")
        >>> bool((other.get_weights()[0] == model.get_weights()[0]).all())
        True
    """
    path = file_to_write("save_weights", filepath, ".weights.h5", ".safetensors", overwrite=overwrite)
    check_built("save_weights", model)
    groups, names = gather(model)
    if path.suffix == ".h5":
        content = write_h5(groups, names)
    else:
        content = write_safetensors(flat(groups), {"format": FORMAT})
    write_atomically(path, lambda file: _write(file, content), lambda file: _compare(file, content))


def load_weights(model: Any, filepath: PathLike, skip_mismatch: bool = False) -> None:
    """Read weights into a model of the same layers; all of them or, after an error, none.

    Args:
        model: The model, built.
        filepath: A `.weights.h5` or `.keras` file, written here or by Keras 3, or a `.safetensors` file.
        skip_mismatch: Whether layers that do not fit keep their weights, with a warning. Defaults to False.

    Raises:
        FileNotFoundError: The file does not exist.
        IsADirectoryError: It is a folder.
        ImportError: h5py is not installed and the file needs it; the message names the extra.
        ValueError: The name ends otherwise, the file is damaged, a layer does not fit what is there, or the
            model is not built.

    Example:
        >>> import foldgate as keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> keras.saving.load_weights(model, "none.keras")
        Traceback (most recent call last):
        FileNotFoundError: load_weights: filepath is 'none.keras', which does not exist; expected a file
    """
    check_built("load_weights", model)
    path = file_to_read("load_weights", filepath, ".weights.h5", ".keras", ".safetensors")
    if path.suffix == ".safetensors":
        arrays, _ = read_safetensors(path.read_bytes(), str(path))
        _restore(model, Arrays(arrays), path, skip_mismatch)
        return
    load_h5py()
    content = read_archive(path)[1] if path.suffix == ".keras" else path.read_bytes()
    with open_h5(content, str(path)) as source:
        _restore(model, source, path, skip_mismatch)


def _restore(model: Any, source: Any, path: Path, skip_mismatch: bool) -> None:
    """As `restore`, but a model that an error leaves half loaded gets back what it had."""
    before = {name: array.copy() for name, array in flat(gather(model)[0]).items()}
    try:
        restore(model, source, str(path), skip_mismatch, optimizer=False)
    except ValueError:
        restore(model, Arrays(before), str(path), optimizer=False)
        raise


def _write(file: Any, content: bytes) -> None:
    file.write(content)


def _compare(path: Path, content: bytes) -> None:
    if path.read_bytes() != content:
        raise OSError(f"{path}: what was written reads otherwise")
