"""Every public class and function of the rooms shows a use of itself, and what it shows is so.

A room that `foldgate.__init__` lists is found by itself.
"""

from __future__ import annotations

import doctest
import importlib.util
import inspect
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import foldgate

TESTED_ELSEWHERE = {
    "activations", "constraints", "datasets", "initializers", "preprocessing", "regularizers", "utils",
}  # fmt: skip
ROOMS = [
    name
    for name in sorted(foldgate._ROOMS - TESTED_ELSEWHERE)
    if importlib.util.find_spec(f"foldgate.{name}") is not None
]


def public(room: ModuleType) -> list[str]:
    names = getattr(room, "__all__", None) or [
        name for name, value in vars(room).items() if getattr(value, "__module__", "") == room.__name__
    ]
    kinds = [getattr(room, name) for name in names]
    return [n for n, k in zip(names, kinds, strict=True) if inspect.isclass(k) or inspect.isroutine(k)]


CASES = []
for _room in ROOMS:
    if _room == "torch" and importlib.util.find_spec("torch") is None:
        CASES.append(pytest.param(_room, "accelerate", marks=pytest.mark.skip(reason="needs torch")))
    else:
        CASES += [(_room, name) for name in public(getattr(foldgate, _room)) if not name.startswith("_")]


@pytest.mark.parametrize(("room", "name"), CASES)
def test_example(room: str, name: str) -> None:
    if room == "onnx":
        pytest.importorskip("onnx")
    thing: Any = getattr(getattr(foldgate, room), name)
    finder = doctest.DocTestFinder(recurse=False)
    if (room, name) in {("models", "from_torch"), ("models", "ConversionError")}:
        pytest.importorskip("torch")
    (test,) = finder.find(thing, name, globs={"np": np, "keras": foldgate})
    assert test.examples, f"{room}.{name} has no example"
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test).failed == 0
    for method, function in vars(thing).items() if inspect.isclass(thing) else ():
        if inspect.isfunction(function) and not method.startswith("_"):
            for inner in finder.find(function, f"{name}.{method}", globs={"np": np, "keras": foldgate}):
                assert doctest.DocTestRunner().run(inner).failed == 0


def test_every_room_is_reached_lazily() -> None:
    assert "layers" in dir(foldgate)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = foldgate.nothing
