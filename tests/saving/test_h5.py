"""HDF5 files by themselves: what is written is read, and what is wrong is refused, whatever it is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from foldgate.saving import _h5

h5py = pytest.importorskip("h5py")


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


def floats_unknown_to_numpy(group):
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_ebias(1 << 20)
    h5py.h5d.create(group.id, b"0", kind, h5py.h5s.create_simple((3,)))


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
        (floats_unknown_to_numpy, "0 holds numbers that NumPy has not"),
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
