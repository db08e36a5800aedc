"""Every function of the reference shows a use of itself, and what it shows is so."""

from __future__ import annotations

import doctest
import inspect

import pytest

from foldgate import reference

NAMES = [name for name in reference.__all__ if not inspect.isclass(getattr(reference, name))]


@pytest.mark.parametrize("name", NAMES)
def test_example(name: str) -> None:
    function = getattr(reference, name)
    # its own names are at hand, as they are after `from foldgate.reference import ...`
    (test,) = doctest.DocTestFinder(recurse=False).find(function, name, globs=dict(vars(reference)))
    assert test.examples, f"{name} has no example"
    assert doctest.DocTestRunner().run(test).failed == 0


def test_example_of_the_package() -> None:
    assert doctest.testmod(reference).failed == 0
