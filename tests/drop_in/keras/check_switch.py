"""Enabling and disabling, with a Keras that is loaded."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
from under_keras import BACKEND, keras

import foldgate.keras
from foldgate.keras import hooks

NN = importlib.import_module(f"keras.src.backend.{BACKEND}.nn")
OWNERS = [NN, keras.layers.RNN, keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN]


def state() -> list[dict[str, Any]]:
    return [dict(vars(owner)) for owner in OWNERS]


def test_disable_brings_all_back() -> None:
    before = state()
    foldgate.keras.enable()
    foldgate.keras.enable()
    assert foldgate.keras.is_enabled()
    changed = [
        {name for name, value in vars(owner).items() if value is not old[name]}
        for owner, old in zip(OWNERS, before, strict=True)
    ]
    names = {name for name in hooks._FUNCTIONS if hasattr(NN, name)}
    assert changed == [names, {"inner_loop"}, {"inner_loop"}, {"inner_loop"}, set()]
    foldgate.keras.disable()
    assert not foldgate.keras.is_enabled()
    assert state() == before
    foldgate.keras.disable()
    assert state() == before


def test_blocks_are_nested() -> None:
    before = state()
    with foldgate.keras.enabled():
        with foldgate.keras.enabled():
            assert foldgate.keras.is_enabled()
        assert foldgate.keras.is_enabled()
        foldgate.keras.enable()
    assert foldgate.keras.is_enabled()
    with foldgate.keras.enabled():
        foldgate.keras.disable()
        assert foldgate.keras.is_enabled()  # the block is still open
    assert not foldgate.keras.is_enabled()
    assert state() == before


def test_an_error_in_a_block_ends_it() -> None:
    with pytest.raises(KeyError), foldgate.keras.enabled():
        raise KeyError
    assert not foldgate.keras.is_enabled()


@pytest.mark.parametrize("version", ["3.11.4", "3.99.0", "4.0.0", "nightly"])
def test_another_version_is_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state()
    monkeypatch.setattr(keras, "__version__", version)
    for attempt in (foldgate.keras.enable, foldgate.keras.enabled().__enter__):
        with pytest.raises(RuntimeError, match=rf"keras is version {version}; expected one of 3\.12, "):
            attempt()
    assert not foldgate.keras.is_enabled()
    assert state() == before


def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="backend of keras is 'jax'; expected 'numpy' or 'torch'"):
        foldgate.keras.enable()
    assert not foldgate.keras.is_enabled()


def test_other_arguments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    before = NN.max_pool
    monkeypatch.setattr(NN, "max_pool", lambda inputs, size: inputs)
    with pytest.raises(RuntimeError, match=r"nn\.max_pool takes \['inputs', 'size'\]; expected"):
        foldgate.keras.enable()
    assert not foldgate.keras.is_enabled()
    assert before is not NN.max_pool


def test_what_somebody_else_replaced_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    before = state()
    foldgate.keras.enable()
    ours = NN.conv
    NN.conv = lambda *args: ours(*args)
    with pytest.raises(RuntimeError, match=r"nn\.conv was replaced after foldgate; undo that first"):
        foldgate.keras.disable()
    assert foldgate.keras.is_enabled()
    NN.conv = ours
    foldgate.keras.disable()
    assert state() == before


def test_the_functions_keep_their_names() -> None:
    before = NN.conv
    with foldgate.keras.enabled():
        assert NN.conv.__name__ == "conv" and inspect.unwrap(NN.conv) is inspect.unwrap(before)


def test_the_kernels_run_on_torchs_threads_under_torch_alone() -> None:
    from foldgate._torch_threads import share_threads

    with foldgate.keras.enabled():
        assert share_threads.cache_info().currsize == (1 if BACKEND == "torch" else 0)
