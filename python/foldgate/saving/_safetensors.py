"""safetensors: a JSON header, then the arrays' bytes. Nothing in it can be code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

DTYPES = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype(np.uint8),
    "I8": np.dtype(np.int8),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "F16": np.dtype("<f2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "F32": np.dtype("<f4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F64": np.dtype("<f8"),
}
LARGEST_HEADER = 100_000_000  # bytes: the format's own limit


def write_safetensors(arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """The bytes of a file.

    Args:
        arrays: By name; of bools, whole numbers or floats.
        metadata: Texts by name.

    Raises:
        ValueError: An array has another dtype.
    """
    from safetensors.numpy import save  # here: it takes longer to import than all of foldgate's saving

    for name, array in arrays.items():
        if array.dtype.newbyteorder("<") not in DTYPES.values():
            raise ValueError(f"{name} has dtype {array.dtype}; expected bools, whole numbers or floats")
    little = {name: np.array(a, a.dtype.newbyteorder("<"), order="C") for name, a in arrays.items()}
    return save(little, dict(metadata))


def read_safetensors(content: bytes, what: str) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and the metadata of a file's bytes.

    Every byte is accounted for: arrays lie one behind the other, from the header's end to the file's.

    Args:
        content: The bytes.
        what: The file's name, for errors.

    Raises:
        ValueError: The bytes are no such file, are cut short, or the header contradicts them.
    """
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or size > min(LARGEST_HEADER, len(content) - 8):
        raise ValueError(f"{what} is no safetensors file, or is cut short: {len(content)} bytes")
    header = _header(content[8 : 8 + size], what)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError(f"{what}: the metadata holds something else than texts")
    body = memoryview(content)[8 + size :]
    entries = sorted(((_span(entry, name, what), name) for name, entry in header.items()), key=_begin)
    arrays, end = {}, 0
    for (begin, stop, dtype, shape), name in entries:
        if begin != end or stop > len(body):
            raise ValueError(
                f"{what}: {name} lies at {begin} .. {stop}; expected from {end} on, to {len(body)}"
            )
        arrays[name] = np.frombuffer(body[begin:stop], dtype).reshape(shape).copy()
        end = stop
    if end != len(body):
        raise ValueError(f"{what}: {len(body) - end} bytes belong to no array")
    return {name: arrays[name] for name in header}, metadata


Span = tuple[int, int, "np.dtype[Any]", tuple[int, ...]]


def _begin(entry: tuple[Span, str]) -> tuple[int, int]:
    return entry[0][:2]


def _header(content: bytes, what: str) -> dict[str, Any]:
    try:
        header = json.loads(content, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{what}: the header is no JSON: {error}") from None
    if not isinstance(header, dict):
        raise ValueError(f"{what}: the header is no JSON object")
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name is there twice")
    return result


def _span(entry: Any, name: str, what: str) -> Span:
    """Where an array lies, its dtype and shape, which say the same about its size."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{what}: {name} has no dtype, shape and data_offsets")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not (_counts(shape) and _counts(offsets) and len(offsets) == 2 and len(shape) <= 32):
        raise ValueError(f"{what}: {name} has shape {shape!r} and data_offsets {offsets!r}")
    dtype = DTYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if dtype is None:
        raise ValueError(f"{what}: {name} has dtype {entry['dtype']!r}; expected one of {list(DTYPES)}")
    size = dtype.itemsize
    for extent in shape:
        size *= extent
    if offsets[1] - offsets[0] != size:
        raise ValueError(f"{what}: {name} lies at {offsets}; its dtype and shape {shape} take {size} bytes")
    return offsets[0], offsets[1], dtype, tuple(shape)


def _counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 1 << 63 for value in values)
