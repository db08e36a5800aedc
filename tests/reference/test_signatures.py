"""The reference and the ops are one API: same functions, same parameters, same result classes."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

from foldgate import gradients, ops, reference


def _functions(module: ModuleType) -> set[str]:
    return {name for name in module.__all__ if not inspect.isclass(getattr(module, name))}


def _parameters(function: object) -> list[tuple[str, object, object]]:
    assert callable(function)
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


def test_same_functions() -> None:
    assert _functions(reference) == _functions(ops)


@pytest.mark.parametrize("name", sorted(_functions(reference)))
def test_same_parameters(name: str) -> None:
    assert _parameters(getattr(reference, name)) == _parameters(getattr(ops, name))


@pytest.mark.parametrize("name", gradients.__all__)
def test_result_classes_have_one_home(name: str) -> None:
    assert getattr(reference, name) is getattr(gradients, name)
