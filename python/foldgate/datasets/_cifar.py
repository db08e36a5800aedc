"""CIFAR's binary version: records of labels, then 3 x 32 x 32 bytes. (The other version is pickle.)"""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ._files import read_bytes

PIXELS = 3 * 32 * 32
LARGEST = 1 << 28  # bytes of one file: eight times the largest that there is
Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Split = tuple[Bytes, Bytes]


def read_parts(found: Path, parts: list[str]) -> list[bytes]:
    """The files `parts`, beside `found` or, where that is an archive, in it."""
    if not found.name.endswith((".tar.gz", ".tgz")):
        return [read_bytes(found.with_name(part), LARGEST) for part in parts]
    try:
        with tarfile.open(found, "r:gz") as archive:
            members = {Path(member.name).name: member for member in archive if member.isreg()}
            return [_read_member(found, archive, members, part) for part in parts]
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ValueError(f"{found} cannot be unpacked: {error}") from error


def _read_member(
    found: Path, archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], part: str
) -> bytes:
    member = members.get(part)
    if member is None or member.size > LARGEST:
        raise ValueError(f"{found} holds {sorted(members)}; expected {part}, of at most {LARGEST} bytes")
    file = archive.extractfile(member)
    assert file is not None  # it is a regular file
    return file.read()


def records(path: Path, content: bytes, labels: int) -> tuple[Bytes, Bytes]:
    """Images (N, 32, 32, 3) and labels (N, `labels`)."""
    size = labels + PIXELS
    if not content or len(content) % size:
        raise ValueError(f"{path} holds {len(content)} bytes; expected records of {size}")
    table = np.frombuffer(content, np.uint8).reshape(-1, size)
    images = table[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), table[:, :labels].copy()
