"""`.weights.h5`: arrays in groups, through h5py; reading follows no link and believes no size."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Groups = dict[str, dict[str, Array]]

# Filters that HDF5 itself brings: deflate, shuffle, fletcher32, and lzf of h5py. Another one's number would
# have it load a plug-in.
FILTERS = {1, 2, 3, 32000}
# What h5py says of files whose parts contradict each other.
DAMAGE = (OSError, RuntimeError, KeyError, TypeError, OverflowError, UnicodeError, MemoryError, SystemError)
LARGEST_RATIO = 1100  # deflate packs 1032 bytes into one at best


def load_h5py() -> Any:
    """The package.

    Raises:
        ImportError: It is not installed; the message names the extra.
    """
    try:
        return import_module("h5py")
    except ImportError as error:
        raise ImportError(
            f".keras and .weights.h5 files need h5py, which is not installed ({error}); "
            "python -m pip install 'foldgate[keras-files]'"
        ) from error


def write_h5(groups: Groups, names: Mapping[str, str]) -> bytes:
    """A file of arrays as Keras lays them out: `<path>/vars/<key>`, with the object's name beside.

    Args:
        groups: path -> key -> array; groups without arrays are written, too.
        names: path -> name.
    """
    buffer = io.BytesIO()
    with load_h5py().File(buffer, "w") as file:
        for path, arrays in groups.items():
            group = file.create_group(f"{path}/vars" if path else "vars")
            if path in names:
                group.attrs["name"] = names[path]
            for key, array in arrays.items():
                group.create_dataset(key, data=array)
    return buffer.getvalue()


@contextmanager
def open_h5(content: bytes, what: str) -> Iterator[H5Groups]:
    """The groups of a file, for reading.

    Args:
        content: The file's bytes.
        what: Its name, for errors.

    Raises:
        ValueError: It is no such file, or is damaged.
    """
    package = load_h5py()
    try:
        file = package.File(io.BytesIO(content), "r")
    except (*DAMAGE, ValueError) as error:
        raise ValueError(f"{what} is no HDF5 file, or is damaged: {error}") from None
    with file:
        yield H5Groups(package, file, what, len(content))


class H5Groups:
    """path -> the arrays that an object saved there; nothing where nothing is."""

    def __init__(self, package: Any, file: Any, what: str, size: int) -> None:
        self._package, self._file, self._what, self._size = package, file, what, size

    def get(self, path: str) -> Mapping[str, Array]:
        """The arrays of `<path>/vars`.

        Raises:
            ValueError: The file is damaged, or one is a link, is kept in another file, or holds no numbers.
        """
        try:
            group = self._file
            for part in [*path.split("/"), "vars"] if path else ["vars"]:
                group = self._member(group, part, self._package.Group)
                if group is None:
                    return {}
            return {key: self._array(group, key) for key in self._keys(group)}
        except DAMAGE as error:
            raise ValueError(f"{self._what}: {path or 'vars'} is damaged: {error}") from None

    def total(self) -> int:
        """Bytes of all arrays together, which no model loaded from here can have more of.

        Raises:
            ValueError: The file is damaged, or an array says that it is larger than it is.
        """
        sizes: list[int] = []

        def add(name: str, member: Any) -> None:
            if isinstance(member, self._package.Dataset) and member.shape is not None:
                sizes.append(self._size_of(member, f"{self._what}: {name}"))

        try:
            self._file.visititems(add)  # each object once, and no links
        except DAMAGE as error:
            raise ValueError(f"{self._what} is damaged: {error}") from None
        return sum(sizes)

    def _keys(self, group: Any) -> list[str]:
        return [key for key in group if isinstance(key, str)]

    def _member(self, group: Any, name: str, kind: type) -> Any:
        link = group.get(name, getlink=True) if name in group else None
        if link is None:
            return None
        if not isinstance(link, self._package.HardLink):
            raise ValueError(f"{self._what}: {group.name}/{name} is a link; expected data in the file itself")
        member = group[name]
        if not isinstance(member, kind):
            raise ValueError(f"{self._what}: {group.name}/{name} is a {type(member).__name__}")
        return member

    def _array(self, group: Any, key: str) -> Array:
        dataset = self._member(group, key, self._package.Dataset)
        where = f"{self._what}: {group.name}/{key}"
        if dataset is None:
            raise ValueError(f"{where} is named and cannot be found")
        if dataset.is_virtual or dataset.external:
            raise ValueError(f"{where} is kept in another file; expected data in the file itself")
        dtype = _dtype(dataset, where)
        if dataset.shape is None or dtype.kind not in "fiub" or dtype.itemsize > 8:
            raise ValueError(f"{where} holds {dtype}; expected numbers")
        self._size_of(dataset, where)
        values: Array = dataset[()]
        return np.asarray(values)

    def _size_of(self, dataset: Any, where: str) -> int:
        """Bytes of an array that the file can hold."""
        plan = dataset.id.get_create_plist()
        filters = {plan.get_filter(i)[0] for i in range(plan.get_nfilters())}
        if filters - FILTERS:
            raise ValueError(f"{where} needs filters {sorted(filters - FILTERS)}; expected none, gzip or lzf")
        size: int = prod(dataset.shape) * _dtype(dataset, where).itemsize
        stored = min(dataset.id.get_storage_size(), self._size)
        if size > stored * (LARGEST_RATIO if filters else 1):
            raise ValueError(f"{where} says it holds {size} bytes, and {stored} are in the file")
        return size


def _dtype(dataset: Any, where: str) -> Any:
    try:
        return dataset.dtype
    except ValueError as error:
        raise ValueError(f"{where} holds numbers that NumPy has not: {error}") from None
