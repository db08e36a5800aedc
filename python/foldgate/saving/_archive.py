"""`.keras`: a zip of a configuration and of weights; reading believes neither names nor sizes."""

from __future__ import annotations

import json
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
LARGEST_CONFIG = 1 << 27  # bytes; a thousand layers take one hundredth of it
LARGEST_RATIO = 1100  # deflate packs 1032 bytes into one at best
MOST_MEMBERS = 10_000
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of a zip's calendar: the same model gives the same bytes


def write_archive(file: BinaryIO, metadata: dict[str, Any], config: Any, weights: bytes) -> None:
    """Write the three members, not compressed, as Keras does."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (
            (METADATA, json.dumps(metadata).encode()),
            (CONFIG, json.dumps(config, allow_nan=False).encode()),
            (WEIGHTS, weights),
        ):
            member = zipfile.ZipInfo(name, FIRST_DAY)
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)


def read_archive(path: Path) -> tuple[Any, bytes]:
    """The configuration and the bytes of the weights.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: It is no such file or is damaged; a member has a name or a size that none of Keras' has.
    """
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = _checked_members(path, archive)
                config = _read(path, archive, members, CONFIG, LARGEST_CONFIG)
                weights = _read(path, archive, members, WEIGHTS, path.stat().st_size * LARGEST_RATIO)
        except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, RuntimeError, OSError) as error:
            # OSError: a damaged directory makes zipfile seek to places before the beginning.
            raise ValueError(f"{path} is no .keras file, or is damaged: {error}") from None
    return parse_json(config, f"{path}: {CONFIG}"), weights


def _checked_members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise ValueError(f"{path} has {len(infos)} members; expected at most {MOST_MEMBERS}")
    members = {}
    for info in infos:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in info.filename:
            raise ValueError(f"{path}: member {info.filename!r} lies outside of the archive")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ValueError(f"{path}: member {info.filename!r} is a link")
        if info.filename in members:
            raise ValueError(f"{path}: member {info.filename!r} is there twice")
        members[info.filename] = info
    return members


def _read(
    path: Path, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, limit: int
) -> bytes:
    info = members.get(name)
    if info is None:
        raise ValueError(f"{path} holds {sorted(members)[:8]}; expected a member {name}")
    if info.compress_type not in METHODS or info.flag_bits & 1:
        raise ValueError(f"{path}: {name} is encrypted, or packed by method {info.compress_type}")
    if info.file_size > min(limit, LARGEST_RATIO * max(info.compress_size, 1)):
        raise ValueError(
            f"{path}: {name} says it holds {info.file_size} bytes, packed into {info.compress_size}"
        )
    with archive.open(info) as member:
        content = member.read(info.file_size + 1)  # to the end, where its checksum is compared
    if len(content) != info.file_size:
        raise ValueError(f"{path}: {name} holds {len(content)} bytes; expected {info.file_size}")
    return content


def parse_json(content: bytes, what: str) -> Any:
    """JSON within Python's bounds.

    Raises:
        ValueError: It is none.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{what} is no JSON: {error}") from None
