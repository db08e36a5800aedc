"""Functions that bring their own gradient."""

from __future__ import annotations

import numpy as np
import pytest

import foldgate
from foldgate import GradientTape, Variable


class TestCustomGradient:
    def test_several_results_and_arguments(self):
        @foldgate.custom_gradient
        def both(x, y, *, scale):
            return (x * y, np.sum(x)), lambda dxy, dsum: (scale * (dxy * y + dsum), None)

        x, y = Variable(np.ones(2)), Variable(np.full(2, 3.0))
        assert [type(part) for part in both(np.ones(2), np.ones(2), scale=1.0)] == [np.ndarray, np.float64]
        with GradientTape() as tape:
            product, total = both(x, y, scale=10.0)
        dx, dy = tape.gradient([product, total], [x, y])
        assert (dx.tolist(), dy) == ([40.0, 40.0], None)

    def test_what_it_returns_is_checked(self):
        x = Variable(np.ones(2))
        for gradient, words in (
            (lambda dy: dy[:1], r"shape \(1,\); expected \(2,\)"),
            (lambda dy: (dy, dy), "2 gradients"),
        ):
            wrong = foldgate.custom_gradient(lambda x, g=gradient: (x * 2.0, g))
            with GradientTape() as tape:
                y = wrong(x)
            with pytest.raises(ValueError, match=words):
                tape.gradient(y, x)

    def test_it_is_not_differentiated_twice(self):
        square = foldgate.custom_gradient(lambda x: (x * x, lambda dy: 2.0 * x * dy))
        x = Variable(np.ones(2))
        with GradientTape() as outer:
            with GradientTape() as inner:
                y = square(x)
            dx = inner.gradient(y, x)
            assert dx.numpy().tolist() == [2.0, 2.0]
        with pytest.raises(NotImplementedError, match="fused kernel"):
            outer.gradient(dx, x)
