"""IDX files: a magic number, one big-endian extent an axis, then the values as bytes."""

from __future__ import annotations

import struct
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ._files import read_bytes

UNSIGNED_BYTES = 0x08
LARGEST = 1 << 31  # bytes of values: 40 times the largest of the MNIST family


def read_idx(path: Path, rank: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The array of unsigned bytes in a file, plain or gzip, whose rank is known.

    Raises:
        ValueError: It is no such file, its values do not fill the shape of its header, or it cannot be
            unpacked.
    """
    size = 4 + 4 * rank
    content = read_bytes(path, LARGEST)
    magic = UNSIGNED_BYTES << 8 | rank
    if len(content) < size or int.from_bytes(content[:4], "big") != magic:
        raise ValueError(f"{path} begins with {content[:4].hex()}; expected the IDX magic number {magic:08x}")
    shape = struct.unpack(f">{rank}I", content[4:size])
    values = np.frombuffer(content, np.uint8, offset=size)
    if values.size != prod(shape):
        raise ValueError(f"{path} holds {values.size} values; its header {shape} expects {prod(shape)}")
    return values.reshape(shape).copy()
