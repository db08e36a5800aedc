"""The files' formats by themselves: what is written is read, and what is wrong is refused, whatever it is."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foldgate.saving import _archive, _atomic, _h5, _safetensors

h5py = pytest.importorskip("h5py")

KINDS = ["?", "u1", "i1", "u2", "i2", "f2", "u4", "i4", "f4", "u8", "i8", "f8"]
SMALL = {"a": np.arange(6, dtype="f4").reshape(2, 3), "b": np.array(7, "i8"), "c": np.empty((0, 3), "f8")}


# --- safetensors ---


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


# --- .keras archives ---


def archive(path: Path, members: dict[str, bytes], **options: object) -> Path:
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


GOOD = {"metadata.json": b"{}", "config.json": b'{"a": [1]}', "model.weights.h5": b"weights"}


def test_archives_there_and_back(tmp_path):
    path = tmp_path / "x.keras"
    with path.open("wb") as file:
        _archive.write_archive(file, {"b": 2}, {"a": [1]}, b"weights")
    assert _archive.read_archive(path) == ({"a": [1]}, b"weights")
    archive(path, GOOD, compression=zipfile.ZIP_DEFLATED)
    assert _archive.read_archive(path) == ({"a": [1]}, b"weights")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "..\\x", "C:\\x", "\\\\host\\x"])
def test_archives_with_names_outside(tmp_path, name):
    path = archive(tmp_path / "x.keras", {**GOOD, name: b""})
    with pytest.raises(ValueError, match="lies outside"):
        _archive.read_archive(path)


def test_archives_with_links_and_twins(tmp_path):
    path = tmp_path / "x.keras"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in GOOD.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK if name == "model.weights.h5" else stat.S_IFREG) << 16
            file.writestr(info, content)
    with pytest.raises(ValueError, match=r"'model\.weights\.h5' is a link"):
        _archive.read_archive(path)
    with zipfile.ZipFile(path, "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        for name in [*GOOD, "config.json"]:
            file.writestr(name, GOOD[name])
    with pytest.raises(ValueError, match="there twice"):
        _archive.read_archive(path)


def test_archives_that_are_bombs(tmp_path):
    path = tmp_path / "x.keras"
    big = b" " * (_archive.LARGEST_CONFIG + 1)
    archive(path, {**GOOD, "config.json": big}, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match=r"config\.json says it holds 134217729"):
        _archive.read_archive(path)
    archive(path, GOOD)
    content = bytearray(path.read_bytes())  # 4 GB of weights, says the directory
    place = content.rindex(b"model.weights.h5") - 46 + 24
    content[place : place + 4] = b"\xfe\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="says it holds 4294967294"):
        _archive.read_archive(path)
    archive(path, {f"{i}": b"" for i in range(10_001)})
    with pytest.raises(ValueError, match="10001 members"):
        _archive.read_archive(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config.json": None}, r"expected a member config\.json"),
        ({"model.weights.h5": None}, r"expected a member model\.weights\.h5"),
        ({"config.json": b"{"}, "is no JSON"),
        ({"config.json": b"\xff"}, "is no JSON"),
        ({"config.json": b"[" * 1_000_000}, "is no JSON"),
    ],
)
def test_archives_with_wrong_members(tmp_path, change, words):
    members = {name: content for name, content in {**GOOD, **change}.items() if content is not None}
    with pytest.raises(ValueError, match=words):
        _archive.read_archive(archive(tmp_path / "x.keras", members))


def test_archives_of_other_methods(tmp_path):
    path = archive(tmp_path / "x.keras", GOOD, compression=zipfile.ZIP_BZIP2)
    with pytest.raises(ValueError, match="packed by method 12"):
        _archive.read_archive(path)


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_with_any_byte_changed_or_cut(tmp_path, rng, packed):
    path = archive(tmp_path / "x.keras", GOOD, compression=packed)
    good = path.read_bytes()
    for position in range(len(good)):
        changed = bytearray(good)
        changed[position] ^= int(rng.integers(1, 256))
        for content in (changed, good[:position]):
            path.write_bytes(content)
            try:
                config, weights = _archive.read_archive(path)
            except ValueError as error:
                assert str(path) in str(error)
            else:  # what was changed is nobody's loss: a date, a comment's length, an attribute
                assert config == {"a": [1]} and weights == b"weights"


# --- HDF5 ---


def h5(tmp_path: Path, fill: object) -> bytes:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        fill(file.create_group("layers/dense/vars"))  # type: ignore[operator]
    return path.read_bytes()


def read(content: bytes) -> dict[str, np.ndarray]:
    with _h5.open_h5(content, "x.h5") as source:
        return dict(source.get("layers/dense"))


def test_h5_there_and_back(rng):
    arrays = {
        "0": rng.standard_normal((3, 4)).astype("f4"),
        "1": np.array(3, "i4"),
        "2": np.zeros((0, 2), "f8"),
    }
    content = _h5.write_h5({"": {}, "layers/dense": arrays, "layers/flatten": {}}, {"layers/dense": "mine"})
    with _h5.open_h5(content, "x") as source:
        for key, array in source.get("layers/dense").items():
            np.testing.assert_array_equal(array, arrays[key])
            assert array.dtype == arrays[key].dtype
        assert source.get("layers/flatten") == {} and source.get("layers/nowhere/else") == {}
        assert source.get("") == {}
    with h5py.File(io.BytesIO(content)) as file:
        assert file["layers/dense/vars"].attrs["name"] == "mine"


def test_h5_reads_what_others_pack(tmp_path, rng):
    array = rng.standard_normal((100, 30))
    for options in (
        {"compression": "gzip", "shuffle": True},
        {"compression": "lzf"},
        {"fletcher32": True},
        {"chunks": (7, 7)},
    ):
        content = h5(tmp_path, lambda group, o=options: group.create_dataset("0", data=array, **o))
        np.testing.assert_array_equal(read(content)["0"], array)


def external_link(group):
    group["0"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(group):
    group["1"] = np.zeros(3)
    group["0"] = h5py.SoftLink("/layers/dense/vars/1")


def virtual(group):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "data", (3,))
    group.create_virtual_dataset("0", layout)


def kept_elsewhere(group):
    group.create_dataset("0", (3,), "f4", external=[("/etc/passwd", 0, 12)])


def bomb(group):
    group.create_dataset(
        "0", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024), compression="gzip", fillvalue=1.0
    )


def contiguous_bomb(group):
    group.create_dataset("0", (1 << 40,), "f4")


def texts(group):
    group["0"] = ["a", "b"]


def fields(group):
    group["0"] = np.zeros(3, [("a", "f4")])


def references(group):
    group["0"] = group.ref


def nothing(group):
    group["0"] = h5py.Empty("f4")


def group_for_array(group):
    group.create_group("0")


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (external_link, "is a link"),
        (soft_link, "is a link"),
        (virtual, "kept in another file"),
        (kept_elsewhere, "kept in another file"),
        (bomb, "says it holds 4398046511104 bytes, and 0"),
        (contiguous_bomb, "says it holds 4398046511104 bytes, and 0"),
        (texts, "expected numbers"),
        (fields, "expected numbers"),
        (references, "expected numbers"),
        (nothing, "expected numbers"),
        (group_for_array, "is a Group"),
    ],
)
def test_h5_refuses(tmp_path, fill, words):
    with pytest.raises(ValueError, match=rf"^x\.h5.*{words}"):
        read(h5(tmp_path, fill))


def test_h5_links_on_the_way(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.create_group("real/dense/vars")["0"] = np.zeros(3)
        file["layers"] = h5py.SoftLink("/real")
    with pytest.raises(ValueError, match="/layers is a link"):
        read(path.read_bytes())


def test_h5_of_another_filter(tmp_path):
    content = h5(tmp_path, lambda group: group.create_dataset("0", data=np.zeros(99), scaleoffset=2))
    with pytest.raises(ValueError, match=r"filters \[6\]"):
        read(content)


def test_h5_without_h5py(monkeypatch):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(_h5, "import_module", missing)
    with pytest.raises(ImportError, match=r"foldgate\[keras-files\]"):
        _h5.write_h5({}, {})


# --- writing ---


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "x"
    _atomic.write_atomically(path, lambda file: file.write(b"first"))
    assert path.read_bytes() == b"first" and os.listdir(tmp_path) == ["x"]

    def failing(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    def doubting(temporary):
        raise OSError(5, "Input/output error")

    for write, verify in ((failing, None), (lambda file: file.write(b"bad"), doubting)):
        with pytest.raises(OSError, match=r"No space|Input"):
            _atomic.write_atomically(path, write, verify)
        assert path.read_bytes() == b"first" and os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("call", ["open", "fdopen", "fsync", "replace"])
def test_each_call_may_fail(tmp_path, monkeypatch, call):
    path = tmp_path / "x"
    path.write_bytes(b"first")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space"):
        _atomic.write_atomically(path, lambda file: file.write(b"second"))
    monkeypatch.undo()
    assert path.read_bytes() == b"first" and os.listdir(tmp_path) == ["x"]


def test_a_disk_that_is_full(tmp_path):
    with pytest.raises(OSError, match="No space left"), open("/dev/full", "wb") as file:
        file.write(b"x")
        file.flush()  # this is how the kernel says it
    path = tmp_path / "x"
    path.write_bytes(b"first")

    def write(file):
        file.write(b"x" * 100)
        with open("/dev/full", "wb") as full:
            full.write(b"x")

    with pytest.raises(OSError, match="No space left"):
        _atomic.write_atomically(path, write)
    assert path.read_bytes() == b"first" and os.listdir(tmp_path) == ["x"]


def test_a_missing_folder_is_said_of_the_file_that_was_named(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"none/model\.x' cannot be written; expected its folder to exist"
    ):
        _atomic.write_atomically(tmp_path / "none" / "model.x", lambda file: None)
