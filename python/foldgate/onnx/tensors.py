"""Tensors of a model file as arrays, each checked before anything is allocated for it."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path
from typing import Any

from foldgate.onnx._package import onnx_package
from foldgate.onnx.graph import Array

_EXTERNAL = 1  # TensorProto.EXTERNAL
_STRING = 8  # TensorProto.STRING
# Where a tensor without raw data keeps its values, and how many entries a value takes there.
_FIELDS = {1: "float_data", 7: "int64_data", 8: "string_data", 11: "double_data", 12: "uint64_data"}
_FIELDS |= {13: "uint64_data", 14: "float_data", 15: "double_data"}
_PAIRS = {14, 15}  # complex
_HALVES = {21, 22, 23}  # four bits a value: UINT4, INT4, FLOAT4E2M1
_QUARTERS = {25, 26}  # two bits a value


def _bits(data_type: int, label: str) -> int:
    if data_type in _HALVES:
        return 4
    if data_type in _QUARTERS:
        return 2
    try:
        dtype = onnx_package("helper").tensor_dtype_to_np_dtype(data_type)
    except KeyError:
        raise ValueError(f"{label} has data type {data_type}; expected one that onnx knows") from None
    return int(dtype.itemsize) * 8


def _count(tensor: Any, label: str) -> int:
    dims = tuple(tensor.dims)
    if any(extent < 0 for extent in dims):
        raise ValueError(f"{label} has dims {dims}; expected none below 0")
    count: int = prod(dims)
    if count >= 2**60:
        raise ValueError(f"{label} has dims {dims}; expected fewer than 2**60 values")
    return count


def _external_bytes(tensor: Any, folder: Path | None, expected: int, label: str) -> bytes:
    """The bytes of a tensor that stands in a file beside the model."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    if folder is None:
        raise ValueError(
            f"{label} is in an external file {location!r}; expected a model that is loaded by its path"
        )
    path = _inside(folder, location, label)
    entries.setdefault("length", str(expected))
    offset, length = (_number(entries, key, label) for key in ("offset", "length"))
    size = path.stat().st_size
    if offset > size or length > size - offset:
        raise ValueError(
            f"{label}: external data is {length} bytes at {offset} of {location!r}; the file has {size}"
        )
    if length != expected:
        raise ValueError(f"{label}: external data has {length} bytes; its dims and type take {expected}")
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(length)
    if len(data) != length:
        raise ValueError(f"{label}: external file {location!r} ended early")
    return data


def _inside(folder: Path, location: str, label: str) -> Path:
    """The external file's path, which must stay in the model's folder, symbolic links followed."""
    refusal = f"{label}: external data is at {location!r}; expected a file inside the model's folder"
    parts = location.replace("\\", "/").split("/")
    if not location or "\0" in location or ".." in parts or os.path.isabs(location) or ":" in parts[0]:
        raise ValueError(refusal)
    root = folder.resolve()
    path = (root / location).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise ValueError(refusal)
    return path


def _number(entries: dict[str, str], key: str, label: str) -> int:
    text = entries.get(key, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise ValueError(f"{label}: external data has {key} {text!r}; expected a number of bytes from 0 on")
    return int(text)


def array_from(tensor: Any, folder: Path | None = None, label: str | None = None) -> Array:
    """A TensorProto as an array.

    Args:
      tensor: the TensorProto.
      folder: the model's folder, for external data; None where there is none.
      label: what errors call it; None takes its name.

    Raises:
      ValueError: its dims, its type and its data do not fit each other; its external data is not in the
        folder.
    """
    label = label or f"tensor {tensor.name!r}"
    bits, count = 0 if tensor.data_type == _STRING else _bits(tensor.data_type, label), _count(tensor, label)
    expected = -(-count * bits // 8)
    if tensor.data_location == _EXTERNAL:
        copy = type(tensor)()
        copy.CopyFrom(tensor)
        copy.ClearField("external_data")
        copy.data_location = 0
        copy.raw_data = _external_bytes(tensor, folder, expected, label)
        tensor = copy
    elif tensor.HasField("raw_data"):
        if len(tensor.raw_data) != expected or tensor.data_type == _STRING:
            raise ValueError(
                f"{label} has {len(tensor.raw_data)} bytes of raw_data; its dims {tuple(tensor.dims)} and "
                f"type take {expected}"
            )
    else:
        _check_entries(tensor, count, bits, label)
    return onnx_package("numpy_helper").to_array(tensor)  # type: ignore[no-any-return]


def _check_entries(tensor: Any, count: int, bits: int, label: str) -> None:
    field = _FIELDS.get(tensor.data_type, "int32_data")
    found = len(getattr(tensor, field))
    wanted = 2 * count if tensor.data_type in _PAIRS else -(-count * bits // 8) if 0 < bits < 8 else count
    if found != wanted:
        raise ValueError(
            f"{label} has {found} values in {field}; its dims {tuple(tensor.dims)} take {wanted}"
        )
