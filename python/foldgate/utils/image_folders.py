"""Images of a folder, in batches."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from foldgate._checks import integers, numbers
from foldgate.layers import Resizing
from foldgate.utils.images import MODES, img_to_array, load_img
from foldgate.utils.numerical import to_categorical
from foldgate.utils.py_dataset import PyDataset

NAME = "image_dataset_from_directory"
ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
LABEL_MODES = ("int", "categorical", "binary", None)
Array = np.ndarray[Any, np.dtype[Any]]


class ImageFolder(PyDataset):
    """Batches of images, read when they are asked for. Made by `image_dataset_from_directory`."""

    keeps_order = True  # `fit` leaves it, as that of tf.data, which Keras makes here

    def __init__(
        self, file_paths: list[str], labels: Array | None, class_names: list[str] | None, batch_size: int
    ) -> None:
        super().__init__()
        self.file_paths, self.class_names = file_paths, class_names
        self._labels, self._batch_size = labels, batch_size
        self._order = np.arange(len(file_paths))
        self._generator: np.random.Generator | None = None

    def reading(self, color_mode: str, resizing: Resizing) -> ImageFolder:
        """The same, of images in these colours and of this size."""
        self._color_mode, self._resizing = color_mode, resizing
        return self

    def shuffled_by(self, seed: int | None) -> ImageFolder:
        """The same images in another order, and in yet another after each epoch."""
        self._generator = np.random.default_rng(seed)
        self.on_epoch_end()
        return self

    def __len__(self) -> int:
        return -(-len(self._order) // self._batch_size)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"{NAME}: batch {index}; expected 0 .. {len(self) - 1}")
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        images = np.stack([self._image(self.file_paths[i]) for i in chosen])
        return images if self._labels is None else (images, self._labels[chosen])

    def _image(self, path: str) -> Array:
        image = img_to_array(load_img(path, self._color_mode), self._resizing.data_format)
        resized: Array = self._resizing(image)
        return resized

    def on_epoch_end(self) -> None:
        """Shuffle again."""
        if self._generator is not None:
            self._order = self._generator.permutation(self._order)


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    verbose: bool = True,
) -> Any:
    """Batches of the images of a folder, for `fit`, `evaluate` and `predict`.

    Args:
        directory: With `labels="inferred"` it has a folder for each class.
        labels: `"inferred"`, a list of ints in the order of the files' paths, or None.
        label_mode: `"int"`, `"categorical"` (one-hot), `"binary"` (N, 1), or None for no labels.
        class_names: The order of the classes' folders; None for that of their names.
        color_mode: `"rgb"`, `"rgba"` or `"grayscale"`.
        batch_size: Images of a batch.
        image_size: (height, width) that they are resized to.
        shuffle: Whether they come in another order each epoch.
        seed: Of that order, and of which images are for validation.
        validation_split: The share of them, with `subset`.
        subset: `"training"`, `"validation"`, or `"both"` for a list of the two.
        interpolation: Of `layers.Resizing`.
        follow_links: Whether folders that are links are looked into.
        crop_to_aspect_ratio, pad_to_aspect_ratio: Of `layers.Resizing`.
        data_format: `"channels_last"`, `"channels_first"`, or None for `config.image_data_format()`.
        verbose: Whether it prints how many there are.

    Returns:
        A `PyDataset` of batches `(images, labels)`, or of images (N, H, W, C) of float32, with the attributes
        `class_names` and `file_paths`.

    Raises:
        ValueError: An argument is none of these, or there are no images.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> for name in ("cat", "dog"):
        ...     os.mkdir(os.path.join(folder.name, name))
        ...     save_img(os.path.join(folder.name, name, "1.png"), np.zeros((4, 6, 3)))
        >>> batches = image_dataset_from_directory(folder.name, image_size=(2, 3), shuffle=False)
        Found 2 files belonging to 2 classes.
        >>> batches[0][0].shape, batches[0][1].tolist(), batches.class_names
        ((2, 2, 3, 3), [0, 1], ['cat', 'dog'])
        >>> folder.cleanup()
    """
    _check(labels, label_mode, class_names, color_mode, validation_split, subset)
    integers(NAME, 1, batch_size=batch_size)
    resizing = Resizing(
        *image_size,
        interpolation=interpolation,
        crop_to_aspect_ratio=crop_to_aspect_ratio,
        pad_to_aspect_ratio=pad_to_aspect_ratio,
        data_format=data_format,
    )
    root = os.fspath(directory)
    folders = _folders(root, class_names) if isinstance(labels, str) else [""]
    found = [_files(os.path.join(root, folder), follow_links) for folder in folders]
    paths = [path for files in found for path in files]
    if not paths:
        raise ValueError(f"{NAME}: {root!r} holds no images; expected files {', '.join(ENDINGS)}")
    values, names = _labels(labels, found, folders)
    if verbose:
        of_classes = "" if names is None else f" belonging to {len(names)} classes"
        print(f"Found {len(paths)} files{of_classes}.")
    if label_mode is None or values is None:
        values = None
    elif label_mode == "categorical":
        values = to_categorical(values, len(names or ())).astype("float32")
    elif label_mode == "binary":
        if len(names or ()) != 2:
            raise ValueError(f"{NAME}: label_mode is 'binary'; there are {len(names or ())} classes, not 2")
        values = values.astype("float32")[:, None]
    order = np.random.default_rng(seed).permutation(len(paths)) if shuffle else np.arange(len(paths))
    held = int((validation_split or 0) * len(paths))
    parts = {"training": order[: len(order) - held], "validation": order[len(order) - held :], None: order}
    made = []
    for part in ("training", "validation") if subset == "both" else (subset,):
        chosen = [paths[i] for i in parts[part]]
        its_labels = None if values is None else values[parts[part]]
        batches = ImageFolder(chosen, its_labels, names, batch_size).reading(color_mode, resizing)
        made.append(batches.shuffled_by(seed) if shuffle else batches)
    return made if subset == "both" else made[0]


def _check(labels: Any, label_mode: Any, class_names: Any, color_mode: Any, split: Any, subset: Any) -> None:
    if isinstance(labels, str) and labels != "inferred":
        raise ValueError(f"{NAME}: labels is {labels!r}; expected 'inferred', a list of ints or None")
    if label_mode not in LABEL_MODES:
        raise ValueError(f"{NAME}: label_mode is {label_mode!r}; expected one of {LABEL_MODES}")
    if class_names is not None and not isinstance(labels, str):
        raise ValueError(f"{NAME}: class_names are given; expected None beside labels of one's own")
    if color_mode not in MODES:
        raise ValueError(f"{NAME}: color_mode is {color_mode!r}; expected one of {list(MODES)}")
    numbers(NAME, "(0, 1)", or_none=True, validation_split=split)
    if (split is None) != (subset is None) or subset not in (None, "training", "validation", "both"):
        raise ValueError(
            f"{NAME}: subset is {subset!r} and validation_split {split!r}; expected 'training', 'validation' "
            "or 'both' with a split, and None without"
        )


def _folders(root: str, class_names: Sequence[str] | None) -> list[str]:
    if not os.path.isdir(root):
        raise FileNotFoundError(
            f"{NAME}: directory is {root!r}, where there is none; expected a folder of images"
        )
    there = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    if class_names is None:
        return there
    if missing := set(class_names) - set(there):
        raise ValueError(f"{NAME}: class_names has {sorted(missing)}; expected some of the folders {there}")
    return list(class_names)


def _files(folder: str, follow_links: bool) -> list[str]:
    walked = sorted(os.walk(folder, followlinks=follow_links))
    return [os.path.join(at, file) for at, _, files in walked for file in sorted(files) if _is_image(file)]


def _is_image(file: str) -> bool:
    return file.lower().endswith(ENDINGS)


def _labels(labels: Any, found: list[list[str]], folders: list[str]) -> tuple[Array | None, list[str] | None]:
    """A class for each file, and the classes' names."""
    if labels is None:
        return None, None
    if isinstance(labels, str):
        return np.repeat(np.arange(len(found), dtype=np.int32), [len(files) for files in found]), folders
    if len(labels) != len(found[0]):
        raise ValueError(f"{NAME}: there are {len(labels)} labels; expected {len(found[0])}, one a file")
    return np.asarray(labels, np.int32), [str(label) for label in sorted(set(labels))]
