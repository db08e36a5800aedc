"""Imports Keras, also where its numpy backend asks for a JAX that is not installed.

Keras' numpy backend takes six functions from JAX, for convolution, pooling and two Fourier transforms. Where
there is no JAX, modules that stand in for it are in `sys.modules` for as long as Keras is being imported, and
not a moment longer: nothing else may take them for JAX.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

_STOOD_IN_FOR = ("jax", "jax.lax", "keras.src.backend.jax", "keras.src.backend.jax.math")


class _Absent(ModuleType):
    """A module in the place of one of JAX': it has no functions, and says so."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # which the machinery of imports asks for
            raise AttributeError(name)
        raise ImportError(
            f"Keras' numpy backend calls {self.__name__}.{name} here, which foldgate has no kernel for; "
            "install jax for it"
        )


def load_keras() -> Any:
    """Keras, imported if it was not yet.

    Raises:
      ImportError: Keras is not installed.
    """
    if "keras" not in sys.modules and configured_backend() == "numpy" and not has_jax():
        with _stand_ins():
            return _imported()
    return _imported()


def _imported() -> Any:
    try:
        return importlib.import_module("keras")
    except ModuleNotFoundError as error:
        if error.name != "keras":
            raise
        raise ImportError("foldgate.keras needs Keras 3: python -m pip install keras") from error


def has_jax() -> bool:
    """Whether `import jax` would find something."""
    return importlib.util.find_spec("jax") is not None


def configured_backend() -> str:
    """The backend that Keras will choose, which it reads from the environment, then from its own file."""
    name = os.environ.get("KERAS_BACKEND")
    if name:
        return name
    home = os.environ.get("KERAS_HOME")
    file = (Path(home) if home else Path.home() / ".keras") / "keras.json"
    with contextlib.suppress(OSError, ValueError):
        settings = json.loads(file.read_text())
        return str(settings["backend"]) if isinstance(settings, dict) and "backend" in settings else ""
    return ""


@contextlib.contextmanager
def _stand_ins() -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in _STOOD_IN_FOR if name in sys.modules}
    jax, lax, jax_backend, jax_math = modules = [_Absent(name) for name in _STOOD_IN_FOR]
    jax.lax, jax_backend.math = lax, jax_math  # type: ignore[attr-defined]
    jax_math.fft, jax_math.fft2 = _transform(np.fft.fft), _transform(np.fft.fft2)  # type: ignore[attr-defined]
    sys.modules.update(zip(_STOOD_IN_FOR, modules, strict=True))
    try:
        yield
    finally:
        for name in _STOOD_IN_FOR:
            if name in before:
                sys.modules[name] = before[name]  # type: ignore[assignment]
            else:
                sys.modules.pop(name, None)


def _transform(function: Any) -> Any:
    """A Fourier transform of a (real, imaginary) pair."""

    def transform(x: Any) -> tuple[Any, Any]:
        real, imaginary = (np.asarray(part) for part in x)
        y = function(real + 1j * imaginary)
        return y.real.astype(real.dtype), y.imag.astype(real.dtype)

    return transform
