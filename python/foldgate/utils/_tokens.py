"""How a text becomes tokens: standardised, split, joined into n-grams."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

PUNCTUATION = re.compile(r"""[!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']""")

Standardize = str | Callable[[str], str] | None
Split = str | Callable[[str], Sequence[str]] | None


def _without_punctuation(text: str) -> str:
    return PUNCTUATION.sub("", text)


def _lower_without_punctuation(text: str) -> str:
    return _without_punctuation(text.lower())


STANDARDS: dict[str, Callable[[str], str]] = {
    "lower_and_strip_punctuation": _lower_without_punctuation,
    "lower": str.lower,
    "strip_punctuation": _without_punctuation,
}
SPLITS: dict[str, Callable[[str], Sequence[str]]] = {"whitespace": str.split, "character": list}


def chosen(layer: str, argument: str, value: Any, known: dict[str, Any]) -> Callable[[str], Any] | None:
    """The function that a name stands for; a function, or None, stands for itself.

    Raises:
        ValueError: There is no such name.
    """
    if value is None or callable(value):
        function: Callable[[str], Any] | None = value
        return function
    if value not in known:
        raise ValueError(
            f"{layer}: {argument} is {value!r}; expected one of {list(known)}, a function or None"
        )
    named: Callable[[str], Any] = known[value]
    return named


def sizes_of(layer: str, ngrams: int | Sequence[int] | None) -> tuple[int, ...]:
    """The n of the n-grams: 2 stands for (1, 2).

    Raises:
        ValueError: One is below 1.
    """
    if ngrams is None:
        return (1,)
    sizes = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else tuple(ngrams)
    if not sizes or any(not isinstance(n, int) or n < 1 for n in sizes):
        raise ValueError(f"{layer}: ngrams is {ngrams!r}; expected a number from 1 on, or several")
    return sizes


def with_ngrams(tokens: Sequence[str], sizes: tuple[int, ...]) -> list[str]:
    """The n-grams of each size in turn, joined by spaces."""
    if sizes == (1,):
        return list(tokens)
    return [" ".join(tokens[i : i + n]) for n in sizes for i in range(len(tokens) - n + 1)]
