"""Checkpoints: everything that a training needs to go on to the bit, in files that are never half there."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foldgate.saving import _metric_state, _own_state, _random_state
from foldgate.saving._atomic import write_atomically
from foldgate.saving._fingerprint import fingerprint
from foldgate.saving._safetensors import read_safetensors, write_safetensors
from foldgate.saving._state import Arrays, flat, gather, restore

PathLike = str | os.PathLike[str]
Array = np.ndarray[Any, np.dtype[Any]]
FORMAT, VERSION = "foldgate.checkpoint", 1


class Checkpoints:
    """The checkpoints of one training in a folder.

    Each is one safetensors file: weights, the optimizer's slots and step, the state of every stream of random
    numbers, of the metrics and of the callbacks, how far the training is, a hash of the model's
    configuration, and the SHA-256 of it all. A file is written beside its place, read again and compared, and
    then renamed: a crash, a full disk or a failing one leaves the checkpoints there were.

    Args:
        folder: Where they lie; it is made.
        name: The files are `<name>-<number>.safetensors`. Defaults to "checkpoint".
        keep: How many of the newest are kept. Defaults to 2.

    Raises:
        ValueError: `keep` is below 1, or the name holds more than letters, digits, "_", "." and "-".

    Example:
        >>> import foldgate as keras
        >>> import tempfile
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     checkpoints = keras.saving.Checkpoints(folder)
        ...     path = checkpoints.save(model, {"epoch": 3})
        ...     checkpoints.restore(model), path.name
        ({'epoch': 3}, 'checkpoint-0000000001.safetensors')
    """

    def __init__(self, folder: PathLike, name: str = "checkpoint", keep: int = 2) -> None:
        if keep < 1:
            raise ValueError(f"Checkpoints: keep is {keep}; expected at least 1")
        if not re.fullmatch(r"[\w][\w.-]*", name):
            raise ValueError(f"Checkpoints: name is {name!r}; expected letters, digits, '_', '.' and '-'")
        self.folder, self.name, self.keep = Path(folder), name, keep
        self._taken_up: tuple[dict[str, Array], dict[str, Any]] = {}, {}
        self.folder.mkdir(parents=True, exist_ok=True)

    def files(self) -> list[Path]:
        """The checkpoints' files, newest first."""
        pattern = re.compile(re.escape(self.name) + r"-(\d{10,})\.safetensors")
        found = [
            (int(match[1]), path) for path in self.folder.iterdir() if (match := pattern.fullmatch(path.name))
        ]
        return [path for _, path in sorted(found, reverse=True)]

    def save(self, model: Any, progress: dict[str, Any], callbacks: Sequence[Any] = ()) -> Path | None:
        """Write a checkpoint, and then remove all but the newest ones.

        Args:
            model: The model, with its optimizer if it is compiled.
            progress: How far the training is: epoch, batch, the permutation's seed, ... as JSON holds it.
            callbacks: Whose state is kept, too.

        Returns:
            The file. None, with a warning, if weights or slots are not finite: such never replace a good
            checkpoint.

        Raises:
            OSError: It could not be written; the checkpoints there were are untouched.
            TypeError: `progress` holds what JSON does not.
        """
        arrays = flat(gather(model)[0])
        wrong = next((name for name, array in arrays.items() if not _is_finite(array)), None)
        if wrong is not None:
            warnings.warn(f"Checkpoints: {wrong} is not finite; no checkpoint is written", stacklevel=2)
            return None
        content = _pack(model, arrays, progress, callbacks)
        files = self.files()
        number = 1 + (int(files[0].stem.rpartition("-")[2]) if files else 0)
        path = self.folder / f"{self.name}-{number:010d}.safetensors"

        def verify(temporary: Path) -> None:
            if temporary.read_bytes() != content:
                raise OSError(f"{path}: what was written reads otherwise")

        write_atomically(path, lambda file: _write(file, content), verify)
        self._remove_old(files)
        return path

    def restore_within_epoch(self, model: Any) -> None:
        """Take up once more what the beginning of an epoch changes: what metrics have summed up, and the
        streams of random numbers.

        Args:
            model: After `restore`; its metrics are made.

        Raises:
            ValueError: It has other metrics than when it was saved.
        """
        arrays, state = self._taken_up
        _metric_state.put_back(model, arrays, state["metrics"])
        _random_state.put_back(model, arrays, state["random"])

    def _remove_old(self, before: list[Path]) -> None:
        leftovers = self.folder.glob(f".{self.name}-*.safetensors.*.tmp")  # of runs that were killed
        for path in [*before[self.keep - 1 :], *leftovers]:
            with contextlib.suppress(OSError):
                path.unlink()

    def restore(self, model: Any, callbacks: Sequence[Any] = ()) -> dict[str, Any] | None:
        """Take up the newest checkpoint that is whole.

        Args:
            model: Built and compiled as when it was saved.
            callbacks: The same as then.

        Returns:
            The `progress` that was saved; None if there is no checkpoint.

        Raises:
            ValueError: There are checkpoints and none is whole, or the newest whole one is of another model,
                of other callbacks, or of another optimizer.
        """
        faults = []
        for path in self.files():
            try:
                arrays, state = _unpack(path)
            except (ValueError, OSError) as error:
                faults.append(str(error))
                continue
            if faults:
                warnings.warn(f"Checkpoints: {'; '.join(faults)}; going back to {path.name}", stacklevel=2)
            progress: dict[str, Any] = _take_up(model, path, arrays, state, callbacks)
            self._taken_up = arrays, state
            return progress
        if faults:
            raise ValueError(f"Checkpoints: no whole checkpoint in {self.folder}: {'; '.join(faults)}")
        return None


