"""MNIST's digits from their IDX files."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

CLASSES = 10
IMAGES_MAGIC, LABELS_MAGIC = 0x0803, 0x0801  # unsigned bytes of rank 3 and rank 1
DOWNLOAD = "https://ossci-datasets.s3.amazonaws.com/mnist/"

Array = np.ndarray[Any, Any]


def read_idx(path: Path, magic: int) -> Array:
    """An IDX file: big-endian magic, one extent an axis, then the bytes."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path.resolve()} is missing; download {DOWNLOAD}{path.name} into that folder"
        )
    try:
        with gzip.open(path) as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be unpacked: {error}") from error
    rank = magic & 0xFF
    head = np.frombuffer(content[: 4 + 4 * rank], ">u4")
    if len(head) != 1 + rank or head[0] != magic:
        raise ValueError(f"{path} begins with {content[:4].hex()}; expected the IDX magic number {magic:08x}")
    shape = tuple(int(extent) for extent in head[1:])
    data = np.frombuffer(content, np.uint8, offset=4 + 4 * rank)
    if data.size != prod(shape):
        raise ValueError(f"{path} holds {data.size} values; its header {shape} expects {prod(shape)}")
    return data.reshape(shape)


@dataclass(frozen=True)
class Split:
    """Images (N, 28, 28) in 0 .. 1 and labels (N,)."""

    images: Array
    labels: Array

    def batches(self, size: int, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        order = rng.permutation(len(self.labels))
        for start in range(0, len(order) - size + 1, size):
            chosen = order[start : start + size]
            yield self.images[chosen], self.labels[chosen]


def read_split(folder: Path, name: str) -> Split:
    images = read_idx(folder / f"{name}-images-idx3-ubyte.gz", IMAGES_MAGIC)
    labels = read_idx(folder / f"{name}-labels-idx1-ubyte.gz", LABELS_MAGIC)
    if len(images) != len(labels) or labels.max(initial=0) >= CLASSES:
        raise ValueError(f"{folder}: {len(images)} {name} images do not fit {len(labels)} labels of 0 .. 9")
    return Split(images.astype(np.float32) / 255.0, labels.astype(np.int64))
