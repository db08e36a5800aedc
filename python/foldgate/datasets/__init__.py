"""Data sets from files that are already on this machine: nothing is downloaded.

`load_data()` of each module has the name, the arguments and the results of Keras' own. Files are looked for
at the `path` given, then in the folder that the environment variable FOLDGATE_DATA names, then in Keras' own
folder `~/.keras/datasets`; a missing one raises a FileNotFoundError that lists those places and says what to
download.
"""

from foldgate.datasets import (
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    sequences,
    series,
    texts,
)

__all__ = ["cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "sequences", "series", "texts"]
