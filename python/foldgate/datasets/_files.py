"""Where files are looked for, and how a compressed one is read without trusting its size."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

PathLike = str | os.PathLike[str]

LARGEST_TEXT = 1 << 30
"""Bytes of text that are read at most; a small compressed file can unpack to far more than memory holds."""


def places() -> list[Path]:
    """The folders of data sets, first choice first."""
    folders = [os.environ[name] for name in ("FOLDGATE_DATA",) if os.environ.get(name)]
    keras_home = os.environ.get("KERAS_HOME") or "~/.keras"
    return [Path(folder).expanduser() for folder in [*folders, os.path.join(keras_home, "datasets")]]


def find(dataset: str, path: PathLike | None, names: Sequence[str], download: str) -> Path:
    """The first file that exists.

    Args:
        dataset: Its name, for the error.
        path: A file or a folder, as it is or below one of `places()`; None for the usual names alone.
        names: The usual names below a folder, first choice first.
        download: What a user without the file is told to download, and from where.

    Raises:
        FileNotFoundError: None of them exists.
    """
    tried = []
    for base in _bases(path):
        for candidate in [base, *(base / name for name in names)]:
            if candidate.is_file():
                return candidate
        tried.append(str(base))
    raise FileNotFoundError(
        f"{dataset}: no {' or '.join(names)} in {', '.join(tried)}; foldgate downloads nothing: "
        f"get {download} and give its place as path, "
        "or name its folder in the environment variable FOLDGATE_DATA"
    )


def _bases(path: PathLike | None) -> list[Path]:
    if path is None:
        return places()
    given = Path(path).expanduser()
    if given.is_absolute():
        return [given]
    # Keras' scripts write load_data("mnist.npz"): a name below ~/.keras/datasets.
    return [given, *(place / given for place in places())] + (places() if given.suffix == ".npz" else [])


def read_bytes(path: Path, limit: int) -> bytes:
    """The content of a plain or gzip file, `limit` bytes of it at most.

    Raises:
        ValueError: It holds more, or cannot be unpacked.
    """
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            content = file.read(limit + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be unpacked: {error}") from error
    if len(content) > limit:
        raise ValueError(f"{path} holds more than the {limit} bytes expected of it")
    return content


def read_text(path: Path, encoding: str = "utf-8", limit: int = LARGEST_TEXT) -> str:
    """The text of a plain or gzip file.

    Raises:
        ValueError: It is larger than `limit`, cannot be unpacked, or is not of that encoding.
    """
    try:
        return read_bytes(path, limit).decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not {encoding} text: {error}") from error


def existing(what: str, path: PathLike) -> Path:
    """A file that the user names: as it is, or below one of `places()`.

    Raises:
        FileNotFoundError: It is nowhere there.
    """
    bases = [base for base in _bases(path) if base not in places()]
    for base in bases:
        if base.exists():
            return base
    raise FileNotFoundError(f"{what}: {path} does not exist; looked for {', '.join(map(str, bases))}")
