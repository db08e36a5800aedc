"""The benchmark's cases, and how the command line picks among them."""

from __future__ import annotations

from collections.abc import Sequence

from . import (
    attention,
    beyond,
    columns,
    conv,
    conv_long,
    conv_parts,
    conv_transpose,
    elementwise,
    layers,
    matmul,
    norm,
    optimizer,
    other_pools,
    pool,
    recurrent,
    softmax,
    step,
)
from .attention import AttentionCase
from .base import BEYOND, DEFAULT, FORWARD, PACKED, QUICK, TABLES, TRAIN, Array, Arrays, Case
from .columns import ColumnsCase
from .conv import ConvCase, ConvMaxPoolCase
from .conv_parts import ConvStepCase, SeparableConvCase
from .conv_transpose import ConvTransposeCase
from .elementwise import ElementwiseCase
from .layers import BiasCase, DropoutCase, EmbeddingCase
from .matmul import MatmulCase
from .norm import NormCase
from .optimizer import OptimizerCase
from .other_pools import AdaptiveMaxPoolCase, GlobalPoolCase, LpPoolCase
from .pool import AveragePoolCase, PoolCase
from .recurrent import RecurrentCase
from .softmax import SoftmaxCase
from .step import StepCase

__all__ = [
    "ALL_CASES",
    "BEYOND",
    "CASE_SETS",
    "DEFAULT",
    "FORWARD",
    "OPS",
    "PACKED",
    "QUICK",
    "TABLES",
    "TRAIN",
    "AdaptiveMaxPoolCase",
    "Array",
    "Arrays",
    "AttentionCase",
    "AveragePoolCase",
    "BiasCase",
    "Case",
    "ColumnsCase",
    "ConvCase",
    "ConvMaxPoolCase",
    "ConvStepCase",
    "ConvTransposeCase",
    "DropoutCase",
    "ElementwiseCase",
    "EmbeddingCase",
    "GlobalPoolCase",
    "LpPoolCase",
    "MatmulCase",
    "NormCase",
    "OptimizerCase",
    "PoolCase",
    "RecurrentCase",
    "SeparableConvCase",
    "SoftmaxCase",
    "StepCase",
    "select",
]

ALL_CASES: tuple[Case, ...] = (
    *conv.CASES,
    *conv_transpose.CASES,
    *pool.CASES,
    *other_pools.CASES,
    *norm.CASES,
    *attention.CASES,
    *optimizer.CASES,
    *recurrent.CASES,
    *step.CASES,
    *matmul.CASES,
    *columns.CASES,
    *conv_parts.CASES,
    *conv_long.CASES,
    *elementwise.CASES,
    *softmax.CASES,
    *layers.CASES,
    *beyond.CASES,
)
OPS: tuple[str, ...] = tuple(dict.fromkeys(case.op for case in ALL_CASES))
CASE_SETS = (QUICK, DEFAULT, TABLES, BEYOND, "all")


def select(case_set: str, ops: Sequence[str] | None = None, name_part: str = "") -> list[Case]:
    """The cases of a set, of the given ops (all when None), whose "op name" holds `name_part`.

    Raises:
        ValueError: Nothing is left, or `case_set` or an op is unknown.
    """
    if case_set not in CASE_SETS:
        raise ValueError(f"bench: cases is {case_set!r}; expected one of {', '.join(CASE_SETS)}")
    for op in ops or ():
        if op not in OPS:
            raise ValueError(f"bench: ops has {op!r}; expected some of {', '.join(OPS)}")
    chosen = [
        case
        for case in ALL_CASES
        if (case_set == "all" or case_set in case.sets)
        and (ops is None or case.op in ops)
        and name_part.lower() in f"{case.op} {case.name}".lower()
    ]
    if not chosen:
        wanted = f"ops {', '.join(ops)}" if ops else "any op"
        raise ValueError(f"bench: no case of {wanted} in set {case_set!r} has {name_part!r} in its name")
    return chosen
