"""The zips of `.keras` files: what is written is read, and what is wrong is refused, whatever it is."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from foldgate.saving import _archive


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
