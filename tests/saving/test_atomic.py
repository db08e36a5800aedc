"""Files that appear whole or not at all."""

from __future__ import annotations

import os

import pytest

from foldgate.saving import _atomic


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
