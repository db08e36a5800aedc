"""MNIST, Fashion-MNIST and CIFAR: every form of their files, and files that are wrong."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foldgate.datasets import cifar10, cifar100, fashion_mnist, mnist

NAMES = ("x_train", "y_train", "x_test", "y_test")


@pytest.fixture(autouse=True)
def nothing_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No data set of the machine is found."""
    monkeypatch.delenv("FOLDGATE_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture
def digits(rng: np.random.Generator) -> dict[str, Any]:
    arrays = {}
    for part, count in (("train", 7), ("test", 3)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (count, 5, 4), dtype=np.uint8)
        arrays[f"y_{part}"] = rng.integers(0, 10, count, dtype=np.uint8)
    return arrays


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x800 | array.ndim, *array.shape) + array.tobytes()


def write_idx(folder: Path, digits: dict[str, Any], dot: str = "-", packed: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part, file in (("train", "train"), ("test", "t10k")):
        for key, kind in ((f"x_{part}", f"images{dot}idx3"), (f"y_{part}", f"labels{dot}idx1")):
            content = idx(digits[key])
            name = f"{file}-{kind}-ubyte" + (".gz" if packed else "")
            (folder / name).write_bytes(gzip.compress(content) if packed else content)


def check(loaded: Any, expected: dict[str, Any]) -> None:
    (x_train, y_train), (x_test, y_test) = loaded
    for name, array in zip(NAMES, (x_train, y_train, x_test, y_test), strict=True):
        np.testing.assert_array_equal(array, expected[name], err_msg=name)
        assert array.dtype == np.uint8 and array.flags.writeable


@pytest.mark.parametrize(("dot", "packed"), [("-", True), ("-", False), (".", True), (".", False)])
def test_mnist_of_idx_files(tmp_path, digits, dot, packed):
    write_idx(tmp_path, digits, dot, packed)
    check(mnist.load_data(tmp_path), digits)
    check(fashion_mnist.load_data(tmp_path), digits)


def test_a_file_packed_otherwise_than_the_images(tmp_path, digits):
    write_idx(tmp_path, digits)
    labels = tmp_path / "t10k-labels-idx1-ubyte.gz"
    labels.with_suffix("").write_bytes(gzip.decompress(labels.read_bytes()))
    labels.unlink()
    check(mnist.load_data(tmp_path), digits)
    labels.with_suffix("").unlink()
    with pytest.raises(FileNotFoundError, match=r"t10k-labels-idx1-ubyte\.gz is missing"):
        mnist.load_data(tmp_path)


def test_mnist_of_an_npz(tmp_path, digits):
    np.savez_compressed(tmp_path / "mine.npz", **digits)
    check(mnist.load_data(tmp_path / "mine.npz"), digits)


def test_where_files_are_looked_for(tmp_path, digits, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"keras/datasets.*downloads nothing.*FOLDGATE_DATA"):
        mnist.load_data()
    (tmp_path / "keras/datasets").mkdir(parents=True)
    np.savez(tmp_path / "keras/datasets/mnist.npz", **digits)
    check(mnist.load_data(), digits)
    check(mnist.load_data("mnist.npz"), digits)  # as Keras' scripts write it
    other = {name: array[:2] for name, array in digits.items()}
    write_idx(tmp_path / "data/MNIST/raw", other)
    monkeypatch.setenv("FOLDGATE_DATA", str(tmp_path / "data"))
    check(mnist.load_data(), other)  # before Keras' folder
    with pytest.raises(FileNotFoundError, match="fashion"):
        fashion_mnist.load_data()
    write_idx(tmp_path / "data/fashion-mnist", digits)
    check(fashion_mnist.load_data(), digits)


def test_idx_files_that_are_wrong(tmp_path, digits):
    write_idx(tmp_path, digits, packed=False)
    file = tmp_path / "train-images-idx3-ubyte"
    good = file.read_bytes()
    for size in [*range(40), len(good) - 1]:
        file.write_bytes(good[:size])
        with pytest.raises(ValueError, match=r"magic number|expects 140"):
            mnist.load_data(tmp_path)
    file.write_bytes(good + b"x")
    with pytest.raises(ValueError, match="holds 141 values"):
        mnist.load_data(tmp_path)
    file.write_bytes(good[:4] + b"\xff" * 12 + good[16:])  # extents of 2^32 - 1
    with pytest.raises(ValueError, match="4294967295"):
        mnist.load_data(tmp_path)
    file.write_bytes(gzip.compress(good)[:-9])
    with pytest.raises(ValueError, match="unpacked"):
        mnist.load_data(tmp_path)
    digits["y_test"][0] = 10
    write_idx(tmp_path, digits, packed=False)
    with pytest.raises(ValueError, match=r"a test label is 10; expected 0 \.\. 9"):
        mnist.load_data(tmp_path)


def test_npz_files_that_are_wrong(tmp_path, digits):
    path = tmp_path / "x.npz"
    with pytest.raises(FileNotFoundError):
        mnist.load_data(path)
    path.write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(ValueError, match="cannot be read"):
        mnist.load_data(path)
    np.savez(path, **{**digits, "x_train": np.array([{"a": 1}], object)})
    with pytest.raises(ValueError, match="only pickle reads"):
        mnist.load_data(path)
    np.savez(path, x_train=digits["x_train"])
    with pytest.raises(ValueError, match=r"expected y_train\.npy"):
        mnist.load_data(path)
    np.savez(path, **{**digits, "y_train": digits["y_train"][:-1]})
    with pytest.raises(ValueError, match=r"labels \(6,\)"):
        mnist.load_data(path)


def test_an_npz_with_any_byte_changed(tmp_path, digits, rng):
    np.savez_compressed(tmp_path / "good.npz", **digits)
    good = np.frombuffer((tmp_path / "good.npz").read_bytes(), np.uint8)
    path = tmp_path / "bad.npz"
    refused = 0
    for position in range(0, len(good), 2):
        bad = good.copy()
        bad[position] ^= rng.integers(1, 256, dtype=np.uint8)
        path.write_bytes(bad.tobytes())
        try:
            mnist.load_data(path)
        except ValueError:
            refused += 1
    assert refused > len(good) // 8  # a changed date or comment is nobody's loss


def cifar_record(rng: np.random.Generator, labels: list[int]) -> bytes:
    return bytes(labels) + rng.integers(0, 256, 3072, dtype=np.uint8).tobytes()


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"folder/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_cifar10(tmp_path, rng):
    files = {f"data_batch_{i}.bin": cifar_record(rng, [i]) for i in range(1, 6)}
    files["test_batch.bin"] = cifar_record(rng, [9]) + cifar_record(rng, [0])
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    write_tar(tmp_path / "cifar-10-binary.tar.gz", files)
    for path in (tmp_path, folder, tmp_path / "cifar-10-binary.tar.gz"):
        (x_train, y_train), (x_test, y_test) = cifar10.load_data(path)
        assert x_train.shape == (5, 32, 32, 3) and x_test.shape == (2, 32, 32, 3)
        assert y_train.tolist() == [[1], [2], [3], [4], [5]] and y_test.tolist() == [[9], [0]]
        green = files["data_batch_3.bin"][1 + 1024 : 1 + 2048]
        assert x_train[2, :, :, 1].tobytes() == green
    (folder / "data_batch_2.bin").write_bytes(files["data_batch_2.bin"][:-1])
    with pytest.raises(ValueError, match="records of 3073"):
        cifar10.load_data(folder)
    (folder / "data_batch_2.bin").write_bytes(cifar_record(rng, [10]))
    with pytest.raises(ValueError, match="a label is 10"):
        cifar10.load_data(folder)


def test_cifar100(tmp_path, rng):
    files = {"train.bin": cifar_record(rng, [3, 70]), "test.bin": cifar_record(rng, [19, 99])}
    write_tar(tmp_path / "cifar-100-binary.tar.gz", files)
    for mode, train, test in (("fine", 70, 99), ("coarse", 3, 19)):
        (x_train, y_train), (_, y_test) = cifar100.load_data(mode, tmp_path)
        assert (
            x_train.shape == (1, 32, 32, 3) and y_train.tolist() == [[train]] and y_test.tolist() == [[test]]
        )
    write_tar(tmp_path / "cifar-100-binary.tar.gz", {"train.bin": files["train.bin"]})
    with pytest.raises(ValueError, match=r"expected test\.bin"):
        cifar100.load_data("fine", tmp_path)
    write_tar(tmp_path / "cifar-100-binary.tar.gz", files)
    packed = tmp_path / "cifar-100-binary.tar.gz"
    packed.write_bytes(packed.read_bytes()[:5000])
    with pytest.raises(ValueError, match="unpacked"):
        cifar100.load_data("fine", tmp_path)


def test_the_real_mnist(shared_data, monkeypatch):
    monkeypatch.setenv("FOLDGATE_DATA", str(shared_data))
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    assert np.bincount(y_train).tolist()[:3] == [5923, 6742, 5958] and y_test[:4].tolist() == [7, 2, 1, 0]
