"""Random convolutions, pools and columns: against the reference, their adjoints, any number of threads."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import foldgate
from foldgate import ops, reference

CHECKED = settings(deadline=None, derandomize=True, max_examples=250)


class Case(NamedTuple):
    """A window over an image of whole numbers, so that sums are exact in any order."""

    x: np.ndarray
    size: tuple[int, ...]
    arguments: dict[str, Any]
    seed: int

    def integers(self, *shape: int) -> np.ndarray:
        return np.random.default_rng(self.seed).integers(-4, 5, shape).astype(self.x.dtype)

    @property
    def channels(self) -> int:
        return self.x.shape[-1 if self.arguments["data_format"] == "channels_last" else 1]


@st.composite
def windows(draw: st.DrawFn, pool: bool = False) -> Case:
    rank = draw(st.integers(1, 3))
    longest = (40, 12, 7)[rank - 1]
    axes = st.tuples(*[st.integers(1, 4)] * rank)
    size, strides = draw(axes), draw(axes)
    dilation = draw(st.tuples(*[st.integers(1, 3)] * rank))
    effective = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    pads: Any = tuple((draw(st.integers(0, e // 2)), draw(st.integers(0, e // 2))) for e in effective)
    padding = draw(st.sampled_from([pads, "same", "valid"]))
    spatial = draw(st.tuples(*[st.integers(1, longest)] * rank))
    batch, channels = draw(st.integers(0, 3)), draw(st.integers(1, 20))
    data_format = draw(st.sampled_from(["channels_last", "channels_first"]))
    shape = (batch, *spatial, channels) if data_format == "channels_last" else (batch, channels, *spatial)
    arguments = {
        "strides": strides,
        "padding": padding,
        "data_format": data_format,
        "dilation_rate": dilation,
    }
    if pool:
        arguments["ceil_mode"] = padding != "same" and draw(st.booleans())
    seed = draw(st.integers(0, 2**32))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    x = np.random.default_rng(seed + 1).integers(-4, 5, shape).astype(dtype)
    return Case(x, size, arguments, seed)


def fits(case: Case) -> None:
    """Cases without a whole window are errors, and tested as such elsewhere."""
    try:
        reference.max_pool(case.x[:0], case.size, **{**case.arguments, "padding": case.arguments["padding"]})
    except ValueError:
        assume(False)


def same(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected, strict=True)


@CHECKED
@given(windows(pool=True))
def test_max_pool(case: Case) -> None:
    fits(case)
    for kind in (True, "taps"):
        y, indices = ops.max_pool(case.x, case.size, **case.arguments, return_indices=kind)
        expected, winners = reference.max_pool(case.x, case.size, **case.arguments, return_indices=kind)
        same(y, expected)
        same(indices, winners)
        dy = case.integers(*y.shape)
        dx = ops.max_pool_backward(dy, indices, case.x.shape, case.size, **case.arguments)
        same(dx, reference.max_pool_backward(dy, indices, case.x.shape, case.size, **case.arguments))
        assert dx.sum() == dy.sum()  # every dy arrives once


@CHECKED
@given(windows())
def test_im2col_and_its_adjoint(case: Case) -> None:
    fits(case)
    columns = ops.im2col(case.x, case.size, **case.arguments)
    same(columns, reference.im2col(case.x, case.size, **case.arguments))
    c = case.integers(*columns.shape)
    x = ops.col2im(c, case.x.shape, case.size, **case.arguments)
    same(x, reference.col2im(c, case.x.shape, case.size, **case.arguments))
    assert np.sum(columns * c) == np.sum(case.x * x)  # <im2col(x), c> = <x, col2im(c)>


@CHECKED
@given(windows(), st.data())
def test_conv(case: Case, data: st.DataObject) -> None:
    fits(case)
    groups = data.draw(st.sampled_from([g for g in range(1, case.channels + 1) if case.channels % g == 0]))
    out = groups * data.draw(st.integers(1, 6))
    kernel = case.integers(*case.size, case.channels // groups, out)
    bias = case.integers(out)
    arguments = {**case.arguments, "groups": groups}
    y = ops.conv(case.x, kernel, bias, **arguments)
    same(y, reference.conv(case.x, kernel, bias, **arguments))
    dy = case.integers(*y.shape)
    found = ops.conv_backward(dy, case.x, kernel, **arguments)
    expected = reference.conv_backward(dy, case.x, kernel, **arguments)
    for gradient, exact in zip(found, expected, strict=True):
        same(gradient, exact)
    without = ops.conv(case.x, kernel, **arguments)  # <conv(x), dy> = <x, dx> = <kernel, dkernel>
    assert np.sum(without * dy) == np.sum(case.x * found.dx) == np.sum(kernel * found.dkernel)


@CHECKED
@given(windows())
def test_conv_is_linear(case: Case) -> None:
    fits(case)
    kernel, other = case.integers(*case.size, case.channels, 5), case.x[::-1].copy()
    together = ops.conv(2 * case.x - 3 * other, kernel, **case.arguments)
    apart = 2 * ops.conv(case.x, kernel, **case.arguments) - 3 * ops.conv(other, kernel, **case.arguments)
    same(together, apart)


@settings(CHECKED, max_examples=40)
@given(windows(), st.integers(2, 5))
def test_any_number_of_threads(case: Case, threads: int) -> None:
    fits(case)
    x = np.random.default_rng(case.seed).standard_normal((16, *case.x.shape[1:])).astype(case.x.dtype)
    kernel = np.random.default_rng(1).standard_normal((*case.size, case.channels, 40)).astype(x.dtype)

    def results() -> list[np.ndarray]:
        y, taps = ops.max_pool(x, case.size, **case.arguments, return_indices="taps")
        dx = ops.max_pool_backward(y, taps, x.shape, case.size, **case.arguments)
        z = ops.conv(x, kernel, **case.arguments)
        return [y, taps, dx, z, *ops.conv_backward(z, x, kernel, **case.arguments)]

    before = foldgate.get_num_threads()
    try:
        foldgate.set_num_threads(1)
        alone = results()
        foldgate.set_num_threads(threads)
        for a, b in zip(results(), alone, strict=True):
            same(a, b)
    finally:
        foldgate.set_num_threads(before)