def _is_finite(array: Array) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _pack(model: Any, arrays: dict[str, Array], progress: dict[str, Any], callbacks: Sequence[Any]) -> bytes:
    random_arrays, random_values = _random_state.take(model)
    callback_arrays, callback_values = _own_state.take(callbacks, "callbacks")
    metric_arrays, metric_values = _metric_state.take(model)
    everything = {f"model/{name}": array for name, array in arrays.items()}
    everything |= random_arrays | callback_arrays | metric_arrays
    state = {
        "progress": progress,
        "random": random_values,
        "callbacks": callback_values,
        "metrics": metric_values,
        "model": fingerprint(model),
        "optimizer": type(getattr(model, "optimizer", None)).__name__,
    }
    metadata = {"format": FORMAT, "version": str(VERSION), "state": json.dumps(state)}
    metadata["sha256"] = _digest(everything, metadata)
    return write_safetensors(everything, metadata)


def _unpack(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the state of a file whose every bit is as it was written.

    Raises:
        ValueError: It is none.
    """
    arrays, metadata = read_safetensors(path.read_bytes(), path.name)
    if metadata.get("format") != FORMAT or metadata.get("version") != str(VERSION):
        raise ValueError(f"{path.name} is none of {FORMAT}, version {VERSION}")
    digest = metadata.pop("sha256", None)
    if digest != _digest(arrays, metadata):
        raise ValueError(f"{path.name} is damaged: its SHA-256 is another")
    state: dict[str, Any] = json.loads(metadata["state"])
    return arrays, state


def _digest(arrays: dict[str, Array], metadata: dict[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(sorted(metadata.items())).encode())
    for name, array in sorted(arrays.items()):
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"\n{json.dumps(name)} {little.dtype.str} {list(array.shape)}\n".encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def _take_up(
    model: Any, path: Path, arrays: dict[str, Array], state: dict[str, Any], callbacks: Sequence[Any]
) -> Any:
    if state["model"] != fingerprint(model):
        raise ValueError(f"Checkpoints: {path.name} was made of another model, or with other arguments")
    optimizer = getattr(model, "optimizer", None)
    if state["optimizer"] != type(optimizer).__name__:
        raise ValueError(
            f"Checkpoints: {path.name} was made with the optimizer {state['optimizer']}; "
            f"the model has {type(optimizer).__name__}"
        )
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
    own = {name.removeprefix("model/"): a for name, a in arrays.items() if name.startswith("model/")}
    restore(model, Arrays(own), path.name)
    _random_state.put_back(model, arrays, state["random"])
    _own_state.put_back(callbacks, "callbacks", arrays, state["callbacks"])
    return state["progress"]


def _write(file: Any, content: bytes) -> None:
    file.write(content)
