"""The recurrence of a ConvLSTM over a whole sequence, as one node on the tape.

z_t = zx_t + conv(h, R), the gates i, f, g, o of it, c' = f c + i g, h' = o tanh(c'). What the inputs give,
zx, comes from one convolution of all steps. Going back, every step needs the convolution's gradient of h
alone; that of R is taken at the end, by one convolution of all steps.

Arrays are time-major, (T, N, *S, channels): a step is contiguous, and its gates lie in the last axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from foldgate import ops
from foldgate._tape import any_tensor, record_op
from foldgate._typing import BoolArray, FloatArray


class _Kept(NamedTuple):
    """What going back reads: counts is (T, N, 1, ...) of bool or None, `hidden` it where outputs are 0."""

    kernel: FloatArray
    gates: FloatArray
    before_h: FloatArray
    before_c: FloatArray
    counts: Any
    hidden: Any
    order: range


def conv_lstm(
    zx: FloatArray,
    kernel: FloatArray,
    h: FloatArray,
    c: FloatArray,
    mask: BoolArray | None,
    reverse: bool,
    zero_output_for_mask: bool,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(y, h, c) of (T, N, *S, 4F) sums, a recurrent kernel (*K, F, 4F) and states (N, *S, F).

    mask is (N, T). Outputs stand at their own times; a masked step repeats h, or puts out 0.
    """
    options: dict[str, Any] = {"mask": mask, "reverse": reverse, "zero": zero_output_for_mask}
    if not any_tensor(zx, kernel, h, c):
        return _forward(zx, kernel, h, c, **options)[0]
    return record_op("conv_lstm", _plain, _recorded, (zx, kernel, h, c), options)  # type: ignore[no-any-return]


def _plain(*operands: Any, **options: Any) -> tuple[FloatArray, ...]:
    return _forward(*operands, **options)[0]


def _recorded(*operands: Any, **options: Any) -> tuple[Any, Callable[..., Sequence[FloatArray | None]]]:
    results, kept = _forward(*operands, **options)

    def backward(needs: tuple[bool, ...], *dresults: FloatArray | None) -> Sequence[FloatArray | None]:
        return _backward(kept, needs, *dresults)

    return results, backward


def _forward(
    zx: FloatArray, kernel: FloatArray, h: FloatArray, c: FloatArray, mask: Any, reverse: bool, zero: bool
) -> tuple[tuple[FloatArray, FloatArray, FloatArray], _Kept]:
    T, F = zx.shape[0], h.shape[-1]
    counts = None if mask is None else mask.T.reshape((*mask.shape[::-1], *(1,) * (h.ndim - 1)))
    gates = np.empty(zx.shape, zx.dtype)  # i, f, g, o after their functions
    before_h, before_c, y = (np.empty((T, *h.shape), h.dtype) for _ in range(3))
    order = range(T - 1, -1, -1) if reverse else range(T)
    for t in order:
        before_h[t], before_c[t] = h, c
        z = ops.conv(before_h[t], kernel, padding="same")
        z += zx[t]
        _activate(z, gates[t], F)
        i, f, g, o = _parts(gates[t], F)
        new_c = f * c
        new_c += i * g
        new_h = ops.tanh(new_c)
        new_h *= o
        if counts is not None:
            new_h, new_c = np.where(counts[t], new_h, h), np.where(counts[t], new_c, c)
        h, c = new_h, new_c
        y[t] = np.where(counts[t], h, 0) if zero and counts is not None else h
    return (y, h, c), _Kept(kernel, gates, before_h, before_c, counts, counts if zero else None, order)


def _backward(
    kept: _Kept, needs: tuple[bool, ...], dy: FloatArray | None, dh: Any, dc: Any
) -> Sequence[FloatArray | None]:
    kernel, gates, before_h, before_c, counts, hidden, order = kept
    dh = np.zeros(before_h.shape[1:], before_h.dtype) if dh is None else dh
    dc = np.zeros(before_c.shape[1:], before_c.dtype) if dc is None else dc
    dz = np.empty(gates.shape, gates.dtype)
    windows: dict[str, Any] = {"padding": "same", "need_dbias": False}
    for t in reversed(order):
        if dy is not None:
            dh = dh + (dy[t] if hidden is None else np.where(hidden[t], dy[t], 0))
        own_dh, own_dc = dh, dc
        if counts is not None:  # the step's own share; the rest goes on to the step before
            own_dh, own_dc = np.where(counts[t], dh, 0), np.where(counts[t], dc, 0)
        through_c = _gates_backward(own_dh, own_dc, gates[t], before_c[t], dz[t])
        through_h = ops.conv_backward(dz[t], before_h[t], kernel, need_dkernel=False, **windows).dx
        if counts is None:
            dh, dc = through_h, through_c
        else:
            dh, dc = np.where(counts[t], 0, dh) + through_h, np.where(counts[t], through_c, dc)
    dkernel = None
    if needs[1]:
        steps, states = (a.reshape((-1, *a.shape[2:])) for a in (dz, before_h))
        dkernel = ops.conv_backward(steps, states, kernel, need_dx=False, **windows).dkernel
    return dz, dkernel, dh, dc


def _parts(gates: FloatArray, F: int) -> list[FloatArray]:
    return [gates[..., part * F : (part + 1) * F] for part in range(4)]


def _activate(z: FloatArray, out: FloatArray, F: int) -> None:
    """sigmoid of i, f and o, tanh of g, in passes over contiguous memory."""
    candidate = ops.tanh(np.ascontiguousarray(z[..., 2 * F : 3 * F]))
    ops.sigmoid(z, out=out)
    out[..., 2 * F : 3 * F] = candidate


def _gates_backward(
    dh: FloatArray, dc: FloatArray, gates: FloatArray, before_c: FloatArray, dz: FloatArray
) -> FloatArray:
    """Writes the gradients of the gates' sums into dz; returns that of the c before."""
    F = dh.shape[-1]
    i, f, g, o = _parts(gates, F)
    di, df, dg, do = _parts(dz, F)
    tanh_c = ops.tanh(f * before_c + i * g)
    dc = dc + dh * o * (1.0 - tanh_c * tanh_c)
    np.multiply(dh * tanh_c, o * (1.0 - o), out=do)
    np.multiply(dc * g, i * (1.0 - i), out=di)
    np.multiply(dc * before_c, f * (1.0 - f), out=df)
    np.multiply(dc * i, 1.0 - g * g, out=dg)
    return dc * f
