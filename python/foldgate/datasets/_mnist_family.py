"""MNIST and the sets that have its form: four IDX files, or one .npz."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ._files import PathLike, find
from ._idx import read_idx
from ._npz import read_npz

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Split = tuple[Bytes, Bytes]
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
# torchvision keeps `train-images-idx3-ubyte`; other mirrors write `train-images.idx3-ubyte`.
IMAGES = [f"train-images{dot}idx3-ubyte{gz}" for dot in "-." for gz in (".gz", "")]


def load(dataset: str, path: PathLike | None, folders: list[str], download: str) -> tuple[Split, Split]:
    """((x_train, y_train), (x_test, y_test)) of a set whose usual folders are given."""
    # Without a path, files that lie in the common folder itself are MNIST's: the others have the same names.
    folders = folders if path is None and "mnist" not in folders else [*folders, "."]
    names = [f"{folders[0]}.npz"] + [f"{folder}/{name}" for folder in folders for name in IMAGES]
    found = find(dataset, path, [name.removeprefix("./") for name in names], download)
    arrays = read_npz(found, ARRAYS) if found.suffix == ".npz" else _read_four(found)
    x_train, y_train, x_test, y_test = arrays
    for part, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        if x.ndim != 3 or y.ndim != 1 or len(x) != len(y) or x.dtype != np.uint8:
            raise ValueError(
                f"{found}: {part} images {x.dtype} {x.shape}, labels {y.shape}; "
                "expected bytes (N, H, W), (N,)"
            )
        if y.max(initial=0) > 9:
            raise ValueError(f"{found}: a {part} label is {y.max()}; expected 0 .. 9")
    return (x_train, y_train), (x_test, y_test)


def _read_four(images: Path) -> list[Any]:
    """The four arrays that stand beside the file of the training images."""
    arrays = []
    for part in ("train", "t10k"):
        for kind, rank in (("images", 3), ("labels", 1)):
            name = images.name.replace("train", part, 1).replace("images", kind, 1)
            name = name.replace("idx3", f"idx{rank}")
            file = images.with_name(name)
            if not file.is_file():
                file = _otherwise_packed(file)
            arrays.append(read_idx(file, rank))
    return arrays


def _otherwise_packed(file: Path) -> Path:
    other = file.with_suffix("") if file.suffix == ".gz" else file.with_name(file.name + ".gz")
    if not other.is_file():
        raise FileNotFoundError(f"{file} is missing beside the training images")
    return other
