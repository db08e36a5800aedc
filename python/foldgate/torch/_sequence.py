"""A layer of a recurrent module on tensors, with or without autograd."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import _VF

from foldgate import _by_torch, ops
from foldgate._torch_ready import is_first_order
from foldgate.ops._packed_recurrent import both_directions
from foldgate.torch._eagerly import eagerly
from foldgate.torch._gates import Direction, biases_of, direction_of, weight_gradients
from foldgate.torch._kept import Kept
from foldgate.torch._layer import Steps, backward, forward, one_above_another, side_by_side
from foldgate.torch._layout import laid_out

_PACKED: dict[str, Any] = {
    "LSTM": ops.PackedLSTM,
    "GRU": ops.PackedGRU,
    "RNN_TANH": ops.PackedSimpleRNN,
    "RNN_RELU": ops.PackedSimpleRNN,
}


_INITIAL = ("initial_h", "initial_c")


class Layer(NamedTuple):
    """What a layer is besides its tensors."""

    kind: str
    directions: int
    weights_each: tuple[bool, ...]
    """Which of weight_ih, weight_hh, bias_ih, bias_hh, weight_hr there are."""
    steps: Steps
    batch_sizes: Any
    """Of a packed sequence, for torch's own op; None where all rows have all steps."""


def split(layer: Layer, weights: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The flat weights by direction, None where there is none."""
    each = iter(weights)
    return [
        tuple([next(each) if there else None for there in layer.weights_each])
        for _ in range(layer.directions)
    ]


def prepared(layer: Layer, weights: tuple[Any, ...]) -> list[Direction]:
    """The flat weights in the kernels' layout."""
    return [direction_of(layer.kind, part) for part in split(layer, weights)]


class _Sequence(torch.autograd.Function):
    """The kernels under autograd: (y, h) or (y, h, c) of (x, states, weights)."""

    @staticmethod
    def forward(ctx: Any, layer: Layer, watched: Any, x: Any, *operands: Any) -> Any:
        count = 2 if layer.kind == "LSTM" else 1
        states, weights = _arrays(operands[:count]), operands[count:]
        directions = prepared(layer, weights)
        y, last, caches = forward(layer.kind, x.detach().numpy(), directions, states, layer.steps, True)
        # No first gradient depends on the biases: they may change.
        kept = [w for w in weights if w.dim() > 1]
        ctx.biases = [(w, w._version) for w in weights if w.dim() == 1]
        laid = [a for direction in directions for a in direction if a is not None]
        ctx.save_for_backward(x, *operands[:count], *map(torch.from_numpy, (*caches, *laid)), *kept, *watched)
        # The result's own memory, to be read unless somebody writes to the result: both count such writes.
        result = torch.from_numpy(y)
        ctx.y = result.detach()
        ctx.version = ctx.y._version
        ctx.layer, ctx.count = layer, count
        ctx.caches, ctx.laid, ctx.weights = len(caches), [a is not None for a in directions[0]], len(kept)
        ctx.set_materialize_grads(False)
        return (result, *map(torch.from_numpy, last))

    @staticmethod
    @eagerly
    def backward(ctx: Any, *dys: Any) -> Any:
        layer, count = ctx.layer, ctx.count
        x, *rest = ctx.saved_tensors
        states, caches, rest = rest[:count], rest[count : count + ctx.caches], rest[count + ctx.caches :]
        directions, rest = _directions(ctx, rest)
        if not any(dy is not None for dy in dys):
            return (None,) * len(ctx.needs_input_grad)
        if not is_first_order(*dys):

            def again(x: Any, *operands: Any) -> Any:
                return by_torch_ops(layer, x, operands[:count], operands[count:])

            given = (x, *states, *_with_biases(layer, rest[: ctx.weights], ctx.biases, directions))
            return (None, None, *_by_torch.gradients(again, given, ctx.needs_input_grad[2:], dys))
        array, initial = x.detach().numpy(), _arrays(states)
        y = _result(ctx, array, directions, initial)
        dy, *dstates = [None if dy is None else laid_out(dy, last=False).numpy() for dy in dys]
        dx, dweights, dinitial = backward(
            layer.kind,
            dy,
            array,
            directions,
            y,
            tuple([c.numpy() for c in caches]),
            tuple(dstates),
            initial,
            layer.steps,
            ctx.needs_input_grad[2],
        )
        flat = [g for parts in dweights for g in weight_gradients(layer.kind, *parts)]
        return (
            None,
            None,
            None if dx is None else torch.from_numpy(dx),
            *[None if s is None else torch.from_numpy(d) for s, d in zip(states, dinitial, strict=True)],
            *itertools.compress(flat, layer.weights_each * layer.directions),
        )


def _directions(ctx: Any, saved: list[Any]) -> tuple[list[Direction], list[Any]]:
    """The weights as forward laid them out, of the head of what was saved, and the rest."""
    each = iter(saved)
    directions = [
        Direction(*[next(each).numpy() if there else None for there in ctx.laid])
        for _ in range(ctx.layer.directions)
    ]
    return directions, list(each)


def _result(ctx: Any, x: Any, directions: list[Direction], initial: Any) -> Any:
    """y, which is let go then: the graph of a loss that is kept may stay. Who comes again has it computed."""
    kept, ctx.y = ctx.y, None
    if kept is not None and kept._version == ctx.version:
        return kept.numpy()
    y, _, _ = forward(ctx.layer.kind, x, directions, initial, ctx.layer.steps, True)
    ctx.y = torch.from_numpy(y)
    ctx.version = ctx.y._version
    return y


def _arrays(tensors: Any) -> tuple[Any, ...]:
    return tuple([None if t is None else t.detach().numpy() for t in tensors])


def _with_biases(layer: Layer, weights: Any, biases: Any, directions: list[Direction]) -> list[Any]:
    """The flat weights, for gradients of gradients, which depend on the biases as they were in forward.

    Args:
      layer: whose flat weights they are.
      weights: without the biases.
      biases: pairs of one and its version in forward.
      directions: made in forward.
    """
    rest, found = iter(weights), []
    for i, direction in enumerate(directions):
        found += [next(rest), next(rest)]
        pair = biases[2 * i : 2 * i + 2]
        if all(bias._version == version for bias, version in pair):
            found += [bias for bias, _ in pair]
        else:
            were = biases_of(layer.kind, direction.bias)
            found += [bias + (was - bias).detach() for (bias, _), was in zip(pair, were, strict=True)]
        found += [next(rest)] if layer.weights_each[4] else []
    return found


def by_torch_ops(layer: Layer, x: Any, states: Any, weights: Any) -> Any:
    """The layer by torch's own ops; of a packed sequence x is (N, T, D)."""
    has_bias, both = layer.weights_each[2], layer.directions == 2
    function = getattr(_VF, layer.kind.lower())
    units = weights[4 if has_bias else 2].shape[0] if layer.weights_each[4] else weights[1].shape[1]
    cells = weights[1].shape[0] // (4 if layer.kind == "LSTM" else 1)
    widths, major = (units, cells), layer.steps.time_major
    given = tuple(
        x.new_zeros(layer.directions, x.shape[major], width) if s is None else s
        for s, width in zip(states, widths, strict=False)
    )
    start = given if layer.kind == "LSTM" else given[0]
    if layer.batch_sizes is None:
        return tuple(function(x, start, list(weights), has_bias, 1, 0.0, False, both, not major))
    rows, _ = packed_rows(layer.batch_sizes)
    data = x.reshape(-1, x.shape[2]).index_select(0, rows)
    y, *last = function(data, layer.batch_sizes, start, list(weights), has_bias, 1, 0.0, False, both)
    padded = y.new_zeros(x.shape[0] * x.shape[1], y.shape[1]).index_copy(0, rows, y)
    return (padded.reshape(*x.shape[:2], -1), *last)


def packed_rows(batch_sizes: Any) -> tuple[Any, Any]:
    """Where a packed sequence's rows lie in the padded (N, T) rows, flat, and how long each sequence is."""
    sizes = batch_sizes.numpy()
    there = np.arange(sizes[0]) < sizes[:, None]
    step, row = there.nonzero()
    return torch.from_numpy(row * len(sizes) + step), there.sum(axis=0)


def run_layer(
    layer: Layer,
    kept: Kept,
    key: Any,
    x: Any,
    states: tuple[Any, ...],
    weights: tuple[Any, ...],
    gradient: bool,
    watched: tuple[Any, ...] = (),
) -> tuple[Any, ...]:
    """(y, h) or (y, h, c) of a layer: states (directions, N, U) or None.

    `watched` are tensors that x or the states are copies of: who writes to them before the gradient is taken
    gets autograd's error.
    """

    if gradient:
        # An optimizer has written to them since the last call, and comparing costs as much as preparing.
        results: tuple[Any, ...] = _Sequence.apply(layer, watched, x, *states, *weights)
        return results
    arrays = _arrays(states)
    if not layer.weights_each[4]:
        y, last = _run_packed(layer, kept, (key, "packed"), x.detach().numpy(), arrays, weights)
    else:
        y, last, _ = forward(
            layer.kind,
            x.detach().numpy(),
            kept.get(key, weights, lambda: prepared(layer, weights)),
            arrays,
            layer.steps,
            cache=False,
        )
    return (torch.from_numpy(y), *(torch.from_numpy(s) for s in last))


def _run_packed(layer: Layer, kept: Kept, key: Any, x: Any, states: Any, weights: tuple[Any, ...]) -> Any:
    def pack() -> Any:
        options = {"activation": "relu"} if layer.kind == "RNN_RELU" else {}
        return [_PACKED[layer.kind](*direction[:3], **options) for direction in prepared(layer, weights)]

    packed = kept.get(key, weights, pack)
    if len(packed) == 1:
        named: dict[str, Any] = {
            name: None if s is None else s[0] for name, s in zip(_INITIAL, states, strict=False)
        }
        y, *last = packed[0](x, **named, **layer.steps._asdict())
        return y, [s.reshape(1, *s.shape) for s in last]
    named = {name: side_by_side(s) for name, s in zip(_INITIAL, states, strict=False)}
    first, second = packed
    y, *last = both_directions(first, second, x, **named, **layer.steps._asdict())
    return y, [one_above_another(s) for s in last if s is not None]
