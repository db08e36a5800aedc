"""GradientTape: what is recorded, what it gives, what it keeps alive, and what it refuses."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import foldgate
from foldgate import GradientTape, Tensor, Variable


def test_arrays_come_out_where_nothing_is_recorded():
    x = Tensor(np.ones(3))
    assert type(x + 1.0) is type(np.sum(x, keepdims=True)) is type(x[1:]) is np.ndarray
    assert isinstance(np.sum(x), np.floating)
    with GradientTape() as tape:
        tape.watch(x)
        with foldgate.no_grad():
            assert type(np.exp(x)) is np.ndarray
        with tape.stop_recording():
            assert type(np.exp(x)) is np.ndarray
        assert type(np.exp(x)) is Tensor
        assert type(np.exp(np.ones(3))) is np.ndarray
    assert type(np.exp(x)) is np.ndarray


def test_what_is_not_watched_is_a_constant():
    x, y = Tensor(np.ones(2)), Variable(np.ones(2), trainable=False)
    with GradientTape() as tape:
        z = np.sum(x * y)
        assert type(z) is Tensor
    assert tape.gradient(z, [x, y]) == [None, None]


def test_variables_are_watched_as_they_are_used():
    a, b, c = (Variable(np.full(2, float(i)), name=f"v{i}") for i in range(3))
    with GradientTape() as tape:
        y = np.sum(a * a) + np.sum(b * 3.0)
    assert [v.name for v in tape.watched_variables()] == ["v0", "v1"]
    da, nested = tape.gradient(y, (a, {"b": b, "c": [c]}))
    assert da.tolist() == [0.0, 0.0] and nested["b"].tolist() == [3.0, 3.0] and nested["c"] == [None]
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(a)
        y = np.sum(a * b)
    da, db = tape.gradient(y, [a, b], unconnected_gradients="zero")
    assert (da.tolist(), db.tolist()) == ([1.0, 1.0], [0.0, 0.0])
    assert tape.watched_variables() == (a,)


def test_output_gradients_and_several_targets():
    x = Tensor(np.array([1.0, 2.0]))
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = x * x, np.sum(3.0 * x)
    assert tape.gradient([y, z], x).tolist() == [5.0, 7.0]
    assert tape.gradient(y, x, np.array([10.0, 1.0])).tolist() == [20.0, 4.0]
    assert tape.gradient({"y": y, "z": z}, [x], {"y": np.zeros(2), "z": 2.0})[0].tolist() == [6.0, 6.0]
    assert tape.gradient(x, x).tolist() == [1.0, 1.0]


def test_a_source_in_the_middle():
    x = Tensor(np.array([2.0]))
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
        z = y * y + x
    dx, dy = tape.gradient(z, [x, y])
    assert (dx.tolist(), dy.tolist()) == ([33.0], [8.0])


def test_gradients_share_no_memory():
    a, b = Tensor(np.ones((2, 2))), Tensor(np.ones((2, 2)))
    with GradientTape() as tape:
        tape.watch([a, b])
        y = a + b
    seed = np.ones((2, 2))
    da, db = tape.gradient(y, [a, b], seed)
    da += 1.0
    assert db.tolist() == seed.tolist() == np.ones((2, 2)).tolist()


def test_a_tape_gives_gradients_once_unless_persistent():
    x = Variable(np.ones(2))
    with GradientTape() as tape:
        y = np.sum(x * x)
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, x)
    with tape:  # and may be used anew
        y = np.sum(3.0 * x)
    assert tape.gradient(y, x).tolist() == [3.0, 3.0]
    with GradientTape(persistent=True) as tape:
        y = np.sum(x * x)
    assert tape.gradient(y, x).tolist() == tape.gradient(y, x).tolist() == [2.0, 2.0]


def test_two_tapes_record_the_same():
    x = Variable(np.array(3.0))
    with GradientTape() as outer, GradientTape() as inner:
        y = x * x
    assert (inner.gradient(y, x), outer.gradient(y, x)) == (6.0, 6.0)


def test_second_and_third_order():
    x = Variable(np.array(2.0))
    with GradientTape() as third:
        with GradientTape() as second:
            with GradientTape() as first:
                y = x**4
            d1 = first.gradient(y, x)
        d2 = second.gradient(d1, x)
    assert (float(d1), float(d2), float(third.gradient(d2, x))) == (32.0, 48.0, 48.0)


def test_persistent_tape_records_its_own_gradients():
    x = Variable(np.array(2.0))
    with GradientTape(persistent=True) as tape:
        y = x * x * x
        d1 = tape.gradient(y, x)
    assert tape.gradient(d1, x) == 12.0
    with GradientTape() as tape:  # inside its block, one that is not persistent ends there
        d1 = tape.gradient(x * x, x)
        assert type(d1) is np.ndarray and isinstance(x * x, np.floating)


def test_an_outer_tape_sees_what_the_inner_one_does_not_watch():
    a, b = Tensor(np.array(2.0)), Tensor(np.array(5.0))
    with GradientTape() as outer:
        outer.watch(a)
        with GradientTape() as inner:
            inner.watch(b)
            y = a * b * b
        db = inner.gradient(y, b)
    assert (float(db), float(outer.gradient(db, a))) == (20.0, 10.0)


def test_stop_gradient():
    x = Variable(np.array(3.0))
    with GradientTape() as tape:
        y = x * foldgate.stop_gradient(x * 2.0)
    assert tape.gradient(y, x) == 6.0
    array = np.ones(2)
    assert foldgate.stop_gradient(array) is array


def test_no_grad_decorates_and_tapes_inside_record():
    x = Variable(np.array(3.0))

    @foldgate.no_grad()
    def inside():
        assert isinstance(x * x, np.floating)
        with GradientTape() as tape:
            y = x * x
        return tape.gradient(y, x)

    with GradientTape() as outer:
        assert inside() == 6.0
        y = x * 2.0
    assert outer.gradient(y, x) == 2.0


def test_reset_forgets():
    x = Variable(np.array(3.0))
    with GradientTape() as tape:
        before = x * x
        tape.reset()
        after = x * 2.0
    assert tape.gradient([before, after], x) == 2.0


def test_a_tensor_of_an_earlier_tape_can_be_watched():
    x = Variable(np.array(3.0))
    with GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with GradientTape() as tape:
        tape.watch(y)
        z = y * y
    assert tape.gradient(z, y) == 18.0


def test_only_what_leads_to_the_sources_is_computed():
    calls = []

    @foldgate.custom_gradient
    def seen(x, name):
        return x * 1.0, lambda dy: (calls.append(name), (dy, None))[1]

    a, b = Variable(np.ones(2)), Variable(np.ones(2))
    with GradientTape() as tape:
        y = np.sum(seen(a, "a") * seen(b, "b"))
    tape.gradient(y, b)
    assert calls == ["b"]


def test_threads_have_tapes_of_their_own():
    x, found, barrier = Variable(np.arange(3.0)), {}, threading.Barrier(4)

    def work(scale):
        for _ in range(50):
            with GradientTape() as tape:
                barrier.wait()
                y = np.sum(x * x * scale)
                barrier.wait()
            found.setdefault(scale, []).append(tape.gradient(y, x))

    with GradientTape() as outer:
        threads = [threading.Thread(target=work, args=(float(i),)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert outer.watched_variables() == ()
    for scale in range(4):
        assert len(found[scale]) == 50
        for gradient in found[scale]:
            np.testing.assert_array_equal(gradient, 2.0 * scale * np.arange(3.0))


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


class TestVariable:
    def test_assignments_count_versions(self):
        v = Variable(np.array([1.0, 2.0], np.float32), name="v")
        assert (v.version, v.name, v.trainable, v.dtype) == (0, "v", True, np.float32)
        assert v.assign([3.0, 4.0]).assign_add([1.0, 1.0]).assign_sub(np.array([4.0, 0.0])) is v
        assert (v.version, v.value.tolist()) == (3, [0.0, 5.0])
        v.writable()[:] = 7.0
        assert (v.version, v.value.tolist()) == (4, [7.0, 7.0])

    @pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
    def test_a_value_that_was_taken_stays(self, shape):
        v = Variable(np.ones(shape))
        for change in (lambda: v.assign(np.zeros(shape)), lambda: v.writable().fill(2.0)):
            value, before = v.value, v.value.tolist()
            change()
            assert value.tolist() == before != v.value.tolist()

    def test_what_was_read_stays(self):
        v = Variable(np.array([2.0]))
        value = v.value
        with GradientTape(persistent=True) as tape:
            y = v * v
            v.assign([5.0])
            z = v * v
        assert (value.tolist(), y.numpy().tolist(), z.numpy().tolist()) == ([2.0], [4.0], [25.0])
        assert (tape.gradient(y, v).tolist(), tape.gradient(z, v).tolist()) == ([4.0], [10.0])
        assert tape.gradient([y, z], v).tolist() == [14.0]
        with pytest.raises(ValueError, match="read-only"):
            value[0] = 1.0

    def test_dtypes(self):
        assert Variable([1.0, 2.0]).dtype == np.float32
        assert Variable(np.ones(2)).dtype == np.float64
        assert Variable(np.ones(2), dtype=np.float32).dtype == np.float32
        assert Variable(Tensor(np.ones(2))).dtype == np.float64
        assert Variable(3).dtype == np.int64

    def test_its_value_is_a_copy(self):
        array = np.ones(2)
        v = Variable(array)
        array[0] = 5.0
        assert v.value.tolist() == [1.0, 1.0]

    def test_wrong_assignments(self):
        v = Variable(np.ones(2, np.float32), name="bias")
        with pytest.raises(
            ValueError, match=r"assign: value has shape \(3,\); expected \(2,\), that of Variable 'bias'"
        ):
            v.assign(np.ones(3))
        with pytest.raises(TypeError, match="assign_add: value has dtype complex128; expected float32"):
            v.assign_add(np.ones(2, complex))
        assert (v.version, v.value.tolist()) == (0, [1.0, 1.0])

    def test_pickle_and_copy(self):
        import copy
        import pickle

        v = Variable(np.ones(2), trainable=False, name="w")
        for again in (pickle.loads(pickle.dumps(v)), copy.deepcopy(v)):
            assert (again.name, again.trainable, again.value.tolist()) == ("w", False, [1.0, 1.0])
            again.assign([2.0, 2.0])
        assert v.value.tolist() == [1.0, 1.0]
        assert pickle.loads(pickle.dumps(Tensor(np.ones(2)))).numpy().tolist() == [1.0, 1.0]


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
