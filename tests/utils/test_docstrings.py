"""Everything public of the data sets and the utilities shows a use of itself, and what it shows is so."""

from __future__ import annotations

import doctest
import inspect
import sys

import numpy as np
import pytest

from foldgate import datasets, utils

MODULES = [getattr(datasets, name) for name in datasets.__all__]
PUBLIC = [getattr(utils, name) for name in utils.__all__] + [
    member
    for module in MODULES
    for name, member in vars(module).items()
    if not name.startswith("_") and getattr(member, "__module__", "") == module.__name__
]


@pytest.mark.parametrize("member", PUBLIC, ids=lambda member: f"{member.__module__}.{member.__name__}")
def test_example(member):
    needed = {"img": "PIL", "image": "PIL", "plot": "matplotlib"}
    for part, package in needed.items():
        if part in member.__name__:
            pytest.importorskip(package)
    names = {**vars(utils), **vars(sys.modules[member.__module__]), "np": np}
    (test,) = doctest.DocTestFinder(recurse=False).find(member, member.__name__, globs=names)
    assert test.examples, f"{member.__name__} has no example"
    assert doctest.DocTestRunner().run(test).failed == 0


def test_there_are_members():
    assert len(PUBLIC) > 25 and any(inspect.isclass(member) for member in PUBLIC)
