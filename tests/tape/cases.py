"""Every NumPy function that the tape records, with operands, for the tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape)


def positive(*shape: int) -> np.ndarray:
    return RANDOM.uniform(0.5, 2.0, shape)


def inside(*shape: int) -> np.ndarray:
    """Strictly between -1 and 1, away from 0."""
    return RANDOM.uniform(0.1, 0.9, shape) * RANDOM.choice([-1.0, 1.0], shape)


class Case(NamedTuple):
    function: Callable[..., Any]
    operands: tuple[np.ndarray, ...]
    second_order: bool = True


POSITIVE = ["log", "log2", "log10", "log1p", "sqrt", "cbrt", "reciprocal"]
INSIDE = ["arcsin", "arccos", "sign", "floor", "ceil", "trunc", "rint", "absolute", "fabs"]
ANYWHERE = [
    "negative",
    "positive",
    "square",
    "exp",
    "exp2",
    "expm1",
    "sin",
    "cos",
    "tanh",
    "sinh",
    "cosh",
    "arctan",
]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "logaddexp"]

CASES: dict[str, Case] = {}
CASES |= {name: Case(getattr(np, name), (positive(2, 3),)) for name in POSITIVE}
CASES |= {name: Case(getattr(np, name), (inside(2, 3),)) for name in [*INSIDE, "tan"]}
CASES |= {name: Case(getattr(np, name), (normal(2, 3),)) for name in ANYWHERE}
CASES |= {name: Case(getattr(np, name), (normal(2, 3), normal(3))) for name in BINARY}
CASES |= {
    name: Case(getattr(np, name), (normal(2, 3), positive(2, 1))) for name in ["divide", "arctan2", "hypot"]
}
CASES |= {
    "power": Case(np.power, (positive(2, 3), normal(3))),
    "x ** 2": Case(lambda x: x**2, (normal(3),)),
    "x ** 3": Case(lambda x: x**3, (normal(3),)),
    "x ** 0.5": Case(lambda x: x**0.5, (positive(3),)),
    "2 ** x": Case(lambda x: 2.0**x, (normal(3),)),
    "operators": Case(
        lambda x, y: -(2.0 - x) / (y + 3.0) * +x - abs(y) + 1.0 / x, (positive(2, 3), positive(3))
    ),
    "astype": Case(lambda x: x.astype(np.float64) * 2.0, (normal(3),)),
    "where": Case(lambda x, y: np.where(np.arange(3) < 1, x, y), (normal(2, 3), normal(1, 3))),
    "clip": Case(lambda x: np.clip(x, -0.5, None) + x.clip(-1.0, 0.7), (normal(4, 5),)),
}

CASES |= {
    "matmul": Case(np.matmul, (normal(2, 3), normal(3, 4))),
    "matmul vector right": Case(np.matmul, (normal(2, 2, 3), normal(3))),
    "matmul vector left": Case(np.matmul, (normal(3), normal(2, 3, 2))),
    "matmul vectors": Case(np.matmul, (normal(3), normal(3))),
    "matmul batch": Case(lambda x, y: x @ y, (normal(2, 1, 2, 3), normal(3, 3, 2))),
    "matmul one matrix": Case(lambda x, y: x @ y, (normal(2, 4, 3), normal(3, 2))),
    "dot": Case(np.dot, (normal(2, 3), normal(2, 3, 2))),
    "dot scalar": Case(lambda x: np.dot(x, 2.0), (normal(2, 3),)),
    "inner": Case(np.inner, (normal(2, 3), normal(4, 3))),
    "outer": Case(np.outer, (normal(2, 3), normal(4))),
    "tensordot": Case(lambda x, y: np.tensordot(x, y, ([0, 2], [1, 0])), (normal(2, 3, 4), normal(4, 2, 3))),
    "tensordot 1": Case(lambda x, y: np.tensordot(x, y, 1), (normal(2, 3), normal(3, 2))),
    "einsum": Case(lambda x, y: np.einsum("ij,jk->ik", x, y), (normal(2, 3), normal(3, 4))),
    "einsum implicit": Case(lambda x, y: np.einsum("ij,jk", x, y), (normal(2, 3), normal(3, 4))),
    "einsum sums": Case(lambda x, y: np.einsum("ijl,jk->k", x, y), (normal(2, 3, 2), normal(3, 4))),
    "einsum ellipsis": Case(lambda x, y: np.einsum("...ij,jk->...ik", x, y), (normal(2, 2, 3), normal(3, 2))),
    "einsum broadcast": Case(lambda x, y: np.einsum("...i,...i->...", x, y), (normal(1, 3), normal(4, 3))),
    "einsum three": Case(
        lambda x, y, z: np.einsum("i,ij,j->", x, y, z), (normal(2), normal(2, 3), normal(3))
    ),
}

REDUCTIONS = ["sum", "mean", "max", "min", "prod", "var", "std"]
for _name in REDUCTIONS:
    _reduce = getattr(np, _name)
    for _axis, _keep in [(None, False), (0, True), ((0, -1), False), (-2, False)]:
        CASES[f"{_name} {_axis} {_keep}"] = Case(
            lambda x, f=_reduce, axis=_axis, keep=_keep: f(x, axis, keepdims=keep),
            (normal(2, 3, 2),),
            second_order=_name != "prod",
        )
CASES |= {
    "methods": Case(
        lambda x: x.sum(0) + x.mean(0) + x.max(0) + x.min(0) + x.prod(0) + x.var(0, ddof=1) + x.std(0),
        (normal(3, 2),),
        second_order=False,
    ),
    "prod of zeros": Case(np.prod, (np.array([2.0, 0.0, 3.0]),), second_order=False),
    "cumsum": Case(np.cumsum, (normal(2, 3),)),
    "cumsum 1": Case(lambda x: np.cumsum(x, 1), (normal(2, 3),)),
}

KEYS = {
    "int": 1,
    "negative": -1,
    "slice": slice(1, None),
    "steps": slice(None, None, -2),
    "tuple": (slice(None), 1),
    "ellipsis": (..., 0),
    "new axis": (None, slice(None), None, 2),
    "integers": np.array([0, 2, 2, 0]),
    "list": [1, 1],
    "two integers": (np.array([0, 2, 0]), np.array([1, 1, 1])),
    "mixed": (slice(None), np.array([3, 0, 3])),
    "boolean": RANDOM.random((3, 4)) < 0.5,
    "row boolean": np.array([True, False, True]),
}
CASES |= {f"x[{name}]": Case(lambda x, key=key: x[key], (normal(3, 4),)) for name, key in KEYS.items()}

X = normal(2, 3, 4)
MOVES: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda x: np.reshape(x, (4, -1)),
    "reshape F": lambda x: np.reshape(x, (6, 4), order="F"),
    "reshape method": lambda x: x.reshape(3, 8) + x.reshape((3, 8)),
    "ravel": np.ravel,
    "flatten": lambda x: x.flatten() + x.ravel(),
    "transpose": lambda x: np.transpose(x, (2, 0, -2)),
    "T": lambda x: x.T + x.transpose() + x.transpose(2, 1, 0),
    "swapaxes": lambda x: np.swapaxes(x, 0, -1) + x.swapaxes(0, 2),
    "moveaxis": lambda x: np.moveaxis(x, [0, 1], [-1, 0]),
    "expand_dims": lambda x: np.expand_dims(x, (0, 2)),
    "squeeze": lambda x: np.squeeze(x[:, :1], 1) + x[:, :1].squeeze(),
    "flip": lambda x: np.flip(x) + np.flip(x, (0, 2)),
    "flipud": lambda x: np.flipud(x) + np.fliplr(x),
    "roll": lambda x: np.roll(x, 2, 1) + np.roll(x, (1, -1), (0, 2)) + np.roll(x, 5),
    "broadcast_to": lambda x: np.broadcast_to(x[:, :1], (5, 2, 3, 4)),
    "stack": lambda x: np.stack([x, 2.0 * x], -1),
    "stack 0": lambda x: np.stack((x[0], x[1], x[0])),
    "concatenate": lambda x: np.concatenate([x, np.ones((2, 1, 4)), x[:, 1:]], 1),
    "concatenate flat": lambda x: np.concatenate([x, x[0]], None),
    "vstack": lambda x: np.vstack([x[0, 0], x[1]]),
    "hstack": lambda x: np.hstack([x[0, 0], x[1, 1]]),
    "split": lambda x: np.split(x, 2, -1)[1] * np.split(x, [1, 3], 2)[1],
    "array_split": lambda x: next(part * (i + 1) for i, part in enumerate(np.array_split(x, 3, 2))),
    "pad": lambda x: np.pad(x, 1),
    "pad pairs": lambda x: np.pad(x, ((0, 2), (1, 0), (0, 0)), constant_values=3.0),
    "pad reflect": lambda x: np.pad(x, ((0, 0), (1, 2), (2, 1)), "reflect"),
    "pad edge": lambda x: np.pad(x, 2, "edge"),
    "repeat": lambda x: np.repeat(x, 3, 1),
    "repeat flat": lambda x: np.repeat(x, 2) + x.repeat(2),
    "repeat counts": lambda x: np.repeat(x, [2, 0, 3], 1),
    "tile": lambda x: np.tile(x, (2, 1, 3)),
    "tile shorter": lambda x: np.tile(x, 2),
    "tile longer": lambda x: np.tile(x, (2, 1, 1, 2)),
    "take": lambda x: np.take(x, [[0, 2], [2, 1]], 1),
    "take flat": lambda x: np.take(x, [5, 5, 0]),
    "diagonal": lambda x: np.diagonal(x, 1, 1, 2),
    "trace": lambda x: np.trace(x, axis1=1, axis2=2),
    "copy": np.copy,
    "iteration": lambda x: sum(row * row for row in x),
}
CASES |= {name: Case(function, (X,)) for name, function in MOVES.items()}
