"""CIFAR-100: 60,000 colour pictures of 32 x 32 pixels in a hundred classes."""

from __future__ import annotations

from ._cifar import Split, read_parts, records
from ._files import PathLike, find

NAMES = ["cifar-100-binary/train.bin", "train.bin", "cifar-100-binary.tar.gz"]
DOWNLOAD = "cifar-100-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html"
LABELS = {"coarse": (0, 20), "fine": (1, 100)}


def load_data(label_mode: str = "fine", path: PathLike | None = None) -> tuple[Split, Split]:
    """Read CIFAR-100's binary version, packed or not.

    Args:
        label_mode: "fine" for the hundred classes, "coarse" for the twenty groups of them.
        path: `cifar-100-binary.tar.gz`, or the folder of its `train.bin` and `test.bin`; None looks for
            either below FOLDGATE_DATA and `~/.keras/datasets`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images (N, 32, 32, 3), uint8 labels (N, 1).

    Raises:
        FileNotFoundError: It is in none of those places; the message says what to download.
        ValueError: A file is damaged or is another, or the label mode is none of the two.

    Example:
        >>> load_data("medium")
        Traceback (most recent call last):
        ValueError: cifar100: label_mode is 'medium'; expected 'fine' or 'coarse'
    """
    if label_mode not in LABELS:
        raise ValueError(f"cifar100: label_mode is {label_mode!r}; expected 'fine' or 'coarse'")
    column, classes = LABELS[label_mode]
    found = find("cifar100", path, NAMES, DOWNLOAD)
    splits = []
    for content in read_parts(found, ["train.bin", "test.bin"]):
        images, both = records(found, content, 2)
        labels = both[:, column : column + 1].copy()
        if labels.max() >= classes:
            raise ValueError(f"{found}: a label is {labels.max()}; expected 0 .. {classes - 1}")
        splits.append((images, labels))
    return splits[0], splits[1]
