"""Names of `keras.ops`: on arrays, on Tensors, and on the tensors of functional models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate as keras
from foldgate import ops

X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]], np.float32)

CALLS: dict[str, Any] = {
    "relu": lambda x: keras.ops.relu(x),
    "softmax": lambda x: keras.ops.softmax(x, axis=-1),
    "sigmoid": lambda x: keras.ops.sigmoid(x),
    "matmul": lambda x: keras.ops.matmul(x, np.ones((3, 2), np.float32)),
    "mean": lambda x: keras.ops.mean(x, axis=-1, keepdims=True),
    "sum": lambda x: keras.ops.sum(x, axis=1),
    "axes in a list": lambda x: keras.ops.max(x, [1], True),
    "reshape": lambda x: keras.ops.reshape(x, (-1, 3, 1)),
    "concatenate": lambda x: keras.ops.concatenate([x, 2.0 * x], axis=-1),
    "exp": lambda x: keras.ops.exp(x),
    "square": lambda x: keras.ops.square(x),
    "expand_dims": lambda x: keras.ops.expand_dims(x, 1),
    "where": lambda x: keras.ops.where(x > 0, x, 0.1 * x),
    "logsumexp": lambda x: keras.ops.logsumexp(x, axis=-1),
    "normalize": lambda x: keras.ops.normalize(x, axis=-1),
    "rsqrt": lambda x: keras.ops.rsqrt(keras.ops.square(x) + 1.0),
    "split": lambda x: keras.ops.split(x, 3, axis=-1)[1],
    "unstack": lambda x: keras.ops.unstack(x, axis=1)[2],
    "cast": lambda x: keras.ops.cast(x, "float32") * 2.0,
    "clip": lambda x: keras.ops.clip(x, -1.5, 1.5),
    "transpose": lambda x: keras.ops.transpose(keras.ops.transpose(x)),
}


@pytest.mark.parametrize("name", CALLS)
def test_arrays_tensors_and_models_agree(name: str) -> None:
    call = CALLS[name]
    expected = np.asarray(call(X))
    inputs = keras.Input((3,))
    model = keras.Model(inputs, call(inputs))
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-6)
    assert model.output_shape[1:] == expected.shape[1:]
    with keras.GradientTape() as tape:
        x = tape.watch(X.astype(np.float64) if name != "matmul" and name != "cast" else X)
        total = np.sum(call(x))
    gradient = tape.gradient(total, x)
    h = 1e-3 if x.dtype == np.float32 else 1e-6
    for i in range(3):
        step = np.zeros_like(x.numpy())
        step[0, i] = h
        slope = (np.sum(call(x.numpy() + step)) - np.sum(call(x.numpy() - step))) / (2 * h)
        assert gradient[0, i] == pytest.approx(slope, rel=1e-2, abs=1e-3)


def test_makers_have_the_default_float_type() -> None:
    for made in (ops.zeros((2, 2)), ops.ones(3), ops.full((2,), 1.5), ops.eye(2), ops.arange(0.0, 1.0, 0.25)):
        assert made.dtype == np.float32
    assert ops.arange(3).dtype == np.int32
    assert ops.convert_to_tensor([1.0, 2.0]).dtype == np.float32
    np.testing.assert_array_equal(ops.one_hot(np.array([1, 0, 5]), 2), [[0, 1], [1, 0], [0, 0]])
    assert ops.shape(keras.Input((3,))) == (None, 3)
    assert ops.is_tensor(X) and not ops.is_tensor([1.0])


def test_a_name_that_there_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'associative_scan'"):
        _ = ops.associative_scan


def test_numpys_names_do_not_hide_kernels() -> None:
    assert ops.exp is not np.exp
    assert ops.median is np.median


def test_one_hot_names_a_number_of_classes_below_0():
    with pytest.raises(ValueError, match="one_hot: num_classes is -1; expected at least 0"):
        ops.one_hot(np.array([1]), -1)


@pytest.mark.parametrize("axis", [(0, 5), (1, 1), (1, -1), ("a",)])
def test_several_axes_of_a_softmax_are_different_ones_of_the_array(axis: Any) -> None:
    with pytest.raises(ValueError, match=r"log_softmax: axis is .*; expected different ones from -2 to 1"):
        keras.activations.log_softmax(X, axis=axis)


def test_randint_names_its_range() -> None:
    with pytest.raises(ValueError, match="randint: maxval is 1; expected more than minval, which is 5"):
        keras.random.randint((2,), 5, 1)
