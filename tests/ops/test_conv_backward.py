"""Convolution, backward: exact on whole numbers, each gradient alone, and every refusal's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conv_cases import AROUND_LANES, CASES, DEPTHWISE, GROUPS, OPTIONS, Case, integer_operands, name_of
from foldgate import ops, reference
from support import assert_close, bound, integers, same_on_threads

FORMATS = ["channels_last", "channels_first"]
NAMES = ["dx", "dkernel", "dbias"]


def check_equal(actual: Any, expected: Any) -> None:
    for name, a, e in zip(NAMES, actual, expected, strict=True):
        assert_close(a, e, 0, name)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_exact_on_whole_numbers(
    case: Case, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    x, kernel, _ = integer_operands(case, rng, dtype, data_format)
    options = {**case.options, "data_format": data_format}
    dy = integers(rng, reference.conv(x, kernel, **options).shape, dtype)
    check_equal(
        ops.conv_backward(dy, x, kernel, **options), reference.conv_backward(dy, x, kernel, **options)
    )


@pytest.mark.parametrize("algorithm", ["direct", "im2col", "depthwise"])
@pytest.mark.parametrize("case", [*AROUND_LANES[::4], *OPTIONS, *GROUPS, *DEPTHWISE], ids=name_of)
def test_every_algorithm_gives_the_same(case: Case, algorithm: str, rng: np.random.Generator) -> None:
    if algorithm == "depthwise" and case.groups != case.channels:
        pytest.skip("not a depthwise shape")
    for data_format in FORMATS:
        x, kernel, _ = integer_operands(case, rng, np.float32, data_format)
        options = {**case.options, "data_format": data_format}
        dy = integers(rng, reference.conv(x, kernel, **options).shape, np.float32)
        expected = reference.conv_backward(dy, x, kernel, **options)
        check_equal(ops.conv_backward(dy, x, kernel, algorithm=algorithm, **options), expected)


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("activation", ["linear", "relu", "relu6", "tanh", "sigmoid"])
@pytest.mark.parametrize("case", [OPTIONS[4], OPTIONS[6], GROUPS[1], DEPTHWISE[0], DEPTHWISE[8]], ids=name_of)
def test_through_an_activation(
    case: Case, activation: str, data_format: str, isa: str, dtype: Any, rng: np.random.Generator
) -> None:
    options = {**case.options, "data_format": data_format, "activation": activation}
    shapes = (case.x_shape(data_format), case.kernel_shape, (case.out,))
    x, kernel, bias = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    y = ops.conv(x, kernel, bias, **options)
    dy = rng.standard_normal(y.shape).astype(dtype)
    wide = [array.astype(np.float64) for array in (dy, x, kernel, y)]
    exact = reference.conv_backward(*wide[:3], y=wide[3], **options)
    actual = ops.conv_backward(dy, x, kernel, y=y, **options)
    positions = y.size // case.out
    for name, a, e, terms, operands in zip(
        NAMES,
        actual,
        exact,
        [int(np.prod(case.size)) * case.out, positions, positions],
        [(dy, kernel), (dy, x), (dy,)],
        strict=True,
    ):
        assert e is not None
        assert_close(a, e.astype(dtype), bound(dtype, terms, *operands, factor=8), name)


@pytest.mark.parametrize("case", [OPTIONS[4], GROUPS[0], DEPTHWISE[2]], ids=name_of)
@pytest.mark.parametrize("needed", [(), ("dx",), ("dkernel",), ("dbias",), ("dx", "dbias")])
def test_each_gradient_can_be_left_out(case: Case, needed: tuple[str, ...], rng: np.random.Generator) -> None:
    x, kernel, _ = integer_operands(case, rng, np.float32)
    dy = integers(rng, reference.conv(x, kernel, **case.options).shape, np.float32)
    needs = {f"need_{name}": name in needed for name in NAMES}
    actual = ops.conv_backward(dy, x, kernel, **case.options, **needs)
    check_equal(actual, reference.conv_backward(dy, x, kernel, **case.options, **needs))


@pytest.mark.parametrize(
    "case",
    [
        Case((40, 41), 3, 40, (3, 3), {"padding": 1}, batch=3),
        Case((40, 41), 33, 40, (3, 3), {"padding": 1}, batch=3),
        Case((30, 30), 64, 96, (3, 3), {"strides": 2, "padding": 1}),
        Case((7, 7), 300, 200, (3, 3), {"padding": 1}, batch=1),
        Case((50, 50), 64, 64, (1, 1)),
        Case((15, 19), 300, 66, (1, 1)),
        Case((20, 20), 96, 64, (1, 1), {"groups": 2}),
        Case((40, 40), 64, 64, (3, 3), {"groups": 16, "padding": 1}),
        Case((64, 64), 48, 48, (3, 3), {"groups": 48, "padding": 1}),
        Case((9000,), 24, 40, (5,), {"padding": "same"}),
        Case((60, 60), 64, 2, (3, 3)),
    ],
    ids=name_of,
)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("algorithm", [None, "im2col"])
def test_bit_identical_for_any_number_of_threads(
    case: Case, data_format: str, algorithm: str | None, rng: np.random.Generator
) -> None:
    options = {**case.options, "data_format": data_format, "algorithm": algorithm}
    x = rng.standard_normal(case.x_shape(data_format)).astype(np.float32)
    kernel = rng.standard_normal(case.kernel_shape).astype(np.float32)
    dy = rng.standard_normal(ops.conv(x, kernel, **options).shape).astype(np.float32)
    found = same_on_threads(lambda: ops.conv_backward(dy, x, kernel, **options))
    positions, taps = dy.size // case.out, int(np.prod(case.size))
    expected = reference.conv_backward(dy, x, kernel, **options)
    assert_close(found.dx, expected.dx, bound(np.float32, taps * case.out, dy, kernel), "dx")
    assert_close(found.dkernel, expected.dkernel, bound(np.float32, positions, dy, x), "dkernel")
    assert_close(found.dbias, expected.dbias, bound(np.float32, positions, dy), "dbias")


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("case", [OPTIONS[4], OPTIONS[6], GROUPS[1], DEPTHWISE[0]], ids=name_of)
def test_empty_batch_has_zero_gradients(case: Case, data_format: str, dtype: Any) -> None:
    case = case._replace(batch=0)
    x, kernel = np.zeros(case.x_shape(data_format), dtype), np.ones(case.kernel_shape, dtype)
    options = {**case.options, "data_format": data_format}
    dy = np.zeros(reference.conv(x, kernel, **options).shape, dtype)
    check_equal(
        ops.conv_backward(dy, x, kernel, **options), reference.conv_backward(dy, x, kernel, **options)
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(
    "case",
    [
        Case((7, 7), 20, 18, (3, 3)),
        Case((7, 7), 3, 18, (3, 3)),
        Case((7, 7), 2, 18, (3, 3), {"strides": 2}),
        Case((7, 7), 16, 16, (3, 3), {"groups": 8}),
        Case((7, 7), 16, 16, (3, 3), {"groups": 16}),
    ],
    ids=name_of,
)
def test_what_is_not_finite_reaches_those_that_see_it_alone(
    case: Case, value: float, isa: str, rng: np.random.Generator
) -> None:
    x, kernel, _ = integer_operands(case, rng, np.float32)
    kernel[kernel == 0] = 1
    x[x == 0] = 1
    dy = integers(rng, reference.conv(x, kernel, **case.options).shape, np.float32)
    dy[1, 1, 2, 3] = value
    with np.errstate(invalid="ignore"):
        expected = reference.conv_backward(dy, x, kernel, **case.options)
    check_equal(ops.conv_backward(dy, x, kernel, **case.options), expected)


@pytest.mark.parametrize("data_format", FORMATS)
def test_any_strides_alignment_and_byte_order(data_format: str, dtype: Any, rng: np.random.Generator) -> None:
    x, kernel, _ = integer_operands(OPTIONS[4], rng, dtype, data_format)
    options = {**OPTIONS[4].options, "data_format": data_format, "activation": "relu"}
    y = reference.conv(x, kernel, **options)
    dy = integers(rng, y.shape, dtype)
    expected = reference.conv_backward(dy, x, kernel, y=y, **options)

    def check(*operands: Any) -> None:
        check_equal(ops.conv_backward(*operands[:3], y=operands[3], **options), expected)

    operands = (dy, x, kernel, y)
    check(*(np.asfortranarray(a) for a in operands))
    check(*(np.repeat(a, 2, axis=-1)[..., ::2] for a in operands))
    check(*(a.astype(a.dtype.newbyteorder(">")) for a in operands))
    check(
        *(np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape) for a in operands)
    )


X, KERNEL = np.zeros((2, 7, 8, 6), np.float32), np.zeros((3, 3, 6, 4), np.float32)
DY = np.zeros((2, 5, 6, 4), np.float32)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"dy": DY[:, :4]}, ValueError, "dy has shape (2, 4, 6, 4); expected (2, 5, 6, 4)"),
        ({"dy": DY[:1]}, ValueError, "dy has shape (1, 5, 6, 4); expected (2, 5, 6, 4)"),
        ({"dy": DY[..., 0]}, ValueError, "dy has shape (2, 5, 6); expected (2, 5, 6, 4)"),
        (
            {"dy": DY.astype(np.float64)},
            TypeError,
            "dy has dtype float64 but x has dtype float32",
        ),
        ({"dy": None}, TypeError, "dy is a NoneType; expected a numpy.ndarray"),
        ({"y": DY[:, :4]}, ValueError, "y has shape (2, 4, 6, 4); expected (2, 5, 6, 4)"),
        (
            {"activation": "tanh"},
            ValueError,
            "y is None with activation 'tanh'; expected what conv returned",
        ),
        (
            {"groups": 3},
            ValueError,
            "kernel has 6 input channels per group but x has 6 channels in 3",
        ),
        ({"strides": 0}, ValueError, "strides is 0; expected ints of at least 1"),
        ({"algorithm": "depthwise"}, ValueError, "algorithm is 'depthwise' but groups is 1"),
    ],
)
def test_refusals(change: dict[str, Any], error: type[Exception], words: str) -> None:
    arguments = {"dy": DY, "x": X, "kernel": KERNEL, **change}
    with pytest.raises(error) as raised:
        ops.conv_backward(arguments.pop("dy"), arguments.pop("x"), arguments.pop("kernel"), **arguments)
    assert str(raised.value).startswith(f"conv_backward: {words}")
