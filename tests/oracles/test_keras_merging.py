"""Merging layers against Keras'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, keras, quiet, same_config

import foldgate
from foldgate import _masks

ELEMENTWISE = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"]
SHAPES = [
    [(3, 4, 5), (3, 4, 5)],
    [(3, 4, 5), (3, 1, 5)],
    [(3, 4, 5), (3, 5)],
    [(3, 4, 5), (3, 4, 5), (3, 4, 5)],
    [(3, 1, 5), (3, 4, 1), (3, 4, 5), (3, 1)],
]
DOTS: list[tuple[dict[str, Any], list[tuple[int, ...]]]] = [
    ({"axes": 1}, [(3, 4), (3, 4)]),
    ({"axes": -1, "normalize": True}, [(3, 4), (3, 4)]),
    ({"axes": 2}, [(3, 4, 5), (3, 6, 5)]),
    ({"axes": (1, 2)}, [(3, 4, 5), (3, 6, 4)]),
    ({"axes": (2, 1)}, [(3, 4, 5), (3, 5, 6)]),
    ({"axes": 1}, [(3, 4, 5), (3, 4, 6)]),
    ({"axes": (1, 2), "normalize": True}, [(3, 4, 5), (3, 6, 4)]),
    ({"axes": 1}, [(3, 4), (3, 4, 6)]),
    ({"axes": (2, 1)}, [(3, 6, 4), (3, 4)]),
    ({"axes": (2, 3)}, [(3, 4, 5), (3, 6, 7, 5)]),
    ({"axes": (1, 1)}, [(3, 4, 5, 2), (3, 4, 6)]),
]


def _inputs(shapes: list[tuple[int, ...]], dtype: str = "float32") -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def _unknown(shapes: list[tuple[int, ...]]) -> list[tuple[int | None, ...]]:
    return [(None, *shape[1:]) for shape in shapes]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_elementwise(kind: str, shapes: list[tuple[int, ...]], dtype: str) -> None:
    if kind == "Subtract" and len(shapes) > 2:
        shapes = shapes[:2]
    if kind in ("Maximum", "Minimum"):  # Keras' torch backend chooses among float64 in float32
        dtype = "float32"
    ours, theirs = both(kind, dtype=dtype, build=shapes)
    inputs = _inputs(shapes, dtype)
    assert_same(ours, theirs, inputs, 100.0)
    unknown = _unknown(shapes)
    assert ours.compute_output_shape(unknown) == tuple(theirs.compute_output_shape(unknown))
    function, other = getattr(foldgate.layers, kind.lower()), getattr(keras.layers, kind.lower())
    np.testing.assert_allclose(function(inputs), quiet(other, inputs).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("axis", [-1, 1, 2])
def test_concatenate(axis: int) -> None:
    shapes = [(3, 4, 5), (3, 4, 5), (3, 4, 5)]
    shapes[1] = tuple(n + 2 if i == axis % 3 else n for i, n in enumerate(shapes[1]))  # type: ignore[assignment]
    ours, theirs = both("Concatenate", axis=axis, build=shapes)
    inputs = _inputs(shapes)
    assert_same(ours, theirs, inputs)
    assert ours.compute_output_shape(_unknown(shapes)) == tuple(theirs.compute_output_shape(_unknown(shapes)))
    np.testing.assert_array_equal(
        foldgate.layers.concatenate(inputs, axis=axis), np.concatenate(inputs, axis)
    )


@pytest.mark.parametrize(("arguments", "shapes"), DOTS)
def test_dot(arguments: dict[str, Any], shapes: list[tuple[int, ...]]) -> None:
    """In float32 alone: Keras' torch backend multiplies matrices of float64 in float32."""
    ours, theirs = both("Dot", **arguments, build=shapes)
    inputs = _inputs(shapes)
    assert_same(ours, theirs, inputs, 100.0)
    assert ours.compute_output_shape(_unknown(shapes)) == tuple(theirs.compute_output_shape(_unknown(shapes)))
    np.testing.assert_array_equal(foldgate.layers.dot(inputs, **arguments), ours(inputs))


@pytest.mark.parametrize("kind", [*ELEMENTWISE, "Concatenate"])
@pytest.mark.parametrize("masked", [(True, True), (True, False), (False, True)])
def test_masks(kind: str, masked: tuple[bool, bool]) -> None:
    """Values and masks of merges of masked inputs."""
    rng = np.random.default_rng(0)
    shapes = [(3, 4, 5), (3, 4, 5)]
    ours, theirs = both(kind)
    inputs = _inputs(shapes)
    masks = [rng.random((3, 4)) < 0.5 if m else None for m in masked]
    tensors = [keras.ops.convert_to_tensor(x) for x in inputs]
    for x, tensor, mask in zip(inputs, tensors, masks, strict=True):
        if mask is not None:
            _masks.set_mask(x, mask)
            keras.src.backend.set_keras_mask(tensor, keras.ops.convert_to_tensor(mask))
    y, expected = ours(inputs), quiet(theirs, tensors)
    np.testing.assert_allclose(y, expected.numpy(), rtol=1e-6)
    mask, other = _masks.get_mask(y), keras.src.backend.get_keras_mask(expected)
    assert (mask is None) == (other is None)
    if mask is not None:
        np.testing.assert_array_equal(mask, other.numpy())


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [(kind, {}) for kind in ELEMENTWISE]
    + [("Concatenate", {"axis": 1}), ("Dot", {"axes": (1, 2), "normalize": True}), ("Dot", {"axes": -1})],
)
def test_configurations(kind: str, arguments: dict[str, Any]) -> None:
    same_config(*both(kind, **arguments))
