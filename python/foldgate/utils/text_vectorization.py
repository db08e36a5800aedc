"""Texts as numbers: a vocabulary learned from them, and their words' ids, counts or tf-idf."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foldgate.saving._atomic import write_atomically

from . import _tokens
from ._tokens import Split, Standardize
from .sequences import pad_sequences

MODES = ("int", "multi_hot", "count", "tf_idf")
PADDING, UNKNOWN = "", "[UNK]"
FORMAT = "foldgate.TextVectorization"
LARGEST_FILE = 1 << 28  # bytes: a vocabulary of ten million words
Array = np.ndarray[Any, np.dtype[Any]]


class TextVectorization:
    """Turn texts into arrays of numbers, with the arguments and the meaning of Keras' layer of that name.

    It is called on texts before the model, and is no layer of one. `adapt` learns the vocabulary: the tokens
    by how often they occur, most frequent first, those as frequent in reverse order of the alphabet.

    Args:
        max_tokens: Size of the vocabulary with its special tokens; None for all tokens.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation", a function of a text, or
            None.
        split: "whitespace", "character", a function of a text, or None for texts that are one token.
        ngrams: n-grams are taken as tokens, of sizes 1 .. ngrams or of those given; None for tokens alone.
        output_mode: "int" gives ids (0 fills up, 1 is an unknown token), "multi_hot" which tokens occur,
            "count" how often, "tf_idf" how often times log(1 + texts / (1 + texts with it)).
        output_sequence_length: Ids of each text are cut or filled up to as many; None for the longest text's.
        pad_to_max_tokens: Whether the vectors of the other modes have `max_tokens` entries in any case.
        vocabulary: The tokens, most frequent first, in place of `adapt`; or the name of a file, one a line.
        idf_weights: Of those tokens, for "tf_idf".
        encoding: Of bytes given as texts.
        name: Kept for `get_config`.

    Raises:
        ValueError: An argument is none of those, or tokens occur twice.

    Example:
        >>> vectorize = TextVectorization(output_sequence_length=4)
        >>> vectorize.adapt(["Foo bar.", "bar BAZ", "baz bada boom"])
        >>> vectorize.get_vocabulary()
        ['', '[UNK]', 'baz', 'bar', 'foo', 'boom', 'bada']
        >>> vectorize(["foo qux bar", "qux baz"])
        array([[4, 1, 3, 0],
               [1, 2, 0, 0]])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Standardize = "lower_and_strip_punctuation",
        split: Split = "whitespace",
        ngrams: int | Sequence[int] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Sequence[str] | str | os.PathLike[str] | None = None,
        idf_weights: Sequence[float] | None = None,
        encoding: str = "utf-8",
        name: str | None = None,
    ) -> None:
        layer = type(self).__name__
        output_mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        if output_mode not in MODES:
            raise ValueError(f"{layer}: output_mode is {output_mode!r}; expected one of {list(MODES)}")
        if output_mode != "int" and output_sequence_length is not None:
            raise ValueError(
                f"{layer}: output_sequence_length is for output_mode 'int'; found {output_mode!r}"
            )
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(f"{layer}: pad_to_max_tokens needs max_tokens")
        self.max_tokens, self.output_mode = max_tokens, output_mode
        self.output_sequence_length, self.pad_to_max_tokens = output_sequence_length, pad_to_max_tokens
        self.standardize, self.split, self.ngrams = standardize, split, ngrams
        self.encoding, self.name = encoding, name or "text_vectorization"
        self._special = [PADDING, UNKNOWN] if output_mode == "int" else [UNKNOWN]
        if max_tokens is not None and max_tokens <= len(self._special):
            raise ValueError(f"{layer}: max_tokens is {max_tokens}; expected more than {len(self._special)}")
        self._standardize = _tokens.chosen(layer, "standardize", standardize, _tokens.STANDARDS)
        self._split = _tokens.chosen(layer, "split", split, _tokens.SPLITS)
        self._sizes = _tokens.sizes_of(layer, ngrams)
        self._tokens: list[str] | None = None
        self._idf: Array | None = None
        if vocabulary is not None:
            given = [vocabulary] if isinstance(vocabulary, os.PathLike) else vocabulary
            if isinstance(vocabulary, (str, os.PathLike)):
                given = Path(vocabulary).read_text(encoding).splitlines()
            self.set_vocabulary(given, idf_weights)  # type: ignore[arg-type]

    def adapt(self, data: Iterable[Any]) -> None:
        """Learn the vocabulary from texts, in place of the one there is.

        Args:
            data: The texts, of any shape.
        """
        counts: Counter[str] = Counter()
        documents: Counter[str] = Counter()
        total = 0
        for text in np.ravel(np.asarray(data, object)):
            tokens = self._tokenize(text)
            counts.update(tokens)
            documents.update(set(tokens))
            total += 1
        del counts[PADDING], counts[UNKNOWN]
        ordered = sorted(counts, reverse=True)
        ordered.sort(key=lambda token: -counts[token])
        kept = ordered if self.max_tokens is None else ordered[: self.max_tokens - len(self._special)]
        weights = [math.log1p(total / (1 + documents[token])) for token in kept]
        self.set_vocabulary(kept, weights if self.output_mode == "tf_idf" else None)

    def set_vocabulary(self, vocabulary: Sequence[str], idf_weights: Sequence[float] | None = None) -> None:
        """Take these tokens, most frequent first, with or without the special ones before them.

        Args:
            vocabulary: The tokens.
            idf_weights: Their weights, for "tf_idf".

        Raises:
            ValueError: Tokens occur twice or are more than `max_tokens`; weights are missing or of another
                length.
        """
        layer, tokens = type(self).__name__, [str(token) for token in vocabulary]
        weights = None if idf_weights is None else np.asarray(idf_weights, np.float64)
        if (weights is None) == (self.output_mode == "tf_idf"):
            raise ValueError(
                f"{layer}: idf_weights belong to output_mode 'tf_idf', found {self.output_mode!r}"
            )
        if weights is not None and weights.shape != (len(tokens),):
            raise ValueError(f"{layer}: idf_weights {weights.shape}; expected ({len(tokens)},)")
        if tokens[: len(self._special)] == self._special:
            tokens = tokens[len(self._special) :]
            weights = None if weights is None else weights[len(self._special) :]
        twice = [token for token, count in Counter(tokens + self._special).items() if count > 1]
        if twice:
            raise ValueError(f"{layer}: vocabulary holds {twice[0]!r} twice, or as a special token")
        if self.max_tokens is not None and len(tokens) + len(self._special) > self.max_tokens:
            raise ValueError(
                f"{layer}: {len(tokens)} tokens and {len(self._special)} special ones; "
                f"max_tokens is {self.max_tokens}"
            )
        self._tokens = tokens
        self._ids = {token: i for i, token in enumerate(tokens, len(self._special))}
        if weights is not None:  # an unknown token weighs as much as tokens do on the average
            self._idf = np.concatenate([[weights.mean() if len(weights) else 1.0], weights])

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens in the order of their ids.

        Args:
            include_special_tokens: Whether with those that fill up and stand for unknown ones.
        """
        tokens = self._known()
        return [*self._special, *tokens] if include_special_tokens else list(tokens)

    def vocabulary_size(self) -> int:
        """The number of tokens with the special ones."""
        return len(self._known()) + len(self._special)

    def __call__(self, texts: Any) -> Array:
        """The texts as numbers.

        Args:
            texts: A text, or texts (N,) or (N, 1).

        Returns:
            int64 ids (N, T), or float32 vectors (N, tokens); without the first axis for a single text.

        Raises:
            RuntimeError: There is no vocabulary yet.
            ValueError: The texts have another shape.
        """
        self._known()
        given = np.asarray(texts, object)
        if given.ndim > 2 or (given.ndim == 2 and given.shape[1] != 1):
            raise ValueError(f"{type(self).__name__}: texts of shape {given.shape}; expected (N,) or (N, 1)")
        unknown = len(self._special) - 1
        ids = [[self._ids.get(t, unknown) for t in self._tokenize(text)] for text in np.ravel(given)]
        if self.output_mode == "int":
            result = pad_sequences(ids, self.output_sequence_length, "int64", "post", "post")
        else:
            result = self._vectors(ids)
        return result if given.ndim else result[0]

    def _vectors(self, ids: list[list[int]]) -> Array:
        size = self.max_tokens if self.pad_to_max_tokens and self.max_tokens else self.vocabulary_size()
        result = np.zeros((len(ids), size), np.float32)
        for row, numbers in zip(result, ids, strict=True):
            row += np.bincount(np.asarray(numbers, np.int64), minlength=size)
        if self.output_mode == "multi_hot":
            return np.minimum(result, 1.0)
        if self.output_mode == "tf_idf":
            assert self._idf is not None  # set with the vocabulary
            result[:, : len(self._idf)] *= self._idf
        return result

    def _tokenize(self, text: Any) -> list[str]:
        plain = text.decode(self.encoding) if isinstance(text, bytes) else text
        if not isinstance(plain, str):
            raise TypeError(f"{type(self).__name__}: found a {type(text).__name__}; expected texts")
        standard = plain if self._standardize is None else self._standardize(plain)
        tokens = [standard] if self._split is None else self._split(standard)
        return _tokens.with_ngrams(tokens, self._sizes)

    def _known(self) -> list[str]:
        if self._tokens is None:
            raise RuntimeError(f"{type(self).__name__}: no vocabulary yet; call adapt() or give one")
        return self._tokens

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one like this, as JSON can hold them.

        Raises:
            ValueError: `standardize` or `split` is a function, which no file holds.
        """
        for argument in ("standardize", "split"):
            if callable(getattr(self, argument)):
                raise ValueError(f"{type(self).__name__}: {argument} is a function, which cannot be saved")
        names = ("max_tokens", "standardize", "split", "ngrams", "output_mode", "output_sequence_length")
        config = {name: getattr(self, name) for name in (*names, "pad_to_max_tokens", "encoding", "name")}
        weights = None if self._idf is None else self._idf[1:].tolist()
        return {**config, "vocabulary": self._tokens, "idf_weights": weights}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TextVectorization:
        """One made of what `get_config` gave."""
        return cls(**config)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write arguments and vocabulary as JSON, a file that appears whole or not at all.

        Raises:
            ValueError: `standardize` or `split` is a function, which no file holds.
        """
        content = {"format": FORMAT, "version": 1, "config": self.get_config()}
        text = json.dumps(content, ensure_ascii=False, indent=1).encode()
        write_atomically(path, lambda file: file.write(text))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TextVectorization:
        """Read what `save` wrote; nothing in the file is run.

        Raises:
            FileNotFoundError: The file does not exist.
            ValueError: It is no such file.
        """
        file = Path(path)
        if file.stat().st_size > LARGEST_FILE:
            raise ValueError(f"{file} is larger than the {LARGEST_FILE} bytes expected at most")
        try:
            content = json.loads(file.read_text("utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"{file} is no JSON: {error}") from None
        if not isinstance(content, dict) or content.get("format") != FORMAT or content.get("version") != 1:
            raise ValueError(f"{file} is none of {FORMAT}, version 1")
        try:
            return cls.from_config(_checked(content["config"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file} is damaged: {error}") from error


def _checked(config: Any) -> dict[str, Any]:
    """A config whose vocabulary is a list of texts: a text there would be read as the name of a file."""
    if not isinstance(config, dict) or not isinstance(config.get("vocabulary"), (list, type(None))):
        raise ValueError("config holds no list of tokens")
    tokens = config["vocabulary"] or []
    if not all(isinstance(token, str) for token in tokens):
        raise ValueError("vocabulary holds something else than texts")
    return config
