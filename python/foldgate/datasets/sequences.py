"""A text as a sequence of characters or tokens, and the windows that a language model learns from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ._files import PathLike, existing, read_text

Ids = np.ndarray[Any, np.dtype[np.int64]]


class Vocabulary:
    """Symbols (characters or tokens) and their numbers.

    Args:
        symbols: All of them, in the order of their numbers.
        joined_by: What stands between them in a text: nothing between characters, a space between tokens.
        unknown: A symbol that stands for those that are not there; None raises an error for them.

    Raises:
        ValueError: A symbol occurs twice, or `unknown` is none of them.

    Example:
        >>> letters = Vocabulary("abc")
        >>> letters.encode("cab")
        array([2, 0, 1])
        >>> letters.decode([1, 0])
        'ba'
    """

    def __init__(self, symbols: Sequence[str], joined_by: str = "", unknown: str | None = None) -> None:
        self.symbols = list(symbols)
        self.joined_by = joined_by
        self.unknown = unknown
        self._numbers = {symbol: i for i, symbol in enumerate(self.symbols)}
        if len(self._numbers) != len(self.symbols):
            twice = next(symbol for symbol, count in Counter(self.symbols).items() if count > 1)
            raise ValueError(f"Vocabulary: symbol {twice!r} occurs twice")
        if unknown is not None and unknown not in self._numbers:
            raise ValueError(f"Vocabulary: unknown is {unknown!r}, which is none of the symbols")

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str | Iterable[str]) -> Ids:
        """The numbers of a text's symbols.

        Raises:
            ValueError: A symbol is not there, and no `unknown` stands for it.
        """
        parts = text.split() if isinstance(text, str) and self.joined_by else text
        try:
            if self.unknown is None:
                return np.array([self._numbers[part] for part in parts], np.int64)
            other = self._numbers[self.unknown]
            return np.array([self._numbers.get(part, other) for part in parts], np.int64)
        except KeyError as error:
            raise ValueError(f"Vocabulary: {error.args[0]!r} is none of the {len(self)} symbols") from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some numbers.

        Raises:
            ValueError: A number is none of 0 .. len - 1.
        """
        numbers = [int(i) for i in ids]
        wrong = next((i for i in numbers if not 0 <= i < len(self)), None)
        if wrong is not None:
            raise ValueError(f"Vocabulary: id {wrong}; expected 0 .. {len(self) - 1}")
        return self.joined_by.join(self.symbols[i] for i in numbers)


def load_characters(path: PathLike, encoding: str = "utf-8") -> tuple[Ids, Vocabulary]:
    """Read a text as the numbers of its characters, which are ordered by code point.

    Args:
        path: The file, plain or gzip, as it is or below FOLDGATE_DATA or `~/.keras/datasets`.
        encoding: Of the file.

    Returns:
        int64 ids (T,), and the vocabulary that decodes them.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: It is not of that encoding.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w") as file:
        ...     print("abba", end="", file=file, flush=True)
        ...     ids, vocabulary = load_characters(file.name)
        >>> ids, vocabulary.symbols
        (array([0, 1, 1, 0]), ['a', 'b'])
    """
    text = read_text(existing("sequences", path), encoding)
    vocabulary = Vocabulary(sorted(set(text)))
    return vocabulary.encode(text), vocabulary


def load_tokens(
    path: PathLike, max_tokens: int | None = None, unknown: str = "[UNK]", encoding: str = "utf-8"
) -> tuple[Ids, Vocabulary]:
    """Read a text as the numbers of its tokens: what stands between white space, most frequent first.

    Args:
        path: The file, plain or gzip, as it is or below FOLDGATE_DATA or `~/.keras/datasets`.
        max_tokens: Size of the vocabulary with `unknown`, number 0, which stands for rarer tokens; None for
            all of them.
        unknown: That symbol.
        encoding: Of the file.

    Returns:
        int64 ids (T,), and the vocabulary that decodes them.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: It is not of that encoding, or `max_tokens` is below 1.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w") as file:
        ...     print("to be or not to be", file=file, flush=True)
        ...     ids, vocabulary = load_tokens(file.name, max_tokens=3)
        >>> ids, vocabulary.symbols
        (array([2, 1, 0, 0, 2, 1]), ['[UNK]', 'be', 'to'])
    """
    if max_tokens is not None and max_tokens < 1:
        raise ValueError(f"load_tokens: max_tokens is {max_tokens}; expected at least 1")
    tokens = read_text(existing("sequences", path), encoding).split()
    counts = Counter(token for token in tokens if token != unknown)
    ordered = sorted(counts, key=lambda token: (-counts[token], token))
    kept = ordered if max_tokens is None else ordered[: max_tokens - 1]
    vocabulary = Vocabulary([unknown, *kept], joined_by=" ", unknown=unknown)
    return vocabulary.encode(tokens), vocabulary


def next_windows(ids: Any, length: int, stride: int | None = None) -> tuple[Ids, Ids]:
    """Cut a sequence into inputs and targets, the targets one step later.

    Args:
        ids: (T,).
        length: Steps of a window.
        stride: Steps from one window to the next; None for `length`, so that none overlap.

    Returns:
        Inputs and targets (N, length); steps at the end that fill no window are left out.

    Raises:
        ValueError: The sequence is no longer than one window, or a number is below 1.

    Example:
        >>> x, y = next_windows([1, 2, 3, 4, 5], length=2)
        >>> x.tolist(), y.tolist()
        ([[1, 2], [3, 4]], [[2, 3], [4, 5]])
    """
    values = np.asarray(ids)
    step = length if stride is None else stride
    if length < 1 or step < 1:
        raise ValueError(f"next_windows: length {length} and stride {step}; expected at least 1")
    if values.ndim != 1 or len(values) <= length:
        raise ValueError(
            f"next_windows: ids of shape {values.shape}; expected more than length={length} of rank 1"
        )
    windows = np.lib.stride_tricks.sliding_window_view(values, length + 1)[::step]
    return windows[:, :-1].copy(), windows[:, 1:].copy()
