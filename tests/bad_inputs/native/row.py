"""A row of the compiled functions, called past the checks of `foldgate.ops`."""

from __future__ import annotations

from typing import Any

from bad_inputs.rows import Row

SIGNATURE = "incompatible function arguments"


def native_row(name: str, function: Any, error: type[Exception], words: str, *values: Any) -> Row:
    return Row(f"_native.{function.__name__}: {name}", lambda: function(*values), {}, error, (words,))
