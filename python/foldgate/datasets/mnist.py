"""MNIST: 70,000 handwritten digits of 28 x 28 pixels."""

from __future__ import annotations

from ._files import PathLike
from ._mnist_family import Split, load

FOLDERS = ["mnist", "MNIST/raw"]
DOWNLOAD = (
    "mnist.npz from https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz, or the four "
    "files *-ubyte.gz from https://ossci-datasets.s3.amazonaws.com/mnist/"
)


def load_data(path: PathLike | None = None) -> tuple[Split, Split]:
    """Read MNIST.

    Args:
        path: Keras' `mnist.npz`, a folder of the four IDX files (gzip or not), or a name of either below
            FOLDGATE_DATA or `~/.keras/datasets`. None looks there for `mnist.npz`, `mnist/` and `MNIST/raw/`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images (N, 28, 28) of 0 .. 255, uint8 labels (N,).

    Raises:
        FileNotFoundError: It is in none of those places; the message says what to download.
        ValueError: A file is damaged, or is another.

    Example:
        >>> load_data("/nowhere/mnist.npz")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FileNotFoundError: mnist: no mnist.npz or ... in /nowhere/mnist.npz; foldgate downloads nothing: ...
    """
    return load("mnist", path, FOLDERS, DOWNLOAD)
