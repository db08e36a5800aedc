"""IMDB: reviews of films, positive or negative, as sequences of words' ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from . import _reviews
from ._files import PathLike, find
from ._reviews import Labels, Sequences

NAMES = [
    "imdb/train.jsonl.gz",
    "imdb/train.jsonl",
    "train.jsonl.gz",
    "train.jsonl",
    "aclImdb/imdb.vocab",
    "imdb.vocab",
    "imdb.npz",
]
DOWNLOAD = "aclImdb_v1.tar.gz from https://ai.stanford.edu/~amaas/data/sentiment/ and unpack it"
Objects = np.ndarray[Any, np.dtype[np.object_]]
Split = tuple[Objects, Labels]


def load_data(
    path: PathLike | None = None,
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Split, Split]:
    """Read the reviews as whole numbers: 1 + `index_from` is the training reviews' most frequent word.

    Args:
        path: A folder of `train.jsonl` and `test.jsonl` (gzip or not), a `{"text": ..., "label": 0 or 1}` a
            line; the unpacked `aclImdb`; or an .npz of whole numbers `x_train` (N, T), `y_train`, `x_test`,
            `y_test`, with 0 behind the end of a review. None looks below FOLDGATE_DATA and
            `~/.keras/datasets`. Keras' own imdb.npz is pickle, which runs code, and is refused.
        num_words: Numbers from here on become `oov_char`; None keeps all words.
        skip_top: Numbers below this become `oov_char`.
        maxlen: Reviews of as many numbers and more are left out; None keeps all.
        seed: Of the order.
        start_char: The first number of each review; None for none.
        oov_char: Stands for words left out by `num_words` and `skip_top`; None drops them.
        index_from: Added to the words' ranks, which begin at 1. Words that are in no training review are
            left out.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: object arrays of lists, for `foldgate.utils.pad_sequences`,
        and int64 labels, 1 for a positive review.

    Raises:
        FileNotFoundError: They are in none of those places; the message says what to download.
        ValueError: A file is damaged or is another, or no review is as short as `maxlen`.

    Example:
        >>> load_data("/nowhere", num_words=1000)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FileNotFoundError: imdb: no ...
    """
    found = find("imdb", path, NAMES, DOWNLOAD)
    splits = []
    for sequences, labels in _read(found):
        order = np.arange(len(sequences))
        np.random.RandomState(seed).shuffle(order)
        numbered = [_numbered(sequences[i], start_char, index_from) for i in order]
        kept = [i for i, x in enumerate(numbered) if maxlen is None or len(x) < maxlen]
        if not kept:
            raise ValueError(f"imdb: no review has fewer than maxlen={maxlen} numbers")
        splits.append(([numbered[i] for i in kept], labels[order][kept]))
    train, test = ((_filtered(x, num_words, skip_top, oov_char), y) for x, y in splits)
    return train, test


def get_word_index(path: PathLike | None = None) -> dict[str, int]:
    """Words and their ranks, 1 for the one that occurs most often; `load_data` adds `index_from` to them.

    Args:
        path: As `load_data`'s, of reviews as text.

    Raises:
        FileNotFoundError: They are in none of those places.
        ValueError: The file holds numbers alone, or is damaged.

    Example:
        >>> get_word_index("/nowhere")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        FileNotFoundError: imdb: no ...
    """
    found = find("imdb", path, NAMES, DOWNLOAD)
    if found.suffix == ".npz":
        raise ValueError(
            f"imdb: {found} holds the words' numbers and not the words; expected reviews as text"
        )
    return _reviews.ranks(_reviews.read_words(found, "train")[0])


def _read(found: Path) -> list[tuple[Sequences, Labels]]:
    if found.suffix == ".npz":
        x_train, y_train, x_test, y_test = _reviews.read_ranks(found)
        return [(x_train, y_train), (x_test, y_test)]
    train, labels = _reviews.read_words(found, "train")
    index = _reviews.ranks(train)
    test, other_labels = _reviews.read_words(found, "test")
    return [(_reviews.encode(train, index), labels), (_reviews.encode(test, index), other_labels)]


def _numbered(ranks: Any, start: int | None, index_from: int) -> Any:
    shifted = ranks + index_from
    return shifted if start is None else np.concatenate([[start], shifted])


def _filtered(sequences: Sequences, num_words: int | None, skip_top: int, oov: int | None) -> Objects:
    stop = num_words or max(int(x.max(initial=0)) for x in sequences) + 1
    result = np.empty(len(sequences), object)
    for i, x in enumerate(sequences):
        kept = (skip_top <= x) & (x < stop)
        result[i] = (x[kept] if oov is None else np.where(kept, x, oov)).tolist()
    return result
