"""GradientTape: what is recorded and what it gives."""

from __future__ import annotations

import threading

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
