"""Matrix and tensor products."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._rules._table import Array, axes_of, composed, rule, ufunc


def _matmul_left(dz: Array, x: Array, y: Array, z: Array) -> Array:
    if x.ndim == 1 and y.ndim == 1:
        return dz * y
    if x.ndim == 1:  # (K,) @ (..., K, N)
        return (y @ np.expand_dims(dz, -1))[..., 0]
    return np.expand_dims(dz, -1) * y if y.ndim == 1 else dz @ np.swapaxes(y, -1, -2)


def _matmul_right(dz: Array, x: Array, y: Array, z: Array) -> Array:
    if x.ndim == 1 and y.ndim == 1:
        return dz * x
    if x.ndim == 1:
        return np.expand_dims(x, -1) * np.expand_dims(dz, -2)
    if y.ndim == 1:  # (..., M, K) @ (K,)
        return np.sum(x * np.expand_dims(dz, -1), tuple(range(x.ndim - 1)))
    if y.ndim == 2 and x.ndim > 2:  # one product rather than a batch of them and its sum
        x, dz = np.reshape(x, (-1, x.shape[-1])), np.reshape(dz, (-1, dz.shape[-1]))
    return np.swapaxes(x, -1, -2) @ dz


ufunc(np.matmul, ("xy", _matmul_left), ("xy", _matmul_right))


@composed(np.dot)
def dot(a: Array, b: Array) -> Array:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    if np.ndim(b) <= 2:
        return np.matmul(a, b)
    return np.tensordot(a, b, (-1, -2))


@composed(np.inner)
def inner(a: Array, b: Array) -> Array:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    return np.tensordot(a, b, (-1, -1))


@composed(np.outer)
def outer(a: Array, b: Array) -> Array:
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


@composed(np.tensordot)
def tensordot(a: Array, b: Array, axes: Any = 2) -> Array:
    """As a matrix product of (kept, summed) by (summed, kept)."""
    n, m = np.ndim(a), np.ndim(b)
    if np.ndim(axes) == 0:
        axes = (range(n - int(axes), n), range(int(axes)))
    left, right = (
        axes_of(part if np.ndim(part) else int(part), size) for part, size in zip(axes, (n, m), strict=True)
    )
    shape_a, shape_b = np.shape(a), np.shape(b)
    if [shape_a[i] for i in left] != [shape_b[i] for i in right]:
        raise ValueError(f"numpy.tensordot: shapes {shape_a} and {shape_b} do not match along {axes}")
    kept_a = tuple(i for i in range(n) if i not in left)
    kept_b = tuple(i for i in range(m) if i not in right)
    summed = int(np.prod([shape_a[i] for i in left], dtype=np.int64))
    rows = [shape_a[i] for i in kept_a]
    columns = [shape_b[i] for i in kept_b]
    matrix_a = np.reshape(np.transpose(a, kept_a + left), (int(np.prod(rows, dtype=np.int64)), summed))
    matrix_b = np.reshape(np.transpose(b, right + kept_b), (summed, int(np.prod(columns, dtype=np.int64))))
    return np.reshape(matrix_a @ matrix_b, (*rows, *columns))


@rule(np.einsum, operands="rest")
def einsum(z: Array, subscripts: str, *operands: Array, optimize: Any = False) -> object:
    """An operand's gradient is the einsum of dz and the others, spread over what was summed in it alone."""
    if not isinstance(subscripts, str):
        raise TypeError("numpy.einsum: of recorded Tensors it takes subscripts in a string")
    terms, result = _labels(subscripts, [np.ndim(operand) for operand in operands])
    return tuple(_einsum_pullback(i, terms, result, operands) for i in range(len(operands)))


def _einsum_pullback(i: int, terms: list[str], result: str, operands: tuple[Array, ...]) -> object:
    own, shape = terms[i], np.shape(operands[i])
    if len(set(own)) != len(own):
        raise TypeError(
            f"numpy.einsum: subscripts {own!r} repeat a label; the diagonal of a Tensor is not recorded"
        )
    others = [operand for j, operand in enumerate(operands) if j != i]
    labels = [term for j, term in enumerate(terms) if j != i]
    reached = "".join(label for label in own if label in result or any(label in term for term in labels))
    equation = ",".join([result, *labels]) + "->" + reached

    def pullback(dz: Array) -> Array:
        found = np.einsum(equation, dz, *others, optimize=True)
        if len(reached) == len(own):
            return found
        extents = iter(np.shape(found))
        full = [
            next(extents) if label in reached else extent for label, extent in zip(own, shape, strict=True)
        ]
        apart = [extent if label in reached else 1 for label, extent in zip(own, full, strict=True)]
        return np.broadcast_to(np.reshape(found, apart), full)

    return pullback


def _labels(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The labels of every operand and of the result, with letters in the place of ellipses."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    used = set(subscripts)
    free = [
        chr(code) for code in range(ord("A"), ord("z") + 1) if chr(code).isalpha() and chr(code) not in used
    ]
    hidden = [
        rank - len(term.replace("...", "")) if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    broad = "".join(free[: max(hidden)])
    terms = [term.replace("...", broad[len(broad) - n :]) for term, n in zip(terms, hidden, strict=True)]
    if arrow:
        return terms, right.replace("...", broad)
    every = "".join(terms)
    return terms, broad + "".join(
        sorted(label for label in set(every) - set(broad) if every.count(label) == 1)
    )
