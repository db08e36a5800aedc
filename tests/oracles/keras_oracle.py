"""Keras 3 on its torch backend as the oracle of layers: the same layer there, with the same weights.

Import it before anything else that could import Keras: `from keras_oracle import keras` skips the file where
Keras or torch is not installed.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import foldgate

os.environ["KERAS_BACKEND"] = "torch"
torch = pytest.importorskip("torch", reason="Keras needs it here; `pip install torch` to run these tests")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras = pytest.importorskip("keras", reason="the oracle; `pip install keras` to run these tests")

__all__ = ["assert_same", "both", "keras", "outputs_and_gradients", "same_config", "torch"]


def quiet(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls Keras without its warnings (it warns of `input_shape`, of masks that end, and of NumPy's)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def both(kind: str, *args: Any, build: Any = None, **kwargs: Any) -> tuple[Any, Any]:
    """The layer of this class and these arguments, here and in Keras, with the same weights.

    Args:
      kind: the class's name in `layers`.
      build: the shape or shapes to build for; None leaves both unbuilt.

    Returns:
      foldgate's layer and Keras'. The weights are random, biases and statistics too, since zeros hide
      mistakes.
    """
    ours = getattr(foldgate.layers, kind)(*args, **kwargs)
    theirs = quiet(getattr(keras.layers, kind), *args, **kwargs)
    if build is not None:
        ours.build(build)
        quiet(theirs.build, build)
        share_weights(ours, theirs)
    return ours, theirs


def share_weights(ours: Any, theirs: Any, seed: int = 0) -> None:
    """Gives both the same random weights; their names, shapes and order must agree."""
    found = [(w.name, tuple(w.shape), w.trainable) for w in ours.weights]
    assert found == [(w.name, tuple(w.shape), w.trainable) for w in theirs.weights]
    rng = np.random.default_rng(seed)
    values = [rng.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in ours.weights]
    values = [v - 0.5 if w.trainable else v for v, w in zip(values, ours.weights, strict=True)]
    ours.set_weights(values)
    theirs.set_weights(values)


def outputs_and_gradients(layer: Any, inputs: Any, **call: Any) -> tuple[list[Any], list[Any]]:
    """A layer's outputs, and the gradients of a weighted sum of them: of the float inputs, then of the
    weights.

    Takes layers and models of either side.
    """
    run = _ours if isinstance(layer, foldgate.layers.Layer) else _theirs
    return run(layer, inputs, call)


def _factors(shape: tuple[int, ...], dtype: Any) -> Any:
    """What the outputs are weighted by: no two places the same."""
    return np.cos(np.arange(int(np.prod(shape)), dtype=np.float64)).reshape(shape).astype(dtype)


def _ours(layer: Any, inputs: Any, call: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    listed = isinstance(inputs, (list, tuple))
    parts = list(inputs) if listed else [inputs]
    with foldgate.GradientTape() as tape:
        watched = [tape.watch(p) if p.dtype.kind == "f" else p for p in parts]
        outputs = layer(watched if listed else watched[0], **call)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        loss = sum(np.sum(y * _factors(y.shape, y.dtype)) for y in outputs)
    floats = [w for w, p in zip(watched, parts, strict=True) if p.dtype.kind == "f"]
    gradients = tape.gradient(loss, [*floats, *layer.trainable_weights])
    return [y.numpy() if hasattr(y, "numpy") else y for y in outputs], gradients


def _theirs(layer: Any, inputs: Any, call: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    listed = isinstance(inputs, (list, tuple))
    parts = [torch.from_numpy(np.array(p)) for p in (inputs if listed else [inputs])]
    for part in parts:
        part.requires_grad_(part.is_floating_point())
    layer.zero_grad()
    outputs = quiet(layer, parts if listed else parts[0], **call)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    factors = [torch.from_numpy(_factors(tuple(y.shape), y.detach().numpy().dtype)) for y in outputs]
    sum((y * factor).sum() for y, factor in zip(outputs, factors, strict=True)).backward()
    gradients = [p.grad for p in parts if p.is_floating_point()]
    gradients += [w.value.grad for w in layer.trainable_weights]
    return [y.detach().numpy() for y in outputs], [None if g is None else g.numpy() for g in gradients]


def assert_same(ours: Any, theirs: Any, inputs: Any, tolerance: float = 50.0, **call: Any) -> None:
    """Outputs and gradients agree within `tolerance` float32 eps of the largest value of each.

    Also in float64: Keras' torch backend promotes float64 and float64 to float32 in its matrix products.

    Args:
      tolerance: in units of eps; sums of more terms need more.
    """
    found, expected = (
        outputs_and_gradients(ours, inputs, **call),
        outputs_and_gradients(theirs, inputs, **call),
    )
    for kind, a_list, b_list in zip(("output", "gradient"), found, expected, strict=True):
        assert len(a_list) == len(b_list)
        for i, (a, b) in enumerate(zip(a_list, b_list, strict=True)):
            if a is None or b is None:  # a weight that nothing depends on
                assert not np.any(a if b is None else b), f"{kind} {i}"
                continue
            a, b = np.asarray(a), np.asarray(b)
            assert a.shape == b.shape and a.dtype == b.dtype, (kind, i, a.shape, b.shape, a.dtype, b.dtype)
            eps = np.finfo(np.float32).eps if a.dtype.kind == "f" else 0
            atol = tolerance * eps * (np.abs(b).max(initial=0) + 1e-6)
            np.testing.assert_allclose(a, b, rtol=0, atol=atol, err_msg=f"{kind} {i}")


def same_config(ours: Any, theirs: Any, leave_out: Sequence[str] = ()) -> None:
    """Both configurations say the same, each side makes its layer from the other's, and both come back."""
    ours_written = foldgate.saving.serialize_keras_object(ours)
    theirs_written = quiet(keras.saving.serialize_keras_object, theirs)
    mine, other = _comparable(ours_written, leave_out), _comparable(theirs_written, leave_out)
    assert mine == other
    back = foldgate.saving.deserialize_keras_object(theirs_written)
    assert _comparable(foldgate.saving.serialize_keras_object(back), leave_out) == mine
    there = quiet(keras.saving.deserialize_keras_object, ours_written)
    assert _comparable(quiet(keras.saving.serialize_keras_object, there), leave_out) == other


def _comparable(value: Any, leave_out: Sequence[str]) -> Any:
    """Tuples as lists, floats in float32 (Keras rounds some), and without names that count (`dense_3`), ids
    and what the test leaves out."""
    if isinstance(value, dict):
        skip = {"name", "shared_object_id", *leave_out}
        return {k: _comparable(v, leave_out) for k, v in value.items() if k not in skip or k == "config"}
    if isinstance(value, (list, tuple)):
        return [_comparable(part, leave_out) for part in value]
    return float(np.float32(value)) if isinstance(value, float) else value
