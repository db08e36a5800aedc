"""Reviews as words: ranks of words by how often they occur, and sequences of those ranks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from ._npz import read_npz
from .texts import load_folder, load_jsonl

# Every ASCII character but letters, digits and the apostrophe parts words.
PARTS = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) == "'")}
Sequences = list[np.ndarray[Any, np.dtype[np.int64]]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


def words(text: str) -> list[str]:
    return text.lower().replace("<br />", " ").translate(PARTS).split()


def ranks(reviews: Iterable[list[str]]) -> dict[str, int]:
    """The word that occurs most often is 1; words as frequent stand in the alphabet's order."""
    counts: Counter[str] = Counter()
    for review in reviews:
        counts.update(review)
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: rank for rank, word in enumerate(ordered, 1)}


def read_words(found: Path, part: str) -> tuple[list[list[str]], Labels]:
    """The words of the reviews of "train" or "test", beside the file of the training reviews."""
    if found.name.startswith("train.jsonl"):
        texts, labels = load_jsonl(found.with_name(found.name.replace("train", part, 1)))
    else:  # aclImdb/imdb.vocab stands above train/ and test/
        texts, labels, _ = load_folder(found.parent / part, class_names=["neg", "pos"])
    return [words(text) for text in texts], labels


def read_ranks(found: Path) -> tuple[Sequences, Labels, Sequences, Labels]:
    """Of an .npz whose x_train and x_test are whole numbers (N, T), 0 where a review has ended."""
    x_train, y_train, x_test, y_test = read_npz(found, ("x_train", "y_train", "x_test", "y_test"))
    for x, y in ((x_train, y_train), (x_test, y_test)):
        if x.ndim != 2 or x.dtype.kind not in "iu" or y.shape != (len(x),):
            raise ValueError(
                f"{found}: {x.dtype} {x.shape}, labels {y.shape}; expected whole numbers (N, T), (N,)"
            )
    return _unpadded(x_train), y_train.astype(np.int64), _unpadded(x_test), y_test.astype(np.int64)


def _unpadded(matrix: np.ndarray[Any, Any]) -> Sequences:
    return [row[row != 0].astype(np.int64) for row in matrix]


def encode(reviews: Sequence[list[str]], index: dict[str, int]) -> Sequences:
    """Ranks of each review's words; words that the index does not know are left out."""
    ids = (np.fromiter(map(index.get, review, repeat(0)), np.int64, len(review)) for review in reviews)
    return [review[review > 0] for review in ids]
