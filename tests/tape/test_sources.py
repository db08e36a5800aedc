"""What gradients are asked of: Variables that were read several times, sources that are there twice."""

from __future__ import annotations

import numpy as np

import foldgate
from foldgate import ops


def test_reads_before_and_after_an_assignment_add_up() -> None:
    weight = foldgate.Variable(np.array([2.0, 3.0]))
    with foldgate.GradientTape() as tape:
        first = np.sum(weight * weight)
        weight.assign(np.array([5.0, 7.0]))
        loss = first + np.sum(weight * weight)
    (gradient,) = tape.gradient(loss, [weight])
    np.testing.assert_array_equal(gradient, [2 * (2.0 + 5.0), 2 * (3.0 + 7.0)])
    assert tape.watched_variables() == (weight,)


def test_a_source_twice_gets_arrays_of_its_own() -> None:
    weight, other = foldgate.Variable(np.ones(2)), foldgate.Variable(np.ones(2))
    with foldgate.GradientTape() as tape:
        x = tape.watch(np.ones(2))
        loss = np.sum(weight * x)
    found = tape.gradient(loss, [weight, x, other, weight])
    assert found[2] is None
    np.testing.assert_array_equal([found[0], found[1], found[3]], np.ones((3, 2)))
    assert not np.shares_memory(found[0], found[3])
    found[0][...] = 5.0
    np.testing.assert_array_equal(found[3], [1.0, 1.0])


def test_a_product_recorded_by_two_tapes() -> None:
    x, weight, bias = np.ones((2, 3)), foldgate.Variable(np.ones((3, 2))), foldgate.Variable(np.zeros(2))
    with foldgate.GradientTape(persistent=True) as outer:
        first = ops.matmul(x, weight, bias)
        with foldgate.GradientTape() as inner:
            second = np.sum(ops.matmul(first, weight[:2]))
        assert inner.gradient(second, [weight, bias])[1] is None
        loss = np.sum(first)
    np.testing.assert_array_equal(outer.gradient(loss, bias), [2.0, 2.0])
    np.testing.assert_array_equal(outer.gradient(second, bias), [4.0, 4.0])
