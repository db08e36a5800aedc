"""A bias with an activation and the residual join: gradients against finite differences in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import reference
from support import check_gradients


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("activation", [None, "relu", "relu6", "tanh", "sigmoid"])
def test_gradients(activation: Any, data_format: str, rng: np.random.Generator) -> None:
    x, bias, dy = rng.standard_normal((3, 4, 4)), rng.standard_normal(4), rng.standard_normal((3, 4, 4))
    options: Any = {"data_format": data_format, "activation": activation}

    def loss(x: Any, bias: Any) -> float:
        return float(np.sum(dy * reference.bias_add(x, bias, **options)))

    y = reference.bias_add(x, bias, **options)
    dx, dbias = reference.bias_add_backward(dy, y, **options)
    check_gradients(loss, {"x": x, "bias": bias}, {"x": dx, "bias": dbias}, rng)


def test_gradients_of_the_join(rng: np.random.Generator) -> None:
    a, b, dy = rng.standard_normal((3, 4, 5))
    d = reference.add_relu_backward(dy, reference.add_relu(a, b))

    def loss(a: Any, b: Any) -> float:
        return float(np.sum(dy * reference.add_relu(a, b)))

    check_gradients(loss, {"a": a, "b": b}, {"a": d, "b": d}, rng)
