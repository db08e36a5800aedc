"""Images through Pillow, and pictures of trainings."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from foldgate import utils
from foldgate.utils import images

pytest.importorskip("PIL")


@pytest.mark.parametrize(("channels", "mode"), [(1, "grayscale"), (3, "rgb"), (4, "rgba")])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_there_and_back(tmp_path, rng, channels, mode, data_format):
    pixels = rng.integers(0, 256, (5, 7, channels)).astype(np.float32)
    x = pixels if data_format == "channels_last" else pixels.transpose(2, 0, 1)
    utils.save_img(tmp_path / "x.png", x, data_format, scale=False)
    read = utils.img_to_array(utils.load_img(tmp_path / "x.png", mode), data_format)
    np.testing.assert_array_equal(read, x)
    assert read.dtype == np.float32


@pytest.mark.parametrize(("name", "file_format"), [("x.jpg", None), ("x.jpg", "jpg"), ("x", "JPEG")])
def test_jpeg_has_no_transparency(tmp_path, name, file_format):
    with pytest.warns(UserWarning, match="no transparency"):
        utils.save_img(tmp_path / name, np.full((2, 3, 4), 90.0), file_format=file_format, scale=False)
    assert np.asarray(utils.load_img(tmp_path / name, "rgb")).tolist() == [[[90] * 3] * 3] * 2


def test_values_are_stretched_or_cut():
    x = np.array([[[-1.0], [0.0], [3.0]]])
    assert np.ravel(utils.array_to_img(x)).tolist() == [0, 63, 255]
    assert np.ravel(utils.array_to_img(x * 100, scale=False)).tolist() == [0, 0, 255]
    assert np.ravel(utils.array_to_img(np.full((1, 2, 1), 9.0))).tolist() == [0, 0]


def test_resizing(tmp_path, rng):
    flat = np.broadcast_to(np.arange(3.0), (2, 6, 8, 3))
    np.testing.assert_allclose(utils.resize_images(flat, (3, 5)), flat[:, :3, :5], atol=1e-6)
    x = rng.standard_normal((6, 8, 2)).astype(np.float32)
    halves = utils.resize_images(x, (3, 4), "box")
    np.testing.assert_allclose(halves, x.reshape(3, 2, 4, 2, 2).mean((1, 3)), atol=1e-6)
    doubled = utils.resize_images(x[None], (12, 16), "nearest")
    np.testing.assert_array_equal(doubled[0], x.repeat(2, 0).repeat(2, 1))
    utils.save_img(tmp_path / "x.png", np.broadcast_to(np.arange(8.0)[:, None], (6, 8, 1)), scale=False)
    middle = utils.load_img(tmp_path / "x.png", "grayscale", (6, 4), keep_aspect_ratio=True)
    assert middle.size == (4, 6) and np.asarray(middle)[0].tolist() == [2, 3, 4, 5]


def test_wrong_images(tmp_path):
    (tmp_path / "x.png").write_text("no image")
    with pytest.raises(ValueError, match="cannot be read"):
        utils.load_img(tmp_path / "x.png")
    with pytest.raises(FileNotFoundError):
        utils.load_img(tmp_path / "y.png")
    for call, words in (
        (lambda: utils.load_img("x", color_mode="cmyk"), "color_mode is 'cmyk'"),
        (lambda: utils.load_img("x", interpolation="best"), "interpolation is 'best'"),
        (lambda: utils.array_to_img(np.zeros((2, 2))), r"shape \(2, 2\)"),
        (lambda: utils.array_to_img(np.zeros((2, 2, 2))), "2 channels"),
        (lambda: utils.array_to_img(np.zeros((2, 2, 3)), "last"), "data_format is 'last'"),
        (lambda: utils.resize_images(np.zeros((2, 2)), (1, 1)), r"shape \(2, 2\)"),
        (lambda: utils.resize_images(np.zeros((0, 2, 3)), (1, 1)), r"shape \(0, 2, 3\)"),
        (lambda: utils.resize_images(np.zeros((2, 2, 3)), (0, 1)), r"size is \(0, 1\)"),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def test_without_pillow_or_matplotlib(monkeypatch):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(images, "import_module", missing)
    with pytest.raises(ImportError, match=r"foldgate\[images\]"):
        utils.array_to_img(np.zeros((2, 2, 3)))
    monkeypatch.setattr(importlib.import_module("foldgate.utils._matplotlib"), "import_module", missing)
    with pytest.raises(ImportError, match=r"foldgate\[plot\]"):
        utils.plot_history({"loss": [1.0]})


def test_plot_history(tmp_path):
    pytest.importorskip("matplotlib")
    values = {"loss": [2.0, 1.0, 1.5], "val_loss": [2.0, np.nan, 1.6], "accuracy": [0.1, 0.2, 0.3]}
    figure = utils.plot_history(values, tmp_path / "x.svg")
    loss, accuracy = figure.axes
    assert (tmp_path / "x.svg").read_text().startswith("<?xml")
    assert loss.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert [line.get_label() for line in loss.lines] == ["training", "validation", "best: epoch 3"]
    assert accuracy.get_title("left") == "accuracy"
    assert len(utils.plot_history(values, metrics=["accuracy"]).axes) == 1
    for history, metrics in (({}, None), (values, ["auc"])):
        with pytest.raises(ValueError, match="history holds"):
            utils.plot_history(history, metrics=metrics)
