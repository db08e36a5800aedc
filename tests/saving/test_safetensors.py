"""safetensors files by themselves: what is written is read, and what is wrong is refused, whatever it is."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foldgate.saving import _safetensors

KINDS = ["?", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"]

SMALL = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.array(7, "i8"), "c": np.empty((0, 3), "f8")}


@pytest.mark.parametrize("kind", KINDS)
def test_safetensors_there_and_back(kind, rng):
    arrays = {
        "x": rng.integers(0, 2, (3, 4)).astype(kind),
        "transposed": rng.integers(0, 2, (3, 4)).astype(kind).T,
        "big-endian": np.arange(2).astype(np.dtype(kind).newbyteorder(">")),
        "scalar": np.zeros((), kind),
        "empty": np.zeros((0, 5), kind),
    }
    content = _safetensors.write_safetensors(arrays, {"für": "alle"})
    read, metadata = _safetensors.read_safetensors(content, "x")
    assert metadata == {"für": "alle"} and set(read) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == np.dtype(kind) and read[name].flags.writeable


def test_safetensors_is_what_the_library_reads():
    from safetensors.numpy import load, save

    content = _safetensors.write_safetensors(SMALL, {})
    for name, array in load(content).items():
        np.testing.assert_array_equal(array, SMALL[name])
    read, _ = _safetensors.read_safetensors(save(SMALL, {"a": "b"}), "x")
    for name, array in read.items():
        np.testing.assert_array_equal(array, SMALL[name])


def test_safetensors_cut_short_at_every_byte():
    content = _safetensors.write_safetensors(SMALL, {"a": "b"})
    for size in range(len(content)):
        with pytest.raises(ValueError, match="x"):
            _safetensors.read_safetensors(content[:size], "x")
    with pytest.raises(ValueError, match="belong to no array"):
        _safetensors.read_safetensors(content + b"\0", "x")


def header(entries: object, body: bytes = b"") -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + body


ENTRY = {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}

WRONG = {
    "header beyond the file": struct.pack("<Q", 100) + b"{}",
    "header of 2^64 - 1 bytes": b"\xff" * 8 + b"{}",
    "header no JSON": header(b"{'a'}"),
    "header no object": header([1]),
    "header nested": header(b"[" * 100_000),
    "header not UTF-8": header(b'{"\xff": 1}'),
    "name twice": header(b'{"a":%s,"a":%s}' % ((json.dumps(ENTRY).encode(),) * 2), b"xx"),
    "overlap": header({"a": ENTRY, "b": {**ENTRY, "data_offsets": [1, 3]}}, b"xxx"),
    "same place": header({"a": ENTRY, "b": ENTRY}, b"xx"),
    "hole at the beginning": header({"a": {**ENTRY, "data_offsets": [1, 3]}}, b"xxx"),
    "hole between": header({"a": ENTRY, "b": {**ENTRY, "data_offsets": [3, 5]}}, b"xxxxx"),
    "bytes at the end": header({"a": ENTRY}, b"xxx"),
    "beyond the end": header({"a": ENTRY}, b"x"),
    "shape larger than the span": header({"a": {**ENTRY, "shape": [3]}}, b"xx"),
    "shape negative": header({"a": {**ENTRY, "shape": [-2]}}, b"xx"),
    "shape float": header({"a": {**ENTRY, "shape": [2.0]}}, b"xx"),
    "shape bool": header({"a": {**ENTRY, "shape": [True, 2]}}, b"xx"),
    "shape overflows": header({"a": {**ENTRY, "shape": [2**62, 2**62, 4]}}, b"xx"),
    "shape of 2^64": header({"a": {**ENTRY, "shape": [2**64, 0], "data_offsets": [0, 0]}}, b""),
    "rank 100": header({"a": {**ENTRY, "shape": [2] + [1] * 99}}, b"xx"),
    "no shape": header({"a": {"dtype": "U8", "data_offsets": [0, 2]}}, b"xx"),
    "one key too many": header({"a": {**ENTRY, "extra": 1}}, b"xx"),
    "offsets backwards": header({"a": {**ENTRY, "data_offsets": [2, 0]}}, b"xx"),
    "three offsets": header({"a": {**ENTRY, "data_offsets": [0, 1, 2]}}, b"xx"),
    "dtype unknown": header({"a": {**ENTRY, "dtype": "O"}}, b"xx"),
    "dtype BF16": header({"a": {**ENTRY, "dtype": "BF16", "shape": [1]}}, b"xx"),
    "dtype a list": header({"a": {**ENTRY, "dtype": ["U8"]}}, b"xx"),
    "entry a number": header({"a": 1}),
    "metadata a list": header({"__metadata__": [1]}),
    "metadata of numbers": header({"__metadata__": {"a": 1}}),
}


@pytest.mark.parametrize("name", WRONG)
def test_safetensors_refuses(name):
    with pytest.raises(ValueError, match=r"^some\.safetensors"):
        _safetensors.read_safetensors(WRONG[name], "some.safetensors")


def test_safetensors_header_beyond_the_format():
    content = struct.pack("<Q", 100_000_001) + b" " * 100_000_001
    with pytest.raises(ValueError, match="no safetensors file"):
        _safetensors.read_safetensors(content, "x")


def test_safetensors_refuses_objects():
    for array in (np.array([None]), np.array(["a"]), np.array([1j])):
        with pytest.raises(ValueError, match="x has dtype"):
            _safetensors.write_safetensors({"x": array}, {})


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_safetensors_of_changed_bytes(data):
    content = bytearray(_safetensors.write_safetensors(SMALL, {"a": "b"}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        _safetensors.read_safetensors(bytes(content), "x")
    except ValueError as error:
        assert str(error).startswith("x")
