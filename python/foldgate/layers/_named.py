"""What constructors of layers take by name: initializers, regularizers, constraints, activations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from foldgate import activations, constraints, initializers, regularizers
from foldgate.saving.object_registration import get_registered_object

_ROOMS: dict[str, Any] = {
    "activation": activations,
    "constraint": constraints,
    "initializer": initializers,
    "regularizer": regularizers,
}


def check_named(kind: type, arguments: Mapping[str, Any]) -> None:
    """Refuses what a room does not know, with the argument's name: `kernel_initializer="glorot"`.

    Raises:
      ValueError: one is not known.
    """
    for name, value in arguments.items():
        room = _ROOMS.get(name.rpartition("_")[2])
        if room is None or value is None or callable(value) or isinstance(value, (Mapping, np.ndarray)):
            continue
        if isinstance(value, str) and (value in room._TABLE or get_registered_object(value) is not None):
            continue
        names = ", ".join(sorted(one for one in room._TABLE if one == one.lower()))
        raise ValueError(
            f"{kind.__name__}: {name} is {value!r}, which is not known; expected one of {names}, a "
            "configuration, or something to call"
        )
