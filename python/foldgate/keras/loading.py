"""Imports Keras, also where its numpy backend asks for a JAX or a SciPy that is not installed.

Keras' numpy backend takes six functions from JAX, for convolution, pooling and two Fourier transforms, and
two from SciPy, which comes with JAX. Where they are missing, modules that stand in for them are in
`sys.modules` for as long as Keras is being imported, and not a moment longer: nothing else may take them for
the real ones.
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

from foldgate.keras import versions

_JAX = ("jax", "jax.lax", "keras.src.backend.jax", "keras.src.backend.jax.math")
_SCIPY = ("scipy", "scipy.linalg")


class _Absent(ModuleType):
    """A module in the place of one of JAX' or SciPy's: it has no functions, and says so."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # which the machinery of imports asks for
            raise AttributeError(name)
        raise ImportError(
            f"Keras' numpy backend calls {self.__name__}.{name} here, which foldgate has no kernel for; "
            f"install {self.__name__.split('.')[0]} for it"
        )


def load_keras() -> Any:
    """Keras, imported if it was not yet.

    Raises:
      ImportError: Keras, or the package of its backend, is not installed.
      RuntimeError: Keras would choose another backend than numpy or torch; it is not imported then.
    """
    absent: list[ModuleType] = []
    if "keras" not in sys.modules and _is_there("keras"):
        backend = configured_backend()
        versions.check_backend(backend)
        if backend == "numpy":
            absent += [] if has_jax() else _absent_jax()
            absent += [] if _is_there("scipy") else _absent_scipy()
    with _standing_in(absent):
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
    return _is_there("jax")


def _is_there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def configured_backend() -> str:
    """The backend that Keras will choose: from the environment, then from its own file, then its default."""
    name = os.environ.get("KERAS_BACKEND")
    if name:
        return name
    home = os.environ.get("KERAS_HOME")
    file = (Path(home) if home else Path.home() / ".keras") / "keras.json"
    with contextlib.suppress(OSError, ValueError):
        settings = json.loads(file.read_text())
        if isinstance(settings, dict) and "backend" in settings:
            return str(settings["backend"])
    return "tensorflow"


def _absent_jax() -> list[ModuleType]:
    jax, lax, jax_backend, jax_math = modules = [_Absent(name) for name in _JAX]
    vars(jax)["lax"], vars(jax_backend)["math"] = lax, jax_math
    vars(jax_math).update(fft=_transform(np.fft.fft), fft2=_transform(np.fft.fft2))
    return list(modules)


def _absent_scipy() -> list[ModuleType]:
    scipy, linalg = modules = [_Absent(name) for name in _SCIPY]
    vars(scipy)["linalg"] = linalg
    return list(modules)


@contextlib.contextmanager
def _standing_in(modules: list[ModuleType]) -> Iterator[None]:
    """Has these modules in `sys.modules` inside a `with` block."""
    names = [module.__name__ for module in modules]
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(zip(names, modules, strict=True))
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


def _transform(function: Any) -> Any:
    """A Fourier transform of a (real, imaginary) pair."""

    def transform(x: Any) -> tuple[Any, Any]:
        real, imaginary = (np.asarray(part) for part in x)
        y = function(real + 1j * imaginary)
        return y.real.astype(real.dtype), y.imag.astype(real.dtype)

    return transform
