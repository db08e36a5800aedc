"""The character example: on a text that a small model learns at once, and on files that are wrong."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--units", "24", "--batch", "8", "--steps", "20", "--length", "40", "--dropout", "0"]


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    """The script, imported as Python runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "examples"))
        yield importlib.import_module("char_rnn")


@pytest.fixture
def rhyme(tmp_path: Path) -> Path:
    path = tmp_path / "rhyme.txt"
    path.write_text("one two three four five,\nonce I caught a fish alive.\n" * 120)
    return path


def test_it_learns_a_rhyme(example: ModuleType, rhyme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = example.main(
        ["--data", str(rhyme), "--epochs", "12", "--rate", "0.02", "--prompt", "one", *SMALL]
    )
    assert found < 0.5  # nats; an even guess of its 21 characters is 3.0
    printed = capsys.readouterr().out
    assert "epoch 12/12" in printed
    greedy = printed.split("greedy")[1].split("temperature")[0]
    assert "one two three four five,\nonce I caught" in greedy


def test_a_window_goes_on_where_the_last_ended(example: ModuleType) -> None:
    ids = np.arange(101)
    first, second = list(example.windows(ids, batch=2, steps=20))[:2]
    np.testing.assert_array_equal(first[0][1], np.arange(50, 70))
    np.testing.assert_array_equal(first[1], first[0] + 1)
    np.testing.assert_array_equal(second[0], first[0] + 20)


def test_reading_in_pieces_is_reading_at_once(example: ModuleType, rng: np.random.Generator) -> None:
    model = example.CharModel(7, 12, 2)
    ids = rng.integers(0, 7, 300)
    whole = example.nats(model, ids, steps=300)
    assert example.nats(model, ids, steps=1) == pytest.approx(whole, rel=1e-5)


def test_ways_to_choose(example: ModuleType, rng: np.random.Generator) -> None:
    logits = np.array([0.0, 2.0, 1.0, -1.0], np.float32)
    assert example.choose(logits, 0.0, None, rng) == 1
    drawn = [example.choose(logits, 1.0, 2, rng) for _ in range(200)]
    assert set(drawn) == {1, 2}
    assert {example.choose(logits, 100.0, None, rng) for _ in range(200)} == {0, 1, 2, 3}


def test_a_missing_file_or_too_short_a_text(example: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="is missing"):
        example.main(["--data", str(tmp_path / "none.txt")])
    (tmp_path / "short.txt").write_text("abc")
    with pytest.raises(SystemExit, match="at least 100"):
        example.main(["--data", str(tmp_path / "short.txt")])
