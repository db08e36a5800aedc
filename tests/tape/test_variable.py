"""Variables: values, versions, dtypes, copies."""

from __future__ import annotations

import numpy as np
import pytest

from foldgate import GradientTape, Tensor, Variable


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
