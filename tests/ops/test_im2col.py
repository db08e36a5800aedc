"""im2col and col2im: the reference's numbers to the last bit, and every refusal's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conv_cases import AROUND_LANES, DEPTHWISE, OPTIONS, Case, name_of
from foldgate import ops, reference
from support import assert_close, integers, using_threads

FORMATS = ["channels_last", "channels_first"]
CASES = [*AROUND_LANES[::3], *OPTIONS, *DEPTHWISE[::4], Case((2, 70), 40, 1, (1, 3), {"padding": "same"})]


def window_options(case: Case, data_format: str) -> dict[str, Any]:
    options = {key: value for key, value in case.options.items() if key != "groups"}
    return {**options, "data_format": data_format}


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_same_as_the_reference(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x = rng.standard_normal(case.x_shape(data_format)).astype(dtype)
    options = window_options(case, data_format)
    columns = ops.im2col(x, case.size, **options)
    assert_close(columns, reference.im2col(x, case.size, **options), 0)
    whole = integers(rng, columns.shape, dtype)
    assert_close(
        ops.col2im(whole, x.shape, case.size, **options),
        reference.col2im(whole, x.shape, case.size, **options),
        0,
    )


@pytest.mark.parametrize("data_format", FORMATS)
def test_bit_identical_for_any_number_of_threads(data_format: str, rng: np.random.Generator) -> None:
    case = Case((60, 61), 30, 1, (3, 3), {"padding": 1, "strides": (1, 2)})
    x = rng.standard_normal(case.x_shape(data_format)).astype(np.float32)
    options = window_options(case, data_format)
    results = []
    for threads in (1, 2, 3):
        with using_threads(threads):
            columns = ops.im2col(x, case.size, **options)
            results.append((columns, ops.col2im(columns, x.shape, case.size, **options)))
    for columns, image in results[1:]:
        np.testing.assert_array_equal(columns, results[0][0])
        np.testing.assert_array_equal(image, results[0][1])


@pytest.mark.parametrize("data_format", FORMATS)
def test_empty_batch(data_format: str, dtype: Any) -> None:
    case = OPTIONS[4]._replace(batch=0)
    x, options = np.zeros(case.x_shape(data_format), dtype), window_options(case, data_format)
    columns = ops.im2col(x, case.size, **options)
    assert_close(columns, reference.im2col(x, case.size, **options), 0)
    assert_close(ops.col2im(columns, x.shape, case.size, **options), x, 0)


def test_the_product_with_the_kernel_is_the_convolution(dtype: Any, rng: np.random.Generator) -> None:
    x, kernel = integers(rng, (2, 6, 7, 5), dtype), integers(rng, (3, 2, 5, 4), dtype)
    columns = ops.im2col(x, (3, 2), strides=2, padding="same")
    product = ops.matmul(columns, kernel.reshape(-1, 4))
    assert_close(product, ops.conv(x, kernel, strides=2, padding="same"), 0)


def test_any_strides_and_byte_order(dtype: Any, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 6, 7, 4)).astype(dtype)
    expected = reference.im2col(x, 3)
    for other in (np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2], x.astype(x.dtype.newbyteorder(">"))):
        assert_close(ops.im2col(other, 3), expected, 0)
        image = ops.col2im(np.asfortranarray(expected), x.shape, 3)
        np.testing.assert_array_equal(image, ops.col2im(expected, x.shape, 3))


X, COLUMNS = np.zeros((2, 7, 8, 6), np.float32), np.zeros((2, 5, 6, 54), np.float32)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": X.astype(np.int32)}, TypeError, "x has dtype int32; expected float32 or float64"),
        ({"x": X[0, 0]}, ValueError, "x has 2 axes; expected 3, 4 or 5: batch, channels"),
        ({"x": X[..., :0]}, ValueError, "x has 0 channels; expected at least 1"),
        (
            {"kernel_size": 9},
            ValueError,
            "the effective kernel size (kernel - 1) * dilation + 1 is 9",
        ),
        ({"kernel_size": 0}, ValueError, "kernel_size is 0; expected ints of at least 1"),
        (
            {"kernel_size": (3, 3, 3)},
            ValueError,
            "kernel_size is (3, 3, 3); expected an int or a tuple of 2 ints",
        ),
        ({"kernel_size": 3.0}, TypeError, "kernel_size is 3.0; expected an int or a tuple of 2 ints"),
        ({"padding": "causal"}, ValueError, "padding is 'causal'; expected"),
        ({"data_format": "last"}, ValueError, "data_format is 'last'; expected"),
    ],
)
def test_refusals_of_im2col(change: dict[str, Any], error: type[Exception], words: str) -> None:
    arguments = {"x": X, "kernel_size": 3, **change}
    with pytest.raises(error) as raised:
        ops.im2col(**arguments)
    assert str(raised.value).startswith(f"im2col: {words}")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (
            {"columns": COLUMNS[:, :4]},
            ValueError,
            "columns has shape (2, 4, 6, 54); expected (2, 5, 6, 54)",
        ),
        (
            {"columns": COLUMNS[..., :50]},
            ValueError,
            "columns has shape (2, 5, 6, 50); expected (2, 5, 6, 54)",
        ),
        ({"columns": [1.0]}, TypeError, "columns is a list; expected a numpy.ndarray"),
        ({"input_shape": (2, 7, 8)}, ValueError, "columns has shape (2, 5, 6, 54); expected"),
        ({"input_shape": (2, 7)}, ValueError, "input_shape has 2 axes; expected 3, 4 or 5"),
        (
            {"input_shape": (2, -7, 8, 6)},
            ValueError,
            "input_shape is (2, -7, 8, 6); expected none negative",
        ),
        ({"input_shape": 7}, TypeError, "input_shape is 7; expected a tuple of ints"),
        (
            {"input_shape": (2, 7.0, 8, 6)},
            TypeError,
            "input_shape is (2, 7.0, 8, 6); expected a tuple of ints",
        ),
        ({"input_shape": (2, 2**62, 8, 6)}, ValueError, "extents"),
        ({"strides": 2}, ValueError, "columns has shape (2, 5, 6, 54); expected (2, 3, 3, 54)"),
    ],
)
def test_refusals_of_col2im(change: dict[str, Any], error: type[Exception], words: str) -> None:
    arguments = {"columns": COLUMNS, "input_shape": X.shape, "kernel_size": 3, **change}
    with pytest.raises(error) as raised:
        ops.col2im(**arguments)
    assert str(raised.value).startswith(f"col2im: {words}")
