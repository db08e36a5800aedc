"""Models as files: `.keras`, which Keras 3 reads and writes too."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, BinaryIO

from foldgate import _budget
from foldgate.saving import _sharing
from foldgate.saving._archive import read_archive, write_archive
from foldgate.saving._atomic import write_atomically
from foldgate.saving._h5 import load_h5py, open_h5, write_h5
from foldgate.saving._paths import PathLike, file_to_read, file_to_write
from foldgate.saving._state import gather, restore
from foldgate.saving.serialization import deserialize_keras_object, serialize_keras_object

KERAS_VERSION = "3.15.0"  # whose form the files have
# Bytes of weights that a model may have beyond those in its file: what a layer makes and does not save.
SLACK = 1 << 20


def save_model(model: Any, filepath: PathLike, overwrite: bool = True, zipped: bool | None = None) -> None:
    """Write a model with its weights, its compile configuration and its optimizer's state.

    The file appears whole or not at all: a crash or a full disk leaves the one that was there before.

    Args:
        model: The model, built.
        filepath: Of the file, which ends in `.keras`.
        overwrite: Whether a file that is there is replaced. Defaults to True.
        zipped: Accepted for Keras' scripts; the file is always a zip.

    Raises:
        FileExistsError: There is such a file, and `overwrite` is False.
        ImportError: h5py is not installed; the message names the extra.
        OSError: The file cannot be written; its folder does not exist.
        TypeError: `filepath` is not a path.
        ValueError: The name ends otherwise, or the model is not built.

    Example:
        >>> import foldgate as keras
        >>> import tempfile
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keras.saving.save_model(model, folder + "/model.keras")
        ...     other = keras.saving.load_model(folder + "/model.keras")
        >>> bool((other.get_weights()[0] == model.get_weights()[0]).all())
        True
    """
    path = file_to_write("save_model", filepath, ".keras", overwrite=overwrite)
    if zipped is False:
        raise ValueError("save_model: zipped is False; expected None or True, since the file is a zip")
    check_built("save_model", model)
    load_h5py()
    metadata = {
        "keras_version": KERAS_VERSION,
        "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
    }
    with _sharing.writing():
        config = _sharing.once(serialize_keras_object(model))
    weights = write_h5(*gather(model))

    def write(file: BinaryIO) -> None:
        write_archive(file, metadata, config, weights)

    def verify(temporary: Path) -> None:
        if read_archive(temporary)[1] != weights:
            raise OSError(f"{path}: what was written reads otherwise")

    write_atomically(path, write, verify)


def load_model(
    filepath: PathLike,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """Read a model that `save_model`, or Keras 3, wrote.

    No code in the file is run: classes are looked up in a fixed dictionary, among those that were registered
    and in `custom_objects`. No other file is read.

    Args:
        filepath: Of the file.
        custom_objects: Classes and functions of one's own by name.
        compile: Whether to compile the model as it was. Defaults to True.
        safe_mode: Accepted for Keras' scripts; False is refused, since nothing here runs code from a file.

    Returns:
        The model.

    Raises:
        FileNotFoundError: The file does not exist.
        IsADirectoryError: It is a folder.
        ImportError: h5py is not installed; the message names the extra.
        TypeError: `filepath` is not a path.
        ValueError: It is no such file, is damaged, names a class that is not known, or the weights do not fit
            the model.

    Example:
        >>> import foldgate as keras
        >>> keras.saving.load_model("README.md")
        Traceback (most recent call last):
        ValueError: load_model: filepath is 'README.md'; expected a name that ends in .keras
    """
    if not safe_mode:
        raise ValueError("load_model: safe_mode is False; expected True, since no code of a file is run")
    path = file_to_read("load_model", filepath, ".keras")
    load_h5py()
    config, weights = read_archive(path)
    if not isinstance(config, dict):
        raise ValueError(f"{path}: config.json holds a {type(config).__name__}; expected an object")
    if not compile:
        config = {**config, "compile_config": None}
    with open_h5(weights, f"{path}: model.weights.h5") as source:
        with _budget.limit(source.total() + SLACK):
            model = _from_config(path, config, custom_objects)
        restore(model, source, str(path))
    return model


def _from_config(path: Path, config: dict[str, Any], custom_objects: dict[str, Any] | None) -> Any:
    try:
        with _sharing.reading():
            model = deserialize_keras_object(config, custom_objects)
    except (
        ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, RuntimeError, TypeError,
        ValueError,
    ) as error:  # fmt: skip
        # Values of any kind can stand in a damaged file: whatever the classes say of them is one answer here.
        raise ValueError(f"{path}: config.json makes no model: {type(error).__name__}: {error}") from error
    if not (hasattr(model, "layers") and hasattr(model, "load_own_variables")):
        raise ValueError(f"{path}: config.json makes a {type(model).__name__}; expected a model")
    return model


def check_built(caller: str, model: Any) -> None:
    """Raises ValueError for a model without weights yet."""
    if not getattr(model, "built", False):
        raise ValueError(f"{caller}: the model is not built; call it on data, or build(input_shape)")
