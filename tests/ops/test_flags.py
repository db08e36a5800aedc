"""Options that are True or False: what is neither is refused by the name of the op and of the option."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from foldgate import ops
from op_calls import op_calls

Call = tuple[str, dict[str, Any]]


class Recorder:
    """`ops`, whose calls are kept with all their arguments, those left out included."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(ops, name)

        def call(*args: Any, **options: Any) -> Any:
            given = inspect.signature(function).bind(*args, **options)
            given.apply_defaults()
            self.calls.append((name, dict(given.arguments)))
            return function(*args, **options)

        return call


def flags() -> dict[str, tuple[Call, str]]:
    """One call for every option of every op that is a bool and may be nothing else."""
    recorder = Recorder()
    for call in op_calls(recorder).values():
        call()
    found = {}
    for name, arguments in recorder.calls:
        for parameter in inspect.signature(getattr(ops, name)).parameters.values():
            if parameter.annotation == "bool":
                found[f"{name}-{parameter.name}"] = ((name, arguments), parameter.name)
    return found


FLAGS = flags()


def test_there_are_as_many_as_there_were() -> None:
    assert len(FLAGS) >= 60


@pytest.mark.parametrize("flag", sorted(FLAGS))
@pytest.mark.parametrize("value", [1, "x", None])
def test_what_is_no_bool_is_refused(flag: str, value: Any) -> None:
    (name, arguments), option = FLAGS[flag]
    with pytest.raises(TypeError, match=f"^{name}: {option} is {value!r}; expected a bool"):
        getattr(ops, name)(**{**arguments, option: value})


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_a_bool_of_numpys_is_one(flag: str) -> None:
    (name, arguments), option = FLAGS[flag]
    getattr(ops, name)(**{**arguments, option: np.bool_(arguments[option])})
