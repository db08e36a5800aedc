"""A ReLU joins the layer before it in a model where nobody can tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
import foldgate as keras
from foldgate import _masks, layers
from foldgate.layers._rectified import Rectified

RELUS = [lambda: layers.ReLU(), lambda: layers.Activation("relu")]


def _joined(model: Any) -> int:
    """How many of the model's calls are two."""
    functional = model if isinstance(model, keras.Model) and hasattr(model, "_plan") else model._functional
    return sum(isinstance(step[0], Rectified) for step in functional._plan._steps)


def _block(relu: Any) -> Any:
    """A residual block: its batch normalization and its join each have a ReLU next."""
    inputs = keras.Input((5, 4))
    x = layers.BatchNormalization()(inputs)
    x = relu()(x)
    x = layers.Add()([x, inputs, x])
    return keras.Model(inputs, relu()(x))


def _by_layers(model: Any, x: Any) -> Any:
    """The same layers called one by one."""
    _, norm, relu, add, last = model.layers
    y = relu(norm(x, training=True))
    return last(add([y, x, y]))


@pytest.mark.parametrize("relu", RELUS)
def test_a_residual_block(relu: Any) -> None:
    """Outputs, gradients and moving statistics are those of the layers called one by one."""
    x = np.random.default_rng(0).standard_normal((3, 5, 4)).astype(np.float32)
    model, other = _block(relu), _block(relu)
    assert _joined(model) == 2
    other.set_weights(model.get_weights())
    found = []
    for target, run in ((model, lambda t, v: t(v, training=True)), (other, _by_layers)):
        with foldgate.GradientTape() as tape:
            watched = tape.watch(x)
            loss = np.sum(run(target, watched) ** 2)
        found.append([loss.numpy(), *tape.gradient(loss, [watched, *target.trainable_weights])])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_sequential_and_inference() -> None:
    model = keras.Sequential([keras.Input((6,)), layers.BatchNormalization(), layers.ReLU()])
    assert _joined(model) == 1
    x = np.random.default_rng(0).standard_normal((3, 6)).astype(np.float32)
    np.testing.assert_array_equal(model(x), np.maximum(model.layers[-2](x), 0))
    assert [layer.name for layer in model.layers] == [model.layers[0].name, model.layers[1].name]


def test_what_somebody_else_reads_stays() -> None:
    inputs = keras.Input((6,))
    norm = layers.BatchNormalization()(inputs)
    assert _joined(keras.Model(inputs, [norm, layers.ReLU()(norm)])) == 0
    assert _joined(keras.Model(inputs, layers.Concatenate()([layers.ReLU()(norm), norm]))) == 0
    bounded = keras.Model(inputs, layers.ReLU(max_value=1.0)(norm))
    assert _joined(bounded) == 0


class Doubled(layers.BatchNormalization):
    """What extends a class may compute something else."""

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return 2 * super().call(inputs, training, mask)


def test_what_extends_a_layer_is_called() -> None:
    inputs = keras.Input((6,))
    assert _joined(keras.Model(inputs, layers.ReLU()(Doubled()(inputs)))) == 0


def test_losses_and_masks_are_kept() -> None:
    inputs = keras.Input((5, 4))
    regularized = layers.ReLU(activity_regularizer="l2")(layers.BatchNormalization()(inputs))
    model = keras.Model(inputs, regularized)
    assert _joined(model) == 0
    x = np.ones((2, 5, 4), np.float32)
    model(x)
    assert len(model.losses) == 1
    model = keras.Model(inputs, layers.ReLU()(layers.BatchNormalization()(inputs)))
    mask = np.array([[True, True, False, False, False]] * 2)
    _masks.set_mask(x, mask)
    y = model(x, training=True)
    np.testing.assert_array_equal(_masks.get_mask(y), mask)
