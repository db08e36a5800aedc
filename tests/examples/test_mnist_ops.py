"""The MNIST example: on digits drawn here, on the real ones where they are, and on files that are wrong."""

from __future__ import annotations

import gzip
import importlib
import re
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
        yield importlib.import_module("mnist_ops")


def write_idx(path: Path, array: np.ndarray, magic: int) -> None:
    head = struct.pack(f">{1 + array.ndim}I", magic, *array.shape)
    path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes()))


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Digits that a small model learns at once: class k is a bright row and column k of a 12 x 12 image."""
    rng = np.random.default_rng(0)
    for name, count in (("train", 400), ("t10k", 50)):
        labels = rng.integers(0, 10, count)
        images = rng.integers(0, 60, (count, 12, 12))
        images[np.arange(count), labels] = 255
        images[np.arange(count), :, labels] = 255
        write_idx(tmp_path / f"{name}-images-idx3-ubyte.gz", images, 0x803)
        write_idx(tmp_path / f"{name}-labels-idx1-ubyte.gz", labels, 0x801)
    return tmp_path


def accuracy(text: str) -> float:
    found = re.search(r"test accuracy ([\d.]+) %", text)
    assert found, text
    return float(found.group(1))


@pytest.mark.parametrize("model", ["cnn", "lstm"])
def test_it_learns_drawn_digits(
    example: ModuleType, drawn: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(drawn), "--model", model, "--batch-size", "20", "--epochs", "8"]
    assert example.main(arguments) == 0
    assert accuracy(capsys.readouterr().out) >= 90.0


@pytest.mark.parametrize("model", ["cnn", "lstm"])
def test_it_runs_on_the_reference(
    example: ModuleType, drawn: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(drawn), "--model", model, "--ops", "foldgate.reference", "--batch-size", "20"]
    assert example.main([*arguments, "--steps", "2"]) == 0
    assert "after 2 steps" in capsys.readouterr().out


@pytest.mark.parametrize("model", ["cnn", "lstm"])
def test_both_modules_have_the_same_losses(
    example: ModuleType, drawn: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(drawn), "--model", model, "--compare", "--steps", "5", "--batch-size", "20"]
    assert example.main(arguments) == 0
    text = capsys.readouterr().out
    assert len(re.findall(r"^step +\d", text, re.MULTILINE)) == 5
    assert "x faster" in text


def test_losses_that_disagree_fail(
    example: ModuleType, drawn: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(example, "COMPARE_TOLERANCE", -1.0)
    assert example.main(["--data", str(drawn), "--compare", "--steps", "1", "--batch-size", "20"]) == 1
    assert "the losses disagree" in capsys.readouterr().out


@pytest.mark.parametrize("model", ["cnn", "lstm"])
def test_gradients_are_those_of_the_loss(example: ModuleType, model: str) -> None:
    """Along a random direction: (loss(p + e d) - loss(p - e d)) / 2e = <gradient, d>, in float64."""
    from foldgate import reference

    rng = np.random.default_rng(1)
    net = example.MODELS[model]()
    parameters = {name: value.astype(np.float64) for name, value in net.parameters(rng, 8).items()}
    images, labels = rng.random((4, 8, 8)), np.array([0, 3, 9, 3])
    loss, gradients = net.step(reference, parameters, images, labels)
    assert loss == pytest.approx(
        example.cross_entropy(net.logits(reference, parameters, images), labels)[0], rel=1e-12
    )
    direction = {name: rng.standard_normal(value.shape) for name, value in parameters.items()}
    step = 1e-6

    def moved(amount: float) -> float:
        there = {name: value + amount * direction[name] for name, value in parameters.items()}
        return float(net.step(reference, there, images, labels)[0])

    slope = sum(float(np.vdot(gradients[name], direction[name])) for name in parameters)
    assert (moved(step) - moved(-step)) / (2 * step) == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("model", ["cnn", "lstm"])
def test_real_digits_compare(
    example: ModuleType, model: str, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(shared_data / "mnist")
    arguments = ["--data", data, "--model", model, "--batch-size", "16", "--compare", "--steps", "3"]
    assert example.main(arguments) == 0
    assert "x faster" in capsys.readouterr().out


def test_real_digits_are_learnt_within_a_hundred_steps(
    example: ModuleType, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert example.main(["--data", str(shared_data / "mnist"), "--steps", "100"]) == 0
    assert accuracy(capsys.readouterr().out) >= 85.0


def test_a_missing_file_says_where_and_what_to_download(
    example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert example.main(["--data", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert f"{tmp_path / 'train-images-idx3-ubyte.gz'} is missing; download https://" in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(b""), "begins with ; expected the IDX magic number 00000803"),
        (gzip.compress(struct.pack(">4I", 0x801, 1, 2, 2) + bytes(4)), "begins with 00000801"),
        (gzip.compress(struct.pack(">4I", 0x803, 2, 2, 2) + bytes(7)), "holds 7 values"),
        (gzip.compress(struct.pack(">4I", 0x803, 1, 2, 2) + bytes(5)), "holds 5 values"),
        (b"not gzip", "cannot be unpacked: Not a gzipped file"),
        (gzip.compress(bytes(1000))[:-9], "cannot be unpacked: "),
    ],
)
def test_a_wrong_file_is_named(
    example: ModuleType, drawn: Path, content: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (drawn / "train-images-idx3-ubyte.gz").write_bytes(content)
    assert example.main(["--data", str(drawn)]) == 2
    message = capsys.readouterr().err
    assert words in message
    assert message.startswith("mnist_ops: ")


@pytest.mark.parametrize(("labels", "words"), [([1, 2, 3], "do not fit 3 labels"), ([11] * 400, "0 .. 9")])
def test_labels_that_do_not_fit(
    example: ModuleType, drawn: Path, labels: list[int], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_idx(drawn / "train-labels-idx1-ubyte.gz", np.array(labels), 0x801)
    assert example.main(["--data", str(drawn)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "0"], "--epochs is 0; expected 1 or more"),
        (["--steps", "-1"], "--steps is -1; expected 0 or more"),
        (["--batch-size", "0"], "--batch-size is 0; expected 1 or more"),
        (["--ops", "numpy"], "foldgate.reference"),
    ],
)
def test_bad_arguments(
    example: ModuleType, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        example.main(arguments)
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


def test_a_batch_larger_than_the_data(
    example: ModuleType, drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert example.main(["--data", str(drawn), "--batch-size", "500"]) == 2
    assert "400 images do not fill a batch of 500" in capsys.readouterr().err
