"""Transposed convolution, forward and backward: exact on whole numbers, within the bound elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conv_transpose_cases import CASES, Case, name_of
from foldgate import ops, reference
from support import assert_close, bound, integers, same_on_threads

FORMATS = ["channels_last", "channels_first"]
NAMES = ["dx", "dkernel", "dbias"]


def integer_operands(case: Case, rng: np.random.Generator, dtype: Any, data_format: str) -> Any:
    shapes = (case.x_shape(data_format), case.kernel_shape, (case.out,))
    return [integers(rng, shape, dtype) for shape in shapes]


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_exact_on_whole_numbers(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, bias = integer_operands(case, rng, dtype, data_format)
    options = {**case.options, "data_format": data_format}
    y = reference.conv_transpose(x, kernel, bias, **options)
    assert_close(ops.conv_transpose(x, kernel, bias, **options), y, 0)
    dy = integers(rng, y.shape, dtype)
    found = ops.conv_transpose_backward(dy, x, kernel, **options)
    expected = reference.conv_transpose_backward(dy, x, kernel, **options)
    for name, a, e in zip(NAMES, found, expected, strict=True):
        assert_close(a, e, 0, name)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("activation", ["relu", "relu6", "tanh", "sigmoid"])
@pytest.mark.parametrize("case", CASES[4::5], ids=name_of)
def test_through_an_activation(
    case: Case, activation: str, data_format: str, dtype: Any, rng: np.random.Generator
) -> None:
    options = {**case.options, "data_format": data_format, "activation": activation}
    shapes = (case.x_shape(data_format), case.kernel_shape, (case.out,))
    x, kernel, bias = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    y = reference.conv_transpose(x, kernel, bias, **options)
    terms = int(np.prod(case.size)) * case.channels
    assert_close(ops.conv_transpose(x, kernel, bias, **options), y, bound(dtype, terms, x, kernel))
    dy = rng.standard_normal(y.shape).astype(dtype)
    found = ops.conv_transpose_backward(dy, x, kernel, y=y, **options)
    expected = reference.conv_transpose_backward(dy, x, kernel, y=y, **options)
    sums = {"dx": int(np.prod(case.size)) * case.out, "dkernel": x.size, "dbias": dy.size}
    others = {"dx": kernel, "dkernel": x, "dbias": None}
    for name, a, e in zip(NAMES, found, expected, strict=True):
        assert_close(a, e, bound(dtype, sums[name], dy, others[name]), name)


@pytest.mark.parametrize("algorithm", ["direct", "im2col"])
@pytest.mark.parametrize("case", CASES[8:14], ids=name_of)
def test_every_algorithm_gives_the_same(case: Case, algorithm: str, rng: np.random.Generator) -> None:
    x, kernel, bias = integer_operands(case, rng, np.float32, "channels_last")
    expected = reference.conv_transpose(x, kernel, bias, **case.options)
    assert_close(ops.conv_transpose(x, kernel, bias, algorithm=algorithm, **case.options), expected, 0)


@pytest.mark.parametrize("data_format", FORMATS)
def test_bit_identical_for_any_number_of_threads(data_format: str, rng: np.random.Generator) -> None:
    case = Case((40, 41), 33, 40, (3, 3), {"strides": 2})
    x = rng.standard_normal(case.x_shape(data_format)).astype(np.float32)
    kernel = rng.standard_normal(case.kernel_shape).astype(np.float32)
    bias = rng.standard_normal(case.out).astype(np.float32)
    options = {**case.options, "data_format": data_format, "activation": "tanh"}

    def both() -> Any:
        y = ops.conv_transpose(x, kernel, bias, **options)
        return y, ops.conv_transpose_backward(y, x, kernel, y=y, **options)

    same_on_threads(both)


@pytest.mark.parametrize("data_format", FORMATS)
def test_empty_batch(data_format: str, dtype: Any) -> None:
    case = CASES[10]
    x, kernel = np.zeros((0, *case.x_shape(data_format)[1:]), dtype), np.ones(case.kernel_shape, dtype)
    y = ops.conv_transpose(x, kernel, np.ones(case.out, dtype), data_format=data_format)
    assert y.shape == reference.conv_transpose(x, kernel, data_format=data_format).shape
    dx, dkernel, dbias = ops.conv_transpose_backward(y, x, kernel, data_format=data_format)
    assert dx is not None and dx.shape == x.shape
    np.testing.assert_array_equal(dkernel, np.zeros_like(kernel))
    np.testing.assert_array_equal(dbias, np.zeros(case.out, dtype))


def test_what_is_not_needed_is_none(rng: np.random.Generator) -> None:
    x, kernel, _ = integer_operands(CASES[0], rng, np.float32, "channels_last")
    dy = np.ones_like(ops.conv_transpose(x, kernel))
    full = ops.conv_transpose_backward(dy, x, kernel)
    for skipped in NAMES:
        some = ops.conv_transpose_backward(dy, x, kernel, **{f"need_{skipped}": False})
        assert getattr(some, skipped) is None
        for field in set(NAMES) - {skipped}:
            np.testing.assert_array_equal(getattr(some, field), getattr(full, field))
