"""Which Keras this is, and whether it is one whose hooks are known."""

from __future__ import annotations

import re
from typing import Any

TESTED_VERSIONS = ("3.12", "3.13", "3.14", "3.15")
"""Releases of Keras that `tests/drop_in/keras/check_*.py` passed with; a patch release is its minor."""

BACKENDS = ("numpy", "torch")


def check(keras: Any) -> str:
    """The backend of a loaded Keras.

    Raises:
      RuntimeError: the version was never tested, or the backend is not one that foldgate knows.
    """
    version = str(keras.__version__)
    minor = re.match(r"\d+\.\d+", version)
    if minor is None or minor.group() not in TESTED_VERSIONS:
        known = ", ".join(TESTED_VERSIONS)
        raise RuntimeError(f"foldgate.keras: keras is version {version}; expected one of {known}")
    backend = str(keras.config.backend())
    check_backend(backend)
    return backend


def check_backend(backend: str) -> None:
    """Refuses a backend that foldgate does not know.

    Raises:
      RuntimeError: it is not one of `BACKENDS`.
    """
    if backend not in BACKENDS:
        raise RuntimeError(
            f"foldgate.keras: the backend of keras is {backend!r}; expected 'numpy' or 'torch' (set "
            "KERAS_BACKEND before keras is imported)"
        )
