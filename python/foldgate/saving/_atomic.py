"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

PathLike = str | os.PathLike[str]


def write_atomically(
    path: PathLike, write: Callable[[BinaryIO], object], verify: Callable[[Path], None] | None = None
) -> None:
    """Write a file beside its place, see it safely on the disk, and only then put it there.

    A crash, a full disk or a failing one leaves what was at `path` as it was, byte for byte; what had been
    written is removed.

    Args:
        path: Of the file.
        write: Given the open file, writes the content.
        verify: Given the closed file's path, reads it again and raises if it is not what was written.

    Raises:
        OSError: It cannot be written; FileNotFoundError where its folder is missing.
    """
    goal = Path(path)
    if not goal.parent.is_dir():
        raise FileNotFoundError(f"the file {str(goal)!r} cannot be written; expected its folder to exist")
    temporary = goal.with_name(f".{goal.name}.{secrets.token_hex(6)}.tmp")
    # Not by mkstemp: a model's file has the permissions that other files get.
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "r+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if verify is not None:
            verify(temporary)
        os.replace(temporary, goal)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(goal.parent)


def _sync_folder(folder: Path) -> None:
    """See the file's new name safely on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
