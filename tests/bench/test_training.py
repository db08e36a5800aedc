"""The models of benchmarks/training.py train here, and its table holds what was measured."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import foldgate

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    "conv_dense",
    "conv_pool",
    "resnet20",
    "unet",
    "lstm_text",
    "gru_2",
    "characters",
    "lstm_4",
    "masked",
    "conv1d",
]


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield importlib.import_module("training")


@pytest.mark.parametrize("name", NAMES)
def test_a_model_trains(benchmark: ModuleType, name: str, rng: np.random.Generator) -> None:
    row = benchmark.ROWS[name]
    model = row.make(foldgate)
    model.compile("adam", row.loss)
    x, y = row.inputs(rng, 2), row.labels(rng, 2)
    first = model.train_on_batch(x, y)
    for _ in range(3):
        last = model.train_on_batch(x, y)
    assert np.isfinite(last) and last < first


def test_there_are_ten_rows(benchmark: ModuleType) -> None:
    assert list(benchmark.ROWS) == NAMES


def test_the_table_and_the_plot(
    benchmark: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {
        "gru_2": {"foldgate": 2.0, "jax": 4.0, "torch": 8.0},
        "lstm_4": {"foldgate": 1.0, "pytorch": 0.5},
    }
    assert benchmark.ratios(found) == {"gru_2": 2.0, "lstm_4": 0.5}
    benchmark.show(found)
    printed = capsys.readouterr().out
    assert "2.00x" in printed and "geometric mean of 2 rows: 1.00x" in printed
    benchmark.draw(found, tmp_path / "training.png")
    assert (tmp_path / "training.png").stat().st_size > 1000


def test_a_worker_measures(
    benchmark: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = foldgate.get_num_threads()
    found = benchmark.main(
        ["--worker", "foldgate", "--rows", "lstm_4", "--seconds", "0.01", "--threads", "1"]
    )
    foldgate.set_num_threads(before)
    assert found == {} and '"ms": ' in capsys.readouterr().out
