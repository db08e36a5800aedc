"""The cases' shapes, costs and tolerances, against numbers worked out by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from foldgate import ops, reference
from foldgate.bench.cases import (
    ALL_CASES,
    FORWARD,
    OPS,
    TRAIN,
    AttentionCase,
    BiasCase,
    Case,
    ColumnsCase,
    ConvCase,
    ConvStepCase,
    ConvTransposeCase,
    DropoutCase,
    ElementwiseCase,
    EmbeddingCase,
    MatmulCase,
    NormCase,
    OptimizerCase,
    PoolCase,
    RecurrentCase,
    SeparableConvCase,
    SoftmaxCase,
    StepCase,
    select,
)
from foldgate.bench.check import differences


def named(op: str, name: str) -> Case:
    (case,) = [case for case in ALL_CASES if case.op == op and case.name == name]
    return case


def shrunk(case: Case) -> Case:
    """The same case, small: every kind of argument is kept."""
    if isinstance(case, ConvCase):
        depthwise = case.groups == case.channels > 1
        channels = min(case.channels, 8)
        return replace(
            case,
            batch=min(case.batch, 2),
            channels=channels,
            spatial=tuple(min(size, 12) for size in case.spatial),
            filters=channels if depthwise else min(case.filters, 8),
            kernel_size=tuple(min(k, 7) for k in case.kernel_size),
            groups=channels if depthwise else min(case.groups, 4),
        )
    if isinstance(case, ConvTransposeCase):
        spatial = tuple(min(size, 6) for size in case.spatial)
        return replace(case, batch=2, channels=5, spatial=spatial, filters=3)
    if isinstance(case, ConvStepCase):
        return replace(case, steps=min(case.steps, 6), channels=5, filters=7)
    if isinstance(case, SeparableConvCase):
        return replace(case, batch=2, channels=5, size=7, filters=3)
    if isinstance(case, PoolCase):
        return replace(case, batch=2, channels=3, spatial=tuple(9 for _ in case.spatial))
    if isinstance(case, NormCase):
        shape = tuple(min(size, 7) for size in case.shape)
        return replace(case, shape=(3, *shape[1:]), groups=min(case.groups, 7))
    if isinstance(case, AttentionCase):
        return replace(case, batch=2, heads=2, queries=7, keys=9, width=5)
    if isinstance(case, OptimizerCase):
        return replace(case, shape=(5, 7))
    if isinstance(case, RecurrentCase):
        return replace(case, steps=min(case.steps, 6), batch=min(case.batch, 3), width=5, units=7)
    if isinstance(case, StepCase):
        return replace(case, batch=min(case.batch, 3), width=5, units=7)
    if isinstance(case, MatmulCase):
        return replace(case, rows=min(case.rows, 9), depth=33, columns=17)
    if isinstance(case, SoftmaxCase):
        return replace(case, shape=(3, 5, 7)[-len(case.shape) :])
    if isinstance(case, EmbeddingCase):
        return replace(case, ids_shape=(3, 5), rows=7, width=6)
    if isinstance(case, BiasCase):
        return replace(case, shape=(3, 4, 5))
    if isinstance(case, (DropoutCase, ElementwiseCase)):
        return replace(case, shape=(5, 7))
    assert isinstance(case, ColumnsCase)
    return replace(case, batch=2, channels=3, size=6)


SMALL = [pytest.param(shrunk(case), id=f"{case.op} {case.name}") for case in ALL_CASES]


def test_names_are_unique_and_fit_the_table() -> None:
    counts = Counter((case.op, case.name) for case in ALL_CASES)
    assert [name for name, count in counts.items() if count > 1] == []
    assert max(len(case.name) for case in ALL_CASES) <= 30


def test_tables_hold_every_case_of_the_performance_page() -> None:
    counts = Counter(case.op for case in select("tables"))
    assert counts == {"conv": 13, "depthwise": 2, "max_pool": 2, "lstm": 7, "gru": 7}


def test_quick_is_part_of_default_and_both_hold_the_main_families() -> None:
    quick, default = set(select("quick")), set(select("default"))
    assert quick < default < set(ALL_CASES)
    main = {
        "conv",
        "depthwise",
        "conv_transpose",
        "max_pool",
        "average_pool",
        "lstm",
        "gru",
        "simple_rnn",
        "matmul",
    }
    assert main <= {case.op for case in quick}
    assert {case.op for case in select("all")} == set(OPS)


def test_beyond_holds_thirty_shapes_that_no_table_has() -> None:
    beyond = select("beyond")
    assert len(beyond) >= 30
    assert not {(case.op, case.name) for case in beyond} & {(case.op, case.name) for case in select("tables")}


def test_select_by_op_and_by_part_of_the_name() -> None:
    assert [case.name for case in select("all", ["lstm"], "20 32")] == ["20 32 8 16"]
    assert {case.op for case in select("all", None, "GRU 20 32")} == {"gru"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("all", ["convolution"]),
            "ops has 'convolution'; expected some of conv, conv_max_pool, depthwise, conv_transpose",
        ),
        (("most", None), "cases is 'most'; expected one of quick, default, tables, beyond, all"),
        (("all", ["lstm"], "7x7"), "no case of ops lstm in set 'all' has '7x7' in its name"),
    ],
)
def test_select_names_what_is_wrong(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ValueError, match="bench: ") as error:
        select(*arguments)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("op", "name", "forward_flops"),
    [
        # 2 x outputs x taps x channels of the group
        ("conv", "1x64x56 -> 64 k3", 2 * (56 * 56 * 64) * 9 * 64),
        ("conv", "1x3x224 -> 64 k7 s2", 2 * (112 * 112 * 64) * 49 * 3),
        ("conv", "64x1x28 -> 32 k3 valid", 2 * (64 * 26 * 26 * 32) * 9),
        ("conv", "4x64x56 -> 64 k3 8 groups", 2 * (4 * 56 * 56 * 64) * 9 * 8),
        ("conv", "32x1x8000 -> 16 k64 s4 1-D", 2 * (32 * 1985 * 16) * 64),
        ("depthwise", "8x32x112 k3", 2 * (8 * 112 * 112 * 32) * 9),
        # 2 x steps x batch x (width + units) x gates x units
        ("lstm", "100 32 128 256", 2 * 100 * 32 * 384 * 1024),
        ("gru", "100 1 64 64", 2 * 100 * 128 * 192),
        ("simple_rnn", "20 32 8 16", 2 * 20 * 32 * 24 * 16),
        ("gru_step", "32 128 256", 2 * 32 * 384 * 768),
        # two directions; the second layer reads both
        ("lstm", "200 8 40 128 2 layers bidir", 2 * 200 * 8 * 2 * (168 + 384) * 512),
    ],
)
def test_flops(op: str, name: str, forward_flops: int) -> None:
    case = named(op, name)
    assert case.flops(FORWARD) == forward_flops
    assert case.flops(TRAIN) == 3 * forward_flops


def test_flops_and_bytes_where_there_is_no_backward_or_no_arithmetic() -> None:
    assert named("matmul", "512 512 512").flops(FORWARD) == 2 * 512**3
    pool = named("max_pool", "8x64x112 2x2 s2")
    image = 8 * 64 * 112 * 112
    assert (pool.flops(FORWARD), pool.traffic(FORWARD)) == (0, 4 * (image + image // 4))
    # y, dy and a byte a tap that is written and read; x and dx
    assert pool.traffic(TRAIN) == 4 * (2 * image + image // 2) + 2 * image // 4
    assert named("im2col", "1x64x56 k3").traffic(FORWARD) == 4 * 10 * 64 * 56 * 56


def test_conv_bytes() -> None:
    case = named("conv", "1x64x56 -> 256 k1")
    x, kernel, y = 64 * 56 * 56, 64 * 256, 256 * 56 * 56
    assert case.traffic(FORWARD) == 4 * (x + kernel + y)
    assert case.traffic(TRAIN) == 4 * (3 * x + 3 * kernel + 2 * y)
    assert named("conv", "1x64x56 -> 64 k3 float64").traffic(FORWARD) == 8 * (2 * x + 9 * 64 * 64)


@pytest.mark.parametrize("case", SMALL)
def test_shapes_are_those_of_the_reference(case: Case) -> None:
    arrays = case.inputs(np.random.default_rng(1))
    shapes = case.shapes()
    for name, array in arrays.items():
        assert array.dtype == case.dtype
        assert array.shape == (shapes.get(name) or shapes[name.removeprefix("d")])
    for pass_ in case.passes:
        for name, result in case.run(pass_, reference, arrays).items():
            expected = shapes.get(name) or shapes.get(name.removeprefix("d"))
            if expected is not None:  # initial states that were not given have gradients all the same
                assert result.shape == expected, name


@pytest.mark.parametrize("case", SMALL)
def test_the_reference_in_the_other_precision_is_within_the_tolerance(case: Case) -> None:
    """float64 results of the same inputs differ by the rounding that a tolerance must allow."""
    case = replace(case, dtype="float32")
    arrays = case.inputs(np.random.default_rng(2))
    wide = {name: array.astype(np.float64) for name, array in arrays.items()}
    last = case.passes[-1]
    found = case.run(last, reference, arrays)
    assert differences(case, found, case.run(last, reference, wide), arrays) == []


@pytest.mark.parametrize("case", SMALL)
def test_foldgate_is_within_the_tolerance(case: Case) -> None:
    arrays = case.inputs(np.random.default_rng(3))
    expected = case.run(case.passes[-1], reference, arrays)
    for pass_ in case.passes:
        assert differences(case, case.run(pass_, ops, arrays), expected, arrays) == []


@pytest.mark.parametrize("case", SMALL)
def test_a_wrong_result_is_seen(case: Case) -> None:
    """One element off by a hundredth of the largest, or NaN, is an error in every result."""
    arrays = case.inputs(np.random.default_rng(4))
    expected = case.run(case.passes[-1], reference, arrays)
    for name, truth in expected.items():
        for spoiled in (truth.flat[-1] + 0.01 * np.max(np.abs(truth)), np.nan):
            wrong = truth.copy()
            wrong.flat[-1] = spoiled
            (problem,) = differences(case, expected | {name: wrong}, expected, arrays)
            assert problem.startswith(f"{name} is off by ")
        (problem,) = differences(case, {name: truth[..., :-1]}, expected, arrays)
        assert "has shape" in problem
