"""Time series from CSV files: columns as numbers, gaps filled, windows cut."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._files import PathLike, existing, read_text

Numbers = np.ndarray[Any, np.dtype[np.float64]]
MISSING = ("", "NA", "NaN", "nan", "null")


def load_csv(
    path: PathLike,
    columns: Sequence[str] | None = None,
    delimiter: str | None = None,
    order_by: str | None = None,
    missing: Sequence[str] = MISSING,
    encoding: str = "utf-8",
) -> tuple[Numbers, list[str]]:
    """Read columns of numbers from a table whose first line names them.

    Args:
        path: The file, plain or gzip, as it is or below FOLDGATE_DATA or `~/.keras/datasets`.
        columns: Which to read; None for all whose every value is a number or missing.
        delimiter: Between columns; None for the one of `, ; tab` that the first line has most of.
        order_by: A column, of dates in ISO form or of numbers, that the rows are sorted by; None keeps them.
        missing: What stands for a missing value, which becomes NaN.
        encoding: Of the file.

    Returns:
        float64 values (rows, columns), and the columns' names.

    Raises:
        FileNotFoundError: The file does not exist.
        ValueError: A column is not there, or a row of another length, or a value of a column asked for is no
            number.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w") as file:
        ...     print("day,wind,temperature\\n1,NW,20.5\\n2,S,NA", file=file, flush=True)
        ...     load_csv(file.name)
        (array([[ 1. , 20.5],
               [ 2. ,  nan]]), ['day', 'temperature'])
    """
    file = existing("series", path)
    header, rows = _table(file, read_text(file, encoding).removeprefix("\ufeff"), delimiter)
    if order_by is not None:
        rows = _ordered(rows, _column(file, header, order_by), set(missing))
    if columns is None:
        chosen = [i for i in range(len(header)) if _is_numeric(rows, i, set(missing))]
    else:
        chosen = [_column(file, header, name) for name in columns]
    if not chosen or not rows:
        raise ValueError(f"{file}: {len(rows)} rows and {len(chosen)} columns of numbers")
    values = np.stack([_numbers(file, header, rows, i, set(missing)) for i in chosen], axis=1)
    return values, [header[i] for i in chosen]


def fill_gaps(values: Any) -> Numbers:
    """Replace NaN by the straight line between its neighbours in time, and at the ends by the nearest value.

    Args:
        values: (T,) or (T, columns).

    Returns:
        A copy without NaN.

    Raises:
        ValueError: A column holds nothing but NaN.

    Example:
        >>> fill_gaps([float("nan"), 1.0, float("nan"), 3.0]).tolist()
        [1.0, 1.0, 2.0, 3.0]
    """
    result = np.array(values, np.float64)
    table = result[:, None] if result.ndim == 1 else result
    steps = np.arange(len(table))
    for i in range(table.shape[1]):
        known = ~np.isnan(table[:, i])
        if not known.any():
            raise ValueError(f"fill_gaps: column {i} holds nothing but NaN")
        table[:, i] = np.interp(steps, steps[known], table[known, i])
    return result


def forecast_windows(values: Any, targets: Any, length: int, horizon: int = 1) -> tuple[Numbers, Numbers]:
    """Windows of a series, and what comes `horizon` steps after the end of each.

    Args:
        values: (T, D) or (T,), which is taken as (T, 1).
        targets: (T, ...), at the same times.
        length: Steps of a window.
        horizon: Steps from a window's last to its target's.

    Returns:
        Windows (N, length, D) with N = T - length - horizon + 1, and targets (N, ...).

    Raises:
        ValueError: There are too few steps for a window, or fewer targets than steps.

    Example:
        >>> x, y = forecast_windows([1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0], length=2)
        >>> x[..., 0].tolist(), y.tolist()
        ([[1.0, 2.0], [2.0, 3.0]], [30.0, 40.0])
    """
    x, y = np.asarray(values), np.asarray(targets)
    x = x[:, None] if x.ndim == 1 else x
    if length < 1 or horizon < 0:
        raise ValueError(
            f"forecast_windows: length {length} and horizon {horizon}; expected at least 1 and 0"
        )
    if x.ndim != 2 or y.shape[:1] != x.shape[:1]:
        raise ValueError(
            f"forecast_windows: values {x.shape} and targets {y.shape}; expected (T, D) and (T, ...)"
        )
    count = len(x) - length - horizon + 1
    if count < 1:
        raise ValueError(
            f"forecast_windows: {len(x)} steps; expected at least length {length} + horizon {horizon}"
        )
    windows = np.lib.stride_tricks.sliding_window_view(x, length, axis=0)[:count]  # (N, D, length)
    return np.ascontiguousarray(windows.swapaxes(1, 2)), y[length + horizon - 1 :].copy()


def _table(file: Path, text: str, delimiter: str | None) -> tuple[list[str], list[list[str]]]:
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or max(",;\t", key=first.count))
    header = next(reader, [])
    rows = []
    for row in reader:
        if row and len(row) != len(header):
            raise ValueError(f"{file}, line {reader.line_num}: {len(row)} columns; expected {len(header)}")
        rows += [row] if row else []
    return header, rows


def _column(file: Path, header: list[str], name: str) -> int:
    if name not in header:
        raise ValueError(f"{file}: no column {name!r}; expected one of {header}")
    return header.index(name)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_numeric(rows: list[list[str]], column: int, missing: set[str]) -> bool:
    values = [row[column] for row in rows if row[column] not in missing]
    return bool(values) and all(map(_is_number, values))


def _numbers(file: Path, header: list[str], rows: list[list[str]], column: int, missing: set[str]) -> Numbers:
    try:
        return np.array([np.nan if row[column] in missing else float(row[column]) for row in rows])
    except ValueError as error:
        raise ValueError(f"{file}, column {header[column]!r}: {error}") from None


def _ordered(rows: list[list[str]], column: int, missing: set[str]) -> list[list[str]]:
    """Rows by a column of numbers, or of dates in ISO form, whose order is that of their text."""
    if _is_numeric(rows, column, missing):
        return sorted(rows, key=lambda row: float("inf") if row[column] in missing else float(row[column]))
    return sorted(rows, key=lambda row: row[column])
