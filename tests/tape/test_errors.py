"""What a tape refuses, and in which words."""

from __future__ import annotations

import numpy as np
import pytest

import foldgate
from foldgate import GradientTape, Tensor, Variable


class TestErrors:
    """Each names what is wrong."""

    @pytest.fixture
    def x(self):
        x = Tensor(np.ones((2, 2)))
        with GradientTape() as tape:
            yield tape.watch(x)

    @pytest.mark.parametrize(
        ("function", "words"),
        [
            (np.sort, "numpy.sort of a recorded Tensor"),
            (np.linalg.inv, "numpy.linalg.inv of a recorded Tensor"),
            (np.spacing, "numpy.spacing of a recorded Tensor"),
            (np.add.reduce, "numpy.add.reduce of a recorded Tensor"),
            (lambda x: np.add(x, 1.0, out=np.ones((2, 2))), "numpy.add: out= cannot be recorded"),
            (lambda x: np.sum(x, where=np.ones((2, 2), bool)), "numpy.sum: where= cannot be recorded"),
            (lambda x: np.sum(x, 0, np.float32), "numpy.sum: 3 arguments in their places"),
            (lambda x: np.clip(np.ones(2), x, 1.0), "numpy.clip: only its operands may be recorded"),
            (lambda x: np.sum(a=x), "numpy.sum: only its operands"),
            (lambda x: np.einsum("ii->i", x), "subscripts 'ii' repeat a label"),
            (lambda x: np.pad(x, 1, "mean"), "mode 'mean' cannot be recorded"),
            (lambda x: np.asarray(x), "given to a function that takes arrays only"),
        ],
    )
    def test_not_supported(self, x, function, words):
        with pytest.raises(TypeError, match=words.replace("(", r"\(")):
            function(x)

    def test_elements_are_not_assigned(self, x):
        with pytest.raises(TypeError, match="elements cannot be assigned"):
            x[0] = 1.0

    def test_gradient_arguments(self):
        x = Variable(np.ones(2), name="x")
        with GradientTape(persistent=True) as tape:
            y = x * 2.0
        for arguments, kind, words in [
            ((np.ones(2), x), TypeError, "target is a ndarray"),
            ((Tensor(np.ones(2, int)), x), TypeError, "target is of int64"),
            ((y, [x, np.ones(2)]), TypeError, "sources has a ndarray"),
            ((y, x, np.ones(3)), ValueError, r"shapes \[\(3,\)\]; expected \[\(2,\)\]"),
            ((y, x, None, "ones"), ValueError, "'ones'; expected 'none' or 'zero'"),
        ]:
            with pytest.raises(kind, match=words):
                tape.gradient(*arguments)

    def test_watch_and_enter(self):
        tape = GradientTape()
        for value, words in [("x", "a str"), (np.ones(2, int), "dtype int64"), ([1.0], "a float")]:
            with pytest.raises(TypeError, match=words):
                tape.watch(value)
        with tape, pytest.raises(RuntimeError, match="already recording"):
            tape.__enter__()

    def test_released(self):
        x = Variable(np.ones(2))
        with GradientTape() as tape:
            y = x * x
        tape.gradient(y, x)
        with GradientTape() as other:
            z = y * y  # of a tape that is done: a constant
        assert other.gradient(z, x) is None

    def test_check_gradients(self):
        with pytest.raises(TypeError, match="input 1 is an array of float32; expected a float64"):
            foldgate.check_gradients(np.add, np.ones(2), np.ones(2, np.float32))
        wrong = foldgate.custom_gradient(lambda x: (x * x, lambda dy: 2.01 * x * dy))
        with pytest.raises(AssertionError, match=r"input 0 at \(2,\) has the gradient"):
            foldgate.check_gradients(wrong, np.array([0.1, 0.2, 3.0]))
