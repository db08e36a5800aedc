"""Where files of models are read from and written to: checked before anything else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from foldgate import _checks

PathLike = str | os.PathLike[str]


def file_to_read(caller: str, filepath: Any, *endings: str) -> Path:
    """The path of a file that is there.

    Raises:
        FileNotFoundError: It is not.
        IsADirectoryError: It is a folder.
        TypeError: `filepath` is not a path.
        ValueError: Its name ends otherwise.
    """
    path = _path(caller, filepath, endings)
    if path.is_dir():
        raise IsADirectoryError(f"{caller}: filepath is {str(path)!r}, a folder; expected a file")
    if not path.exists():
        raise FileNotFoundError(f"{caller}: filepath is {str(path)!r}, which does not exist; expected a file")
    return path


def file_to_write(caller: str, filepath: Any, *endings: str, overwrite: bool) -> Path:
    """The path of a file that may be written.

    Raises:
        FileExistsError: It is there, and is not to be replaced.
        FileNotFoundError: Its folder is not there.
        TypeError: `filepath` is not a path.
        ValueError: Its name ends otherwise.
    """
    path = _path(caller, filepath, endings)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{caller}: filepath is {str(path)!r}; expected a folder that exists")
    if not overwrite and path.exists():
        raise FileExistsError(f"{caller}: {path} exists; give overwrite=True to replace it")
    return path


def _path(caller: str, filepath: Any, endings: tuple[str, ...]) -> Path:
    path = Path(_checks.path(caller, filepath=filepath))
    if not path.name.endswith(endings):
        *others, last = endings
        wanted = f"{', '.join(others)} or {last}" if others else last
        raise ValueError(f"{caller}: filepath is {str(path)!r}; expected a name that ends in {wanted}")
    return path
