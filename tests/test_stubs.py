"""The stubs of the compiled modules say what the modules hold: the same names, the same arguments.

pybind11 writes its own signature into the first line of every docstring; Cython leaves a signature that
inspect reads.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import foldgate

STUBS = {"_native": Path(foldgate.__file__).with_name("_native.pyi")}
STUBS |= {path.stem: path for path in Path(foldgate.__file__).parent.glob("_*.pyi")}


def stub_functions(path: Path) -> dict[str, list[tuple[str, bool]]]:
    """name -> [(argument, has a default), ...] of every function that the stub declares."""
    functions = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            plain, keyword_only = node.args.args, node.args.kwonlyargs
            defaults = [False] * (len(plain) - len(node.args.defaults)) + [True] * len(node.args.defaults)
            starred = [node.args.vararg] if node.args.vararg else []
            defaults += [False] * len(starred)
            defaults += [default is not None for default in node.args.kw_defaults]
            names = [argument.arg for argument in plain + starred + keyword_only]
            functions[node.name] = list(zip(names, defaults, strict=True))
    return functions


def pybind11_arguments(function) -> list[tuple[str, bool]]:
    """Arguments from ``name(a: int, b: float = 1.0) -> str``, pybind11's first docstring line."""
    signature = re.match(r"\w+\((.*)\) -> ", function.__doc__)[1]
    # An argument's type may hold commas inside brackets or parentheses: cut at those outside all of them.
    parts, depth = [""], 0
    for character in signature:
        depth += (character in "[(") - (character in "])")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    found = [part.strip() for part in parts if part.strip() not in ("", "*", "/")]
    return [(re.match(r"\w+", part)[0], " = " in part) for part in found]


def compiled_functions(module) -> dict[str, list[tuple[str, bool]]]:
    functions = {}
    for name in dir(module):
        member = getattr(module, name)
        if name.startswith("_") or not callable(member) or inspect.isclass(member):
            continue
        if getattr(member, "__module__", None) not in (module.__name__, None):
            continue  # imported by the compiled module, not defined there
        if module.__name__.endswith("_native"):
            functions[name] = pybind11_arguments(member)
        else:
            parameters = inspect.signature(member).parameters.values()
            functions[name] = [(p.name, p.default is not p.empty) for p in parameters]
    return functions


@pytest.mark.parametrize("name", sorted(STUBS))
def test_the_stub_matches_the_compiled_module(name):
    compiled = compiled_functions(importlib.import_module(f"foldgate.{name}"))
    stub = stub_functions(STUBS[name])
    assert compiled
    assert sorted(stub) == sorted(compiled)
    differing = [f"{f}: stub {stub[f]}, module {compiled[f]}" for f in compiled if stub[f] != compiled[f]]
    assert differing == []


def test_every_native_function_says_what_it_does():
    module = importlib.import_module("foldgate._native")
    for name in compiled_functions(module):
        lines = getattr(module, name).__doc__.strip().splitlines()
        assert len(lines) > 1 and lines[-1].strip(), name


def test_a_difference_would_be_seen(tmp_path):
    path = tmp_path / "x.pyi"
    path.write_text("def f(a: int, b: float = ..., *, c: str) -> None: ...\n")
    assert stub_functions(path) == {"f": [("a", False), ("b", True), ("c", False)]}

    def native(): ...

    native.__doc__ = "f(a: int, b: typing.Tuple[int, 'x, y'] = [1, 2], *, c: str) -> None\n\nDoes f."
    assert pybind11_arguments(native) == [("a", False), ("b", True), ("c", False)]
