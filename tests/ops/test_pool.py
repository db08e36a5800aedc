"""max_pool and its backward against the reference: equal to the bit, on every tier, any threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from support import using_threads

FORMATS = ["channels_last", "channels_first"]

# (spatial shape, arguments)
CASES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((17,), {}),
    ((40,), {"pool_size": 3, "strides": 1, "padding": 1}),
    ((33,), {"pool_size": 3, "strides": 2, "padding": ((1, 0),), "ceil_mode": True}),
    ((31,), {"pool_size": 4, "strides": 3, "padding": "same", "dilation_rate": 2}),
    ((12, 13), {"pool_size": 2}),
    ((12, 13), {"pool_size": 3, "strides": 2, "padding": "same"}),
    ((12, 35), {"pool_size": 3, "strides": 2, "padding": 1, "ceil_mode": True}),
    ((9, 20), {"pool_size": (2, 3), "strides": (3, 1), "padding": ((1, 0), (0, 1))}),
    ((12, 13), {"pool_size": (3, 2), "strides": (1, 2), "padding": (1, 1), "dilation_rate": (2, 3)}),
    ((7, 8), {"pool_size": (7, 8)}),
    ((2, 9), {"pool_size": 3, "strides": 2, "ceil_mode": True}),
    ((20, 18), {"pool_size": 17, "strides": 1, "padding": (8, 3)}),
    ((6, 7, 8), {"pool_size": 2}),
    ((6, 7, 8), {"pool_size": (2, 3, 2), "strides": (1, 2, 3), "padding": (0, 1, 1), "ceil_mode": True}),
    ((6, 5, 9), {"pool_size": 3, "strides": (2, 1, 2), "padding": "same", "dilation_rate": (1, 2, 1)}),
]


def _shape(n: int, spatial: tuple[int, ...], channels: int, data_format: str) -> tuple[int, ...]:
    return (n, *spatial, channels) if data_format == "channels_last" else (n, channels, *spatial)


def _values(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Any:
    """Ties, infinities and NaN: half of the values are -inf, so that whole windows of them occur."""
    x = rng.integers(-2, 3, shape).astype(dtype)
    kinds = rng.random(shape)
    x[kinds < 0.5], x[kinds > 0.9], x[kinds > 0.95] = -np.inf, np.inf, np.nan
    return x


def _truth(x: Any, arguments: dict[str, Any], dy_of: Any) -> tuple[Any, ...]:
    """What the reference says: the output, the winners as positions and as taps, a gradient and that of x."""
    expected, positions = reference.max_pool(x, **arguments, return_indices=True)
    _, taps = reference.max_pool(x, **arguments, return_indices="taps")
    dy = dy_of(expected.shape)
    return expected, positions, taps, dy, reference.max_pool_backward(dy, taps, x.shape, **arguments)


def _compare(x: Any, arguments: dict[str, Any], truth: tuple[Any, ...]) -> None:
    """Everything the op returns, and its backward from each kind of winner."""
    expected, positions, taps, dy, gradient = truth
    np.testing.assert_array_equal(ops.max_pool(x, **arguments), expected, strict=True)
    for kind, winners in ((True, positions), ("taps", taps)):
        y, found = ops.max_pool(x, **arguments, return_indices=kind)
        np.testing.assert_array_equal(y, expected, strict=True)
        np.testing.assert_array_equal(found, winners, strict=True)
    for winners in (positions, taps, taps.astype(np.int32)):
        dx = ops.max_pool_backward(dy, winners, x.shape, **arguments)
        np.testing.assert_array_equal(dx, gradient, strict=True)


def _check(x: Any, arguments: dict[str, Any], dy_of: Any) -> None:
    _compare(x, arguments, _truth(x, arguments, dy_of))


@pytest.mark.parametrize("spatial, arguments", CASES)
@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("channels", [1, 5, 39])
def test_against_the_reference(
    spatial: tuple[int, ...],
    arguments: dict[str, Any],
    data_format: str,
    channels: int,
    dtype: Any,
    isa: str,
    rng: np.random.Generator,
) -> None:
    x = _values(rng, _shape(2, spatial, channels, data_format), dtype)
    _check(x, {**arguments, "data_format": data_format}, lambda s: rng.standard_normal(s).astype(dtype))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 67])
@pytest.mark.parametrize("data_format", FORMATS)
def test_sizes_around_the_lanes(
    size: int, data_format: str, dtype: Any, isa: str, rng: np.random.Generator
) -> None:
    """The vector runs along the channels in one format and along the width in the other."""
    for spatial, channels in (((4, 4), size), ((2, 2 * size), 1), ((2, size + 1), 2), ((2, 3 * size), 1)):
        x = _values(rng, _shape(1, spatial, channels, data_format), dtype)
        for arguments in (
            {"pool_size": 2},
            {"pool_size": 2, "strides": 1},
            {"pool_size": (1, 2), "strides": 3},
        ):
            _check(
                x, {**arguments, "data_format": data_format}, lambda s: rng.standard_normal(s).astype(dtype)
            )


def _check_values(x: Any, **arguments: Any) -> None:
    np.testing.assert_array_equal(
        ops.max_pool(x, **arguments), reference.max_pool(x, **arguments), strict=True
    )


@pytest.mark.parametrize("channels", [64, 96])
def test_two_rows_of_pairs(channels: int, dtype: Any, isa: str, rng: np.random.Generator) -> None:
    """Windows of four pixels go a way of their own where they are alike and of numbers alone."""
    x = rng.standard_normal((1, 6, 9, channels)).astype(dtype)
    for arguments in ({}, {"strides": (2, 1)}, {"strides": 3}, {"padding": "same"}, {"dilation_rate": 2}):
        _check_values(x, pool_size=2, **arguments)
    _check_values(x[:, :2], pool_size=3, strides=1, padding=1)  # pairs at the ends of a row, not between
    for values in ((np.nan,), (np.inf, -np.inf), (-0.0, 0.0), (0.0, -0.0)):
        special = x.copy()
        special[0, 2, 2 : 2 + len(values), channels // 2] = values
        _check_values(special, pool_size=2)


@pytest.mark.parametrize("data_format", FORMATS)
def test_large_arrays_for_any_number_of_threads(
    data_format: str, dtype: Any, rng: np.random.Generator
) -> None:
    """Outputs larger than the caches, rows cut along the width included."""
    arguments = {"pool_size": 3, "strides": 1, "padding": "same", "data_format": data_format}
    for spatial, channels in (((300, 90), 48), ((40, 2500), 16)):
        x = rng.standard_normal(_shape(1, spatial, channels, data_format)).astype(dtype)
        truth = _truth(x, arguments, lambda s: rng.standard_normal(s).astype(dtype))  # seconds, so once
        for threads in (1, 2, 3):
            with using_threads(threads):
                _compare(x, arguments, truth)


@pytest.mark.parametrize("data_format", FORMATS)
def test_windows_of_one_kind_of_value(data_format: str, dtype: Any, isa: str) -> None:
    for value in (-np.inf, np.inf, np.nan, 0.0, np.finfo(dtype).min):
        x = np.full(_shape(1, (9, 37), 19, data_format), value, dtype)
        for padding in (0, 1, "same"):
            _check(
                x,
                {"pool_size": 3, "strides": 2, "padding": padding, "data_format": data_format},
                lambda s: np.ones(s, dtype),
            )


@pytest.mark.parametrize("extent", range(1, 14))
def test_ceil_mode(extent: int, rng: np.random.Generator) -> None:
    for size in (1, 2, 3, 5):
        for stride in (1, 2, 3, 4):
            for before in range(size // 2 + 1):
                for after in range(size // 2 + 1):
                    arguments = {
                        "pool_size": size,
                        "strides": stride,
                        "padding": ((before, after),),
                        "ceil_mode": True,
                    }
                    x = rng.standard_normal((1, extent, 2))
                    try:
                        reference.max_pool(x, **arguments)
                    except ValueError:
                        with pytest.raises(ValueError, match="effective kernel size"):
                            ops.max_pool(x, **arguments)
                    else:
                        _check(x, arguments, rng.standard_normal)


def test_mostly_padding(rng: np.random.Generator) -> None:
    """Pads far beyond the image cost nothing and change nothing."""
    for data_format in FORMATS:
        x = rng.standard_normal(_shape(2, (3, 4), 3, data_format))
        arguments = {"pool_size": 21, "strides": 2, "padding": 10, "data_format": data_format}
        _check(x, arguments, rng.standard_normal)
    x = rng.standard_normal((1, 4, 2))
    half = 2**29
    y, positions = ops.max_pool(x, 2**30, 1, half, return_indices=True)
    assert y.shape == (1, 5, 2)
    np.testing.assert_array_equal(y[0, 2], x[0].max(axis=0))
    np.testing.assert_array_equal(positions[0, 2], x[0].argmax(axis=0))
    dx = ops.max_pool_backward(np.ones_like(y), positions, x.shape, 2**30, 1, half)
    assert dx.sum() == y.size
    far = ops.max_pool(x, 3, 1, 2**40, dilation_rate=2**40)  # only the middle tap meets the image
    np.testing.assert_array_equal(far, x)


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (2, 4, 4, 0), (0, 2**40, 4, 3)])
@pytest.mark.parametrize("kind", [True, "taps"])
def test_empty_batch_and_channels(shape: tuple[int, ...], kind: Any, dtype: Any) -> None:
    x = np.empty(shape, dtype)
    y, indices = ops.max_pool(x, return_indices=kind)
    assert y.shape == indices.shape == (shape[0], shape[1] // 2, 2, shape[3])
    assert y.dtype == dtype
    dx = ops.max_pool_backward(y, indices, shape)
    assert dx.shape == shape and dx.dtype == dtype
    first = (shape[0], shape[3], *shape[1:3])
    assert ops.max_pool(np.empty(first, dtype), data_format="channels_first").shape == (
        shape[0],
        shape[3],
        shape[1] // 2,
        2,
    )


def _layouts(a: Any) -> dict[str, Any]:
    """The same values in memory of other kinds."""
    twice = np.repeat(a, 2, axis=-1)
    unaligned = np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)
    packed = np.zeros(a.shape, np.dtype([("tag", "u1"), ("value", a.dtype)]))
    packed["value"] = a
    frozen = a.copy()
    frozen.flags.writeable = False
    return {
        "strided": twice[..., ::2],
        "reversed": np.ascontiguousarray(a[:, ::-1])[:, ::-1],
        "transposed": np.ascontiguousarray(a.swapaxes(0, -1)).swapaxes(0, -1),
        "big-endian": a.astype(a.dtype.newbyteorder(">")),
        "unaligned": unaligned,
        "packed": packed["value"],
        "read-only": frozen,
        "broadcast": np.broadcast_to(a[:1], a.shape),
    }


@pytest.mark.parametrize("kind", sorted(_layouts(np.zeros((1, 1, 1)))))
def test_any_memory_gives_the_same(kind: str, dtype: Any, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 6, 9, 5)).astype(dtype)
    x[1] = x[0]  # so that the broadcast array holds the same
    y, positions = ops.max_pool(x, return_indices=True)
    _, taps = ops.max_pool(x, return_indices="taps")
    dy = y.copy()
    dx = ops.max_pool_backward(dy, positions, x.shape)
    other, other_positions = ops.max_pool(_layouts(x)[kind], return_indices=True)
    np.testing.assert_array_equal(other, y, strict=True)
    np.testing.assert_array_equal(other_positions, positions)
    for winners in (positions, taps, taps.astype(np.int32)):
        found = ops.max_pool_backward(_layouts(dy)[kind], _layouts(winners)[kind], x.shape)
        np.testing.assert_array_equal(found, dx, strict=True)


WRONG = [-1, 2, 3, 6, 16, 2**31, 2**32, 2**32 + 1, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("found", WRONG)
@pytest.mark.parametrize("data_format", FORMATS)
def test_position_that_is_none_of_its_window(found: int, data_format: str) -> None:
    """The window at (0, 0) of a 4x4 plane under a 2x2 pool holds positions 0, 1, 4 and 5."""
    indices = np.array([0, 2, 8, 10]).reshape(_shape(1, (2, 2), 1, data_format))
    indices.flat[0] = found
    with pytest.raises(IndexError, match=f"max_pool_backward: indices hold {found};"):
        ops.max_pool_backward(
            np.ones(indices.shape), indices, _shape(1, (4, 4), 1, data_format), data_format=data_format
        )


@pytest.mark.parametrize(
    "found, kind", [(4, np.uint8), (255, np.uint8), (-1, np.int32), (4, np.int32), (2**31 - 1, np.int32)]
)
def test_tap_that_no_window_has(found: int, kind: Any, isa: str) -> None:
    taps = np.zeros((1, 2, 40, 3), kind)
    taps[0, 1, 33, 2] = found
    with pytest.raises(IndexError, match=f"max_pool_backward: indices hold {found};"):
        ops.max_pool_backward(np.ones(taps.shape), taps, (1, 4, 80, 3))


@pytest.mark.parametrize("data_format", FORMATS)
def test_bytes_may_name_the_first_taps_of_a_large_window(data_format: str, dtype: Any, isa: str) -> None:
    taps = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(_shape(2, (3,), 3, data_format))
    shape = _shape(2, (901,), 3, data_format)
    dy = np.arange(1, 19).reshape(taps.shape).astype(dtype)
    arguments = {"pool_size": 301, "strides": 300, "data_format": data_format}
    expected = ops.max_pool_backward(dy, taps.astype(np.int32), shape, **arguments)
    assert expected.sum() == dy.sum()
    np.testing.assert_array_equal(ops.max_pool_backward(dy, taps, shape, **arguments), expected)


def test_winner_in_the_padding() -> None:
    """The windows at the left edge have no tap 0, 3 or 6 in the image; position 7 ends the row before."""
    dy = np.ones((1, 2, 2, 1))
    with pytest.raises(IndexError, match="indices hold 6; expected a tap"):
        taps = np.full(dy.shape, 4, np.uint8)
        taps[0, 1, 0, 0] = 6
        ops.max_pool_backward(dy, taps, (1, 4, 4, 1), 3, 2, 1)
    with pytest.raises(IndexError, match="indices hold 7; expected a position"):
        positions = np.array([0, 2, 8, 10]).reshape(dy.shape)
        positions[0, 1, 0, 0] = 7
        ops.max_pool_backward(dy, positions, (1, 4, 4, 1), 3, 2, 1)


def test_the_first_wrong_winner_is_named_whatever_the_threads() -> None:
    taps = np.zeros((64, 30, 30, 32), np.uint8)
    taps[3:, 5, 7, 9] = np.arange(100, 161)
    for threads in (1, 2, 3):
        with using_threads(threads), pytest.raises(IndexError, match="indices hold 100;"):
            ops.max_pool_backward(np.zeros(taps.shape, np.float32), taps, (64, 60, 60, 32))
