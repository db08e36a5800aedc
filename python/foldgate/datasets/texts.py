"""Texts with labels: a folder a class, JSON lines, columns of a table; pairs of lines for translation."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._files import PathLike, existing, read_text

Labels = np.ndarray[Any, np.dtype[np.int64]]


def load_folder(
    path: PathLike, class_names: Sequence[str] | None = None, pattern: str = "*.txt", encoding: str = "utf-8"
) -> tuple[list[str], Labels, list[str]]:
    """Read texts that lie in one folder a class.

    Args:
        path: The folder of folders, as it is or below FOLDGATE_DATA or `~/.keras/datasets`.
        class_names: The folders to read, in the order of their labels; None for all, by name.
        pattern: Which of their files are texts.
        encoding: Of the texts.

    Returns:
        `texts, labels, class_names`; files of a class come by name.

    Raises:
        FileNotFoundError: The folder, or that of a class, does not exist.
        ValueError: It holds no text, or one in another encoding.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name, text in [("bad", "dull"), ("good", "bright")]:
        ...         (pathlib.Path(folder) / name).mkdir()
        ...         _ = (pathlib.Path(folder) / name / "1.txt").write_text(text)
        ...     load_folder(folder)
        (['dull', 'bright'], array([0, 1]), ['bad', 'good'])
    """
    folder = existing("texts", path)
    names = list(class_names or sorted(child.name for child in folder.iterdir() if child.is_dir()))
    missing = [name for name in names if not (folder / name).is_dir()]
    if missing:
        raise FileNotFoundError(f"texts: {folder} has no folder {missing[0]} of class_names {names}")
    files = [
        (file, label) for label, name in enumerate(names) for file in sorted((folder / name).glob(pattern))
    ]
    if not files:
        raise ValueError(f"texts: {folder} has no files {pattern} in its folders {names}")
    texts = [read_text(file, encoding) for file, _ in files]
    return texts, np.array([label for _, label in files], np.int64), names


def load_jsonl(path: PathLike, text: str = "text", label: str = "label") -> tuple[list[str], Labels]:
    """Read texts and their labels from a file of one JSON object a line, plain or gzip.

    Args:
        path: The file, as it is or below FOLDGATE_DATA or `~/.keras/datasets`.
        text: Key of the text.
        label: Key of the label, a whole number.

    Returns:
        `texts, labels`.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: A line is no such object; the message gives its number.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w") as file:
        ...     print('{"text": "bright", "label": 1}', file=file, flush=True)
        ...     load_jsonl(file.name)
        (['bright'], array([1]))
    """
    file = existing("texts", path)
    texts, labels = [], []
    for number, line in enumerate(io.StringIO(read_text(file)), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"{file}, line {number}: no JSON: {error}") from None
        if not (
            isinstance(entry, dict) and isinstance(entry.get(text), str) and type(entry.get(label)) is int
        ):
            raise ValueError(
                f"{file}, line {number}: expected an object with a text {text!r} and a number {label!r}"
            )
        texts.append(entry[text])
        labels.append(entry[label])
    return texts, np.array(labels, np.int64)


def load_table(
    path: PathLike,
    text: int = 1,
    label: int = 0,
    delimiter: str = "\t",
    header: bool = False,
    class_names: Sequence[str] | None = None,
    encoding: str = "utf-8",
) -> tuple[list[str], Labels, list[str]]:
    """Read texts and the names of their classes from two columns of a file.

    Args:
        path: The file, plain or gzip, as it is or below FOLDGATE_DATA or `~/.keras/datasets`.
        text: Column of the text, from 0.
        label: Column of the class's name.
        delimiter: Between columns. With a tab, quotes are plain characters; else they hold columns together.
        header: Whether the first line names the columns, and is left out.
        class_names: The classes in the order of their labels; None for all that occur, by name.
        encoding: Of the file.

    Returns:
        `texts, labels, class_names`.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: A line has fewer columns, or a class that `class_names` does not name.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w") as file:
        ...     print("ham\\tSee you at six\\nspam\\tYou won", file=file, flush=True)
        ...     load_table(file.name)
        (['See you at six', 'You won'], array([0, 1]), ['ham', 'spam'])
    """
    file = existing("texts", path)
    quoting: Any = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    reader = csv.reader(
        io.StringIO(read_text(file, encoding), newline=""), delimiter=delimiter, quoting=quoting
    )
    rows = []
    for row in reader:
        if row and len(row) <= max(text, label):
            raise ValueError(
                f"{file}, line {reader.line_num}: {len(row)} columns; expected {max(text, label) + 1}"
            )
        rows += [row] if row else []
    rows = rows[1:] if header else rows
    names = list(class_names or sorted({row[label] for row in rows}))
    numbers = {name: i for i, name in enumerate(names)}
    unknown = next((row[label] for row in rows if row[label] not in numbers), None)
    if unknown is not None:
        raise ValueError(f"{file}: class {unknown!r}; expected one of {names}")
    return [row[text] for row in rows], np.array([numbers[row[label]] for row in rows], np.int64), names


def load_pairs(first: PathLike, second: PathLike, encoding: str = "utf-8") -> list[tuple[str, str]]:
    """Read two files whose lines belong together, such as sentences and their translations.

    Args:
        first: A file, plain or gzip, as it is or below FOLDGATE_DATA or `~/.keras/datasets`.
        second: The other.
        encoding: Of both.

    Returns:
        One pair a line.

    Raises:
        FileNotFoundError: A file does not exist.
        ValueError: They have other numbers of lines, or another encoding.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     english, french = pathlib.Path(folder) / "en", pathlib.Path(folder) / "fr"
        ...     _ = english.write_text("a dog\\n"), french.write_text("un chien\\n")
        ...     load_pairs(english, french)
        [('a dog', 'un chien')]
    """
    lines = [_lines(existing("texts", path), encoding) for path in (first, second)]
    if len(lines[0]) != len(lines[1]):
        raise ValueError(
            f"{first} has {len(lines[0])} lines and {second} has {len(lines[1])}; expected as many"
        )
    return list(zip(*lines, strict=True))


def _lines(file: Path, encoding: str) -> list[str]:
    # By newlines alone: str.splitlines would also cut at the separators that occur within sentences.
    text = read_text(file, encoding).replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n") if text else []
