"""CIFAR-10: 60,000 colour pictures of 32 x 32 pixels in ten classes."""

from __future__ import annotations

import numpy as np

from ._cifar import Split, read_parts, records
from ._files import PathLike, find

NAMES = [
    "cifar-10-batches-bin/data_batch_1.bin",
    "data_batch_1.bin",
    "cifar-10-binary.tar.gz",
]
DOWNLOAD = "cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load_data(path: PathLike | None = None) -> tuple[Split, Split]:
    """Read CIFAR-10's binary version, packed or not. (Its Python version is pickle, which runs code.)

    Args:
        path: `cifar-10-binary.tar.gz`, or the folder of its `data_batch_1.bin` ...; None looks for either
            below FOLDGATE_DATA and `~/.keras/datasets`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images (N, 32, 32, 3), uint8 labels (N, 1), which
        `CLASSES` names.

    Raises:
        FileNotFoundError: It is in none of those places; the message says what to download.
        ValueError: A file is damaged, or is another.

    Example:
        >>> CLASSES[3]
        'cat'
    """
    found = find("cifar10", path, NAMES, DOWNLOAD)
    parts = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    splits = [records(found, content, 1) for content in read_parts(found, parts)]
    for _, labels in splits:
        if labels.max() > 9:
            raise ValueError(f"{found}: a label is {labels.max()}; expected 0 .. 9")
    images, labels = (np.concatenate(arrays) for arrays in zip(*splits[:5], strict=True))
    return (images, labels), splits[5]
