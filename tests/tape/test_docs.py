"""What the docstrings and docs/tape.md show is so, and the page lists what is recorded."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import foldgate
from foldgate import _rules

NAMES = [
    "GradientTape",
    "Tensor",
    "Variable",
    "no_grad",
    "stop_gradient",
    "custom_gradient",
    "check_gradients",
]
PAGE = Path(__file__).parents[2] / "docs" / "tape.md"


@pytest.mark.parametrize("name", NAMES)
def test_example(name):
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(foldgate, name), name)
    assert test.examples, f"{name} has no example"
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_page():
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 20 and result.failed == 0


def test_the_page_names_every_function():
    text = PAGE.read_text()
    others = {"positive", "fabs", "amax", "amin", "flipud", "fliplr"}  # other names of what is listed
    names = {function.__name__ for function in [*_rules.UFUNCS, *_rules.FUNCTIONS]} - others
    assert sorted(name for name in names if f"`{name}`" not in text) == []
