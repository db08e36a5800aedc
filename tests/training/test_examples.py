"""Every function and class of training shows a use of itself, and what it shows is so."""

from __future__ import annotations

import doctest
import importlib
import inspect
from typing import Any

import pytest

ROOMS = ["callbacks", "losses", "metrics", "optimizers", "optimizers.schedules"]


def _objects() -> list[Any]:
    found = []
    for room in ROOMS:
        module = importlib.import_module(f"foldgate.{room}")
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                found.append(pytest.param(value, id=f"{room}.{name}"))
    return found


@pytest.mark.parametrize("value", _objects())
def test_example(value: Any) -> None:
    (test,) = doctest.DocTestFinder(recurse=False).find(value, value.__name__, globs={})
    assert test.examples, f"{value.__name__} has no example"
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("room", ROOMS)
def test_example_of_the_package(room: str) -> None:
    assert doctest.testmod(importlib.import_module(f"foldgate.{room}")).failed == 0
