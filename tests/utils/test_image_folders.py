"""Images of a folder, in batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import foldgate as keras

pytest.importorskip("PIL")
read = keras.utils.image_dataset_from_directory
CLASSES = {"b": 3, "a": 5, "c": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images of one value, which says the class and the number."""
    for name, count in CLASSES.items():
        (tmp_path / name).mkdir()
        for i in range(count):
            image = np.full((6, 8, 3), 40 * ord(name) % 200 + i, np.uint8)
            keras.utils.save_img(tmp_path / name / f"{i}.png", image, scale=False)
        (tmp_path / name / "notes.txt").write_text("no image")
    return tmp_path


def values(batches: Any) -> Any:
    return np.concatenate([x[:, 0, 0, 0] for x, _ in batches])


def test_classes_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batches = read(folder, image_size=(6, 8), batch_size=4, shuffle=False)
    assert capsys.readouterr().out == "Found 10 files belonging to 3 classes.\n"
    assert batches.class_names == ["a", "b", "c"] and len(batches) == 3
    x, y = batches[0]
    assert x.shape == (4, 6, 8, 3) and x.dtype == np.float32 and y.dtype == np.int32
    assert np.concatenate([y for _, y in batches]).tolist() == [0] * 5 + [1] * 3 + [2] * 2
    expected = [40 * ord(name) % 200 + i for name in "abc" for i in range(CLASSES[name])]
    assert values(batches).tolist() == expected
    assert [Path(path).name for path in batches.file_paths[:5]] == [f"{i}.png" for i in range(5)]


def test_labels(folder: Path) -> None:
    options: dict[str, Any] = {"verbose": False, "shuffle": False, "image_size": (3, 3)}
    assert read(folder, label_mode="categorical", **options)[0][1][0].tolist() == [1, 0, 0]
    two = read(folder, label_mode="binary", class_names=["c", "a"], **options)
    assert two[0][1].tolist() == [[0]] * 2 + [[1]] * 5
    assert read(folder, label_mode=None, **options)[0].shape == (10, 3, 3, 3)
    assert read(folder, labels=None, **options)[0].shape == (10, 3, 3, 3)
    own = read(folder, labels=[3] * 4 + [7] * 6, **options)
    assert own[0][1].tolist() == [3] * 4 + [7] * 6 and own.class_names == ["3", "7"]


def test_shuffled_and_split(folder: Path) -> None:
    options: dict[str, Any] = {"verbose": False, "image_size": (6, 8), "seed": 1}
    batches = read(folder, **options)
    first = values(batches)
    batches.on_epoch_end()
    assert first.tolist() != values(batches).tolist() and sorted(first) == sorted(values(batches))
    assert read(folder, **options)[0][1].tolist() == read(folder, **options)[0][1].tolist()
    both = read(folder, validation_split=0.3, subset="both", **options)
    assert [len(part.file_paths) for part in both] == [7, 3]
    assert sorted(np.concatenate([values(part) for part in both])) == sorted(first)
    alone = read(folder, validation_split=0.3, subset="validation", **options)
    assert alone.file_paths == both[1].file_paths


def test_sizes_and_colours(folder: Path) -> None:
    options: dict[str, Any] = {"verbose": False, "shuffle": False}
    assert read(folder, color_mode="grayscale", **options)[0][0].shape == (10, 256, 256, 1)
    options |= {"data_format": "channels_first", "crop_to_aspect_ratio": True}
    x, _ = read(folder, image_size=(4, 4), **options)[0]
    assert x.shape == (10, 3, 4, 4)


def test_training(folder: Path) -> None:
    model = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    train, test = read(
        folder, image_size=(4, 4), validation_split=0.3, subset="both", seed=0, batch_size=2, verbose=False
    )
    history = model.fit(train, validation_data=test, epochs=2, verbose=0).history
    assert list(history) == ["loss", "val_loss"]
    assert model.predict(test, verbose=0).shape == (3, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": "names"}, "labels is 'names'"),
        ({"label_mode": "float"}, "label_mode is 'float'"),
        ({"label_mode": "binary"}, "there are 3 classes, not 2"),
        ({"class_names": ["a", "z"]}, r"class_names has \['z'\]"),
        ({"class_names": ["a"], "labels": None}, "class_names are given"),
        ({"color_mode": "cmyk"}, "color_mode is 'cmyk'"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"image_size": (0, 3)}, "height is 0"),
        ({"validation_split": 0.2}, "subset is None"),
        ({"validation_split": 2.0, "subset": "both"}, "validation_split is 2.0"),
        ({"subset": "test", "validation_split": 0.2}, "subset is 'test'"),
        ({"labels": [1, 2]}, "there are 2 labels; expected 10"),
    ],
)
def test_wrong_arguments(folder: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(folder, **arguments)


def test_no_images(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no images"):
        read(tmp_path)


def test_other_names() -> None:
    preprocessing = keras.preprocessing
    assert preprocessing.sequence.pad_sequences is keras.utils.pad_sequences
    assert preprocessing.image.load_img is keras.utils.load_img
    assert preprocessing.timeseries_dataset_from_array is keras.utils.timeseries_dataset_from_array


def test_fit_leaves_the_order(folder: Path) -> None:
    """As that of a `tf.data.Dataset`, where the batches of any other PyDataset are shuffled."""

    class Watch(keras.Model):
        def train_step(self, data: Any) -> dict[str, float]:
            seen.append(data[0].ravel()[0])
            return {"loss": 0.0}

    images = read(folder, image_size=(6, 8), batch_size=1, shuffle=False, verbose=False)
    steps = np.arange(20.0)
    windows = keras.utils.timeseries_dataset_from_array(steps, steps, sequence_length=2, batch_size=1)
    for data, expected in ((images, values(images)), (windows, steps[:19])):
        seen: list[float] = []
        model = Watch()
        model.compile("sgd", "mse")
        model.fit(data, epochs=2, verbose=0)
        assert seen == [*expected, *expected]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"image_dataset_from_directory: directory is .*none"):
        keras.utils.image_dataset_from_directory(tmp_path / "none")
