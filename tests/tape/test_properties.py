"""Broadcasting, indexing and einsum on drawn shapes: the gradient is the adjoint, checked by differences."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import foldgate

FEW = settings(max_examples=60, deadline=None)


def values(shape, seed):
    return np.random.default_rng(seed).uniform(0.5, 2.0, shape)


@FEW
@given(
    hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3, min_side=0), st.integers(0, 99)
)
def test_broadcasting(shapes, seed):
    operands = [values(shape, seed + i) for i, shape in enumerate(shapes.input_shapes)]
    foldgate.check_gradients(lambda x, y, z: x * y / z - np.maximum(x, z) ** y, *operands)


@FEW
@given(st.data())
def test_indexing(data):
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=4))
    kinds = [hnp.basic_indices(shape, allow_newaxis=True), hnp.integer_array_indices(shape, dtype=np.intp)]
    key = data.draw(st.one_of(*kinds, hnp.arrays(np.bool_, shape)))
    x = values(shape, 0)
    foldgate.check_gradients(lambda x: np.square(x[key]), x)


@FEW
@given(
    hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3),
    st.integers(0, 99),
)
def test_matmul(shapes, seed):
    foldgate.check_gradients(
        np.matmul, *[values(shape, seed + i) for i, shape in enumerate(shapes.input_shapes)]
    )


@FEW
@given(
    st.lists(st.text("abc", max_size=3).filter(lambda s: len(set(s)) == len(s)), min_size=1, max_size=3),
    st.data(),
)
def test_einsum(terms, data):
    labels = sorted(set("".join(terms)))
    result = "".join(data.draw(st.permutations(labels)))[: data.draw(st.integers(0, len(labels)))]
    extents = {"a": 2, "b": 3, "c": 1}
    operands = [values([extents[label] for label in term], i) for i, term in enumerate(terms)]
    equation = ",".join(terms) + "->" + result
    foldgate.check_gradients(lambda *xs: np.einsum(equation, *xs), *operands)


@FEW
@given(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), st.data())
def test_reductions(shape, data):
    axis = data.draw(st.none() | hnp.valid_tuple_axes(len(shape), min_size=1))
    keep = data.draw(st.booleans())
    x = np.random.default_rng(1).permutation(np.arange(1.0, 1 + np.prod(shape))).reshape(shape) / 8
    for reduce in (np.sum, np.mean, np.max, np.min, np.var):
        foldgate.check_gradients(lambda x, f=reduce: f(x, axis, keepdims=keep), x)
