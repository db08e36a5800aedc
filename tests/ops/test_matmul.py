"""Matrix products: exact on whole numbers for every tier, shape around the tiles and number of threads."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from support import assert_close, bound, integers, same_on_threads

# Around one row, the tiles' heights (6 and 14), a block; one lane, the lanes (4, 8, 16) and the panels (32).
ROWS = [0, 1, 2, 7, 13, 14, 15, 29, 70]
DEPTHS = [0, 1, 7, 17, 130, 1100]
COLUMNS = [0, 1, 3, 4, 15, 16, 17, 33, 65]


def stored(matrix: np.ndarray[Any, Any], transposed: bool) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(np.swapaxes(matrix, -1, -2)) if transposed else matrix


@pytest.mark.parametrize(
    "transposes", list(itertools.product([False, True], repeat=2)), ids=["ab", "abt", "atb", "atbt"]
)
def test_whole_numbers_are_exact_on_every_tier(
    rng: np.random.Generator, isa: str, dtype: Any, transposes: tuple[bool, bool]
) -> None:
    for m, k, n in itertools.product(ROWS, DEPTHS, COLUMNS):
        a, b, bias = (integers(rng, shape, dtype) for shape in ((m, k), (k, n), (n,)))
        found = ops.matmul(
            stored(a, transposes[0]),
            stored(b, transposes[1]),
            bias,
            transpose_a=transposes[0],
            transpose_b=transposes[1],
            activation="relu",
        )
        np.testing.assert_array_equal(found, np.maximum(a @ b + bias, 0), err_msg=f"{(m, k, n)}")


@pytest.mark.parametrize("shape", [(300, 700, 300), (1, 3000, 1500), (20, 2500, 333), (2000, 1200, 2)])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_threads_change_no_bit(
    rng: np.random.Generator, isa: str, dtype: Any, shape: tuple[int, int, int], transpose_b: bool
) -> None:
    m, k, n = shape
    a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((k, n)).astype(dtype)
    c = same_on_threads(lambda: ops.matmul(a, stored(b, transpose_b), transpose_b=transpose_b))
    expected = (a.astype(np.float64) @ b.astype(np.float64)).astype(dtype)
    assert_close(c, expected, bound(dtype, k, a, b))


@pytest.mark.parametrize("activation", [None, "linear", "relu", "relu6", "tanh", "sigmoid"])
def test_activation_follows_the_bias(
    rng: np.random.Generator, isa: str, dtype: Any, activation: str | None
) -> None:
    a, b, bias = (rng.standard_normal(shape).astype(dtype) for shape in ((9, 21), (21, 37), (37,)))
    expected = reference.matmul(*(v.astype(np.float64) for v in (a, b, bias)), activation=activation)
    assert_close(
        ops.matmul(a, b, bias, activation=activation), expected.astype(dtype), bound(dtype, 21, a, b)
    )


@pytest.mark.parametrize(
    ("a_shape", "b_shape"),
    [
        ((4, 3, 5), (5, 6)),
        ((3, 5), (4, 5, 6)),
        ((3, 1, 4, 5), (2, 5, 6)),
        ((1, 2, 3), (7, 3, 1)),
        ((0, 2, 3), (3, 4)),
    ],
)
def test_leading_axes_broadcast_as_numpys(
    rng: np.random.Generator, a_shape: tuple[int, ...], b_shape: tuple[int, ...]
) -> None:
    a, b = integers(rng, a_shape, np.float64), integers(rng, b_shape, np.float64)
    np.testing.assert_array_equal(ops.matmul(a, b), a @ b)


def test_any_number_of_empty_matrices_costs_nothing() -> None:
    assert ops.matmul(np.ones((2**45, 0, 4)), np.ones((4, 5))).shape == (2**45, 0, 5)


@pytest.mark.parametrize("shape", [(3, 40, 33), (1, 40, 33), (3, 40, 2)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_reach_their_row_and_no_other(
    isa: str, dtype: Any, shape: tuple[int, int, int], value: float
) -> None:
    m, k, n = shape
    a, b = np.ones((m, k), dtype), np.ones((k, n), dtype)
    a[-1, k // 2] = value
    found = ops.matmul(a, b, activation="relu")
    np.testing.assert_array_equal(found[-1], np.full(n, value, dtype))
    np.testing.assert_array_equal(found[:-1], np.full((m - 1, n), k, dtype))


def test_any_strides_alignment_and_byte_order(rng: np.random.Generator, dtype: Any) -> None:
    a, b = integers(rng, (12, 10), dtype), integers(rng, (10, 8), dtype)
    unaligned = np.empty(a.nbytes + 1, np.uint8)[1:].view(dtype).reshape(a.shape)
    unaligned[...] = a
    read_only = a.copy()
    read_only.setflags(write=False)
    swapped = a.astype(a.dtype.newbyteorder())
    for variant in (unaligned, read_only, swapped, np.asfortranarray(a), a[::-1][::-1]):
        np.testing.assert_array_equal(ops.matmul(variant, b), a @ b)
    np.testing.assert_array_equal(ops.matmul(a[::2, ::-1], b), a[::2, ::-1] @ b)
    np.testing.assert_array_equal(ops.matmul(np.broadcast_to(a[:1], a.shape), b), np.repeat(a[:1], 12, 0) @ b)


@pytest.mark.parametrize(
    ("a", "b", "keywords", "error", "words"),
    [
        ([[1.0]], np.ones((1, 1)), {}, TypeError, "matmul: a is a list; expected a numpy.ndarray"),
        (
            np.ones((1, 1), int),
            np.ones((1, 1)),
            {},
            TypeError,
            "a has dtype int64; expected float32 or float64",
        ),
        (
            np.ones((1, 1), np.float32),
            np.ones((1, 1)),
            {},
            TypeError,
            "b has dtype float64 but a has dtype float32",
        ),
        (np.ones(3), np.ones((3, 1)), {}, ValueError, r"a has shape \(3,\); expected at least 2 axes"),
        (
            np.ones((2, 3)),
            np.ones((4, 5)),
            {},
            ValueError,
            r"\(2, 3\) and b has shape \(4, 5\), which contract 3 with 4",
        ),
        (
            np.ones((2, 1, 3)),
            np.ones((2, 3, 1)),
            {"bias": np.ones(2)},
            ValueError,
            r"bias has shape \(2,\); expected \(1,\)",
        ),
        (np.ones((2, 1, 3)), np.ones((3, 3, 1)), {}, ValueError, r"leading axes \(2,\) and b has \(3,\)"),
        (
            np.ones((1, 1)),
            np.ones((1, 1)),
            {"activation": "gelu"},
            ValueError,
            "activation is 'gelu'; expected None",
        ),
    ],
)
def test_errors_name_the_argument_and_the_value(
    a: Any, b: Any, keywords: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        ops.matmul(a, b, **keywords)
