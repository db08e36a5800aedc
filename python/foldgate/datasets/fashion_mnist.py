"""Fashion-MNIST: 70,000 pictures of clothes in MNIST's form."""

from __future__ import annotations

from ._files import PathLike
from ._mnist_family import Split, load

FOLDERS = ["fashion-mnist", "fashion_mnist", "FashionMNIST/raw"]
DOWNLOAD = "the four files *-ubyte.gz from https://github.com/zalandoresearch/fashion-mnist"

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def load_data(path: PathLike | None = None) -> tuple[Split, Split]:
    """Read Fashion-MNIST.

    Args:
        path: A folder of the four IDX files (gzip or not), or an .npz in MNIST's form. None looks below
            FOLDGATE_DATA and `~/.keras/datasets` for `fashion-mnist/`, `fashion_mnist/`, `FashionMNIST/raw/`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images (N, 28, 28) of 0 .. 255, uint8 labels (N,), which
        `CLASSES` names.

    Raises:
        FileNotFoundError: It is in none of those places; the message says what to download.
        ValueError: A file is damaged, or is another.

    Example:
        >>> CLASSES[9]
        'Ankle boot'
    """
    return load("fashion_mnist", path, FOLDERS, DOWNLOAD)
