"""`.npz` files, read without pickle and within the bounds that their own sizes give."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

LARGEST_MEMBER = 1 << 32  # bytes
LARGEST_RATIO = 1100  # deflate packs 1032 bytes into one at best
Array = np.ndarray[Any, np.dtype[Any]]


def read_npz(path: Path, names: tuple[str, ...]) -> list[Array]:
    """The named arrays of a file.

    Raises:
        ValueError: One is missing, holds Python objects (which only pickle could read, and pickle runs code),
            or is damaged; or the file is none of this kind.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = {info.filename: info for info in archive.infolist()}
                return [_array(path, _member(path, archive, members, name, size), name) for name in names]
        except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, RuntimeError, OSError) as error:
            # OSError: a damaged directory makes zipfile seek to places before the beginning.
            raise ValueError(f"{path} cannot be read: {error}") from error


def _member(
    path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, size: int
) -> bytes:
    info = members.get(f"{name}.npy")
    if info is None:
        raise ValueError(f"{path} holds {sorted(members)}; expected {name}.npy")
    limit = min(LARGEST_MEMBER, LARGEST_RATIO * size)
    if info.file_size > limit:
        raise ValueError(f"{path}: {name} says it holds {info.file_size} bytes, in a file of {size}")
    with archive.open(info) as member:
        return member.read(info.file_size)


def _array(path: Path, content: bytes, name: str) -> Array:
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read_header: Any = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read_header = np.lib.format.read_array_header_2_0
        shape, fortran_order, dtype = read_header(file)
    except (ValueError, TypeError, SyntaxError, RecursionError) as error:
        raise ValueError(f"{path}: {name} cannot be read: {error}") from None
    if dtype.hasobject:
        raise ValueError(
            f"{path}: {name} holds Python objects, which only pickle reads, and pickle runs whatever code "
            "is in the file; expected an array of numbers"
        )
    values = content[file.tell() :]
    if any(extent < 0 for extent in shape) or len(values) != prod(shape) * dtype.itemsize:
        raise ValueError(f"{path}: {name} holds {len(values)} bytes; its header has {dtype} {shape}")
    array = np.frombuffer(values, dtype) if prod(shape) else np.empty(0, dtype)
    return array.reshape(shape, order="F" if fortran_order else "C").copy()
