"""The Keras-like MNIST example: on digits drawn here, and its pictures."""

from __future__ import annotations

import gzip
import importlib
import struct
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    """The script, imported with its folder on the path, as Python runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "examples"))
        yield importlib.import_module("mnist_cnn")


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Digits that a small model learns at once: class k is a bright band of rows and one of columns."""
    rng = np.random.default_rng(0)
    for name, count in (("train", 320), ("t10k", 40)):
        labels = rng.integers(0, 10, count)
        images = rng.integers(0, 60, (count, 28, 28))
        for image, label in zip(images, labels, strict=True):
            image[2 * label + 4 : 2 * label + 6] = 255
            image[:, 2 * label + 4 : 2 * label + 6] = 255
        for kind, array, magic in (("images-idx3", images, 0x803), ("labels-idx1", labels, 0x801)):
            head = struct.pack(f">{1 + array.ndim}I", magic, *array.shape)
            path = tmp_path / f"{name}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes()))
    return tmp_path


def test_it_learns_and_draws(
    example: ModuleType, drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    accuracy = example.main(
        ["--data", str(drawn), "--epochs", "2", "--batch", "16", "--pictures", str(pictures)]
    )
    printed = capsys.readouterr().out
    assert accuracy > 0.9, printed
    assert "Epoch 2/2" in printed and "225,418" in printed and "test accuracy: " in printed
    assert {path.name for path in pictures.iterdir()} == {"mnist_history.png", "mnist_confusion.png"}


def test_the_matrix_counts_rows_as_digits(example: ModuleType) -> None:
    matrix = example.confusion_matrix(np.array([3, 3, 4]), np.array([3, 5, 4]))
    assert matrix[3, 3] == matrix[3, 5] == matrix[4, 4] == 1 and matrix.sum() == 3


def test_a_folder_without_data(example: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="mnist"):
        example.main(["--data", str(tmp_path)])
