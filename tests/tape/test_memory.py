"""What a tape keeps alive, and what its gradients cost."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import numpy as np

import foldgate
from foldgate import GradientTape, Tensor, Variable


def test_a_long_chain_ends_without_recursion():
    x = Variable(np.array(1.0))
    for asked in (True, False):
        with GradientTape() as tape:
            y = x
            for _ in range(100_000):
                y = y + 1.0
        if asked:
            assert tape.gradient(y, x) == 1.0
        del y, tape


def test_slices_of_one_array_cost_linear_time():
    """Each slice's gradient is added in place; through zeroed copies of x they would take 32 GB of stores."""
    x = Tensor(np.ones((2000, 1000)))
    with GradientTape() as tape:
        tape.watch(x)
        y = sum(np.sum(row) for row in x)
    tracemalloc.start()
    gradient = tape.gradient(y, x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (gradient == 1.0).all() and peak < 2.5 * x.nbytes


class TestMemory:
    """Arrays are followed by weak references; nothing waits for the garbage collector."""

    def setup_method(self):
        gc.disable()

    def teardown_method(self):
        gc.enable()

    def test_results_that_nobody_reads_are_freed(self):
        x = Variable(np.ones(8))
        with GradientTape():
            y = np.exp(x)
            dead = weakref.ref(y.numpy())
            del y
            assert dead() is None

    def test_only_what_the_gradient_reads_is_kept(self):
        x = Variable(np.ones(8))
        with GradientTape():
            a = x + 1.0  # a sum does not read its operands, a square does
            b = a + 1.0
            c = np.square(b)
            unread, read = weakref.ref(a.numpy()), weakref.ref(b.numpy())
            del a, b
            assert unread() is None and read() is not None
            del c
            assert read() is None

    def test_a_node_is_released_as_its_gradient_passes(self):
        alive = []

        @foldgate.custom_gradient
        def look(x):
            return x * 1.0, lambda dy: (alive.append([ref() is not None for ref in refs]), dy)[1]

        x, refs = Variable(np.ones(8)), []
        with GradientTape() as tape:
            first = np.exp(x)
            second = np.exp(look(first))
            third = np.exp(look(second))
            y = np.sum(third)
            refs += [weakref.ref(tensor.numpy()) for tensor in (first, second, third)]
            del first, second, third
        assert all(ref() is not None for ref in refs)
        tape.gradient(y, x)
        assert alive == [[True, True, False], [True, False, False]]
        assert all(ref() is None for ref in refs)

    def test_the_graph_goes_with_its_last_tensor(self):
        x = Variable(np.ones(8))
        with GradientTape(persistent=True) as tape:
            y = np.exp(np.exp(x))
        inner = weakref.ref(y.numpy())
        tape.gradient(y, x)
        assert inner() is not None
        del y
        assert inner() is None

    def test_a_training_loop_keeps_the_variable_in_place(self):
        x = Variable(np.ones(1000))
        address = x.value.ctypes.data
        for _ in range(3):
            with GradientTape() as tape:
                y = np.sum(np.exp(x) * x)
            x.assign_sub(0.1 * tape.gradient(y, x))
            assert x.value.ctypes.data == address

    def test_memory_of_a_step_does_not_grow(self):
        x = Variable(np.ones(1000))

        def step():
            with GradientTape() as tape:
                y = np.sum(np.tanh(x * x))
            tape.gradient(y, x)

        step()
        tracemalloc.start()
        step()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            step()
        assert tracemalloc.get_traced_memory()[0] - before < 2000
        tracemalloc.stop()
