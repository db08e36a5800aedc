"""Layers of recurrent modules as ops that `torch.compile` keeps whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from foldgate import _by_torch
from foldgate.torch._gates import GATES, Direction, weight_gradients
from foldgate.torch._layer import Steps, backward, forward
from foldgate.torch._library import define, differentiate, kept_of_weight
from foldgate.torch._sequence import Layer, by_torch_ops, prepared, run_layer

_OPTIONS = "str kind, int directions, bool bias, bool projected, bool time_major"
_STATES = "Tensor? initial_h, Tensor? initial_c, Tensor[] weights"


def _layer(kind: str, directions: int, bias: bool, projected: bool, time_major: bool) -> Layer:
    steps = Steps(time_major=time_major)
    return Layer(kind, directions, (True, True, bias, bias, projected), steps, None)


def _arrays(layer: Layer, *states: Any) -> tuple[Any, ...]:
    count = 2 if layer.kind == "LSTM" else 1
    return tuple(None if s is None else s.detach().contiguous().numpy() for s in states[:count])


def _prepared(layer: Layer, weights: Any) -> Any:
    return kept_of_weight(weights[0]).get("layer", tuple(weights), lambda: prepared(layer, weights))


def _forward(x: Any, h: Any, c: Any, weights: Any, gradient: bool, *options: Any) -> tuple[Any, ...]:
    layer, x = _layer(*options), x.contiguous()
    caches: tuple[Any, ...] = ()
    if gradient:
        y, last, caches = forward(
            layer.kind,
            x.detach().numpy(),
            _prepared(layer, weights),
            _arrays(layer, h, c),
            layer.steps,
            cache=True,
        )
        results = [torch.from_numpy(array) for array in (y, *last)]
    else:
        states = (h, c) if layer.kind == "LSTM" else (h,)
        given = tuple(None if s is None else s.contiguous() for s in states)
        results = list(run_layer(layer, kept_of_weight(weights[0]), "layer", x, given, tuple(weights), False))
    if layer.kind != "LSTM":
        results.append(x.new_empty(0))
    results += [torch.from_numpy(cache) for cache in caches]
    return (*results, *(x.new_empty(0) for _ in range(5 - len(results))))


def _cache_sizes(x: Any, outputs: int, units: int, options: tuple[Any, ...]) -> list[Any]:
    """Elements of the caches of a call: what one row takes, and what each further row adds."""
    kind, directions, _, projected, _ = options
    dtype = np.float32 if x.dtype == torch.float32 else np.float64
    kernel, recurrent = (np.zeros((rows, GATES[kind] * units), dtype) for rows in (1, outputs))
    one = Direction(kernel, recurrent, None, np.zeros((units, outputs), dtype) if projected else None)
    states = (None,) * (2 if kind == "LSTM" else 1)
    sizes = [
        [c.size for c in forward(kind, x, [one] * directions, states, Steps(), cache=True)[2]]
        for x in (np.zeros((1, 1, 1), dtype), np.zeros((1, 2, 1), dtype))
    ]
    rows = x.shape[0] * x.shape[1]
    return [first + (rows - 1) * (second - first) for first, second in zip(*sizes, strict=True)]


def _forward_fake(x: Any, h: Any, c: Any, weights: Any, gradient: bool, *options: Any) -> tuple[Any, ...]:
    kind, directions, _, _, time_major = options
    outputs, units = weights[1].shape[1], weights[1].shape[0] // GATES[kind]
    batch = x.shape[time_major]
    caches = _cache_sizes(x, outputs, units, options) if gradient else []
    return (
        x.new_empty(*x.shape[:2], directions * outputs),
        x.new_empty(directions, batch, outputs),
        x.new_empty(directions, batch, units) if kind == "LSTM" else x.new_empty(0),
        *(x.new_empty(size) for size in (*caches, 0, 0)[:2]),
    )


def _backward(
    dy: Any,
    dh: Any,
    dc: Any,
    x: Any,
    y: Any,
    cache: Any,
    other: Any,
    h: Any,
    c: Any,
    weights: Any,
    need_dx: bool,
    *options: Any,
) -> list[Any]:
    layer = _layer(*options)
    caches = tuple(k.numpy() for k in (cache, other) if k.numel())
    dx, dweights, initial = backward(
        layer.kind,
        None if dy is None else dy.contiguous().numpy(),
        x.detach().contiguous().numpy(),
        _prepared(layer, weights),
        y.detach().contiguous().numpy(),
        caches,
        _arrays(layer, dh, dc),
        _arrays(layer, h, c),
        layer.steps,
        need_dx,
    )
    flat = [g for parts in dweights for g in weight_gradients(layer.kind, *parts)]
    states = [torch.from_numpy(d) for s, d in zip((h, c), initial, strict=False) if s is not None]
    return [
        *([torch.from_numpy(dx)] if need_dx else []),
        *states,
        *(g for g, there in zip(flat, layer.weights_each * layer.directions, strict=True) if there),
    ]


def _backward_fake(
    dy: Any,
    dh: Any,
    dc: Any,
    x: Any,
    y: Any,
    cache: Any,
    other: Any,
    h: Any,
    c: Any,
    weights: Any,
    need_dx: bool,
    *options: Any,
) -> list[Any]:
    like = [*([x] if need_dx else []), *(s for s in (h, c) if s is not None), *weights]
    return [torch.empty(t.shape, dtype=t.dtype, device=t.device) for t in like]


recurrent_layer = define(
    f"recurrent_layer(Tensor x, {_STATES}, bool gradient, {_OPTIONS})"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    _forward,
    _forward_fake,
)
_recurrent_layer_backward = define(
    "recurrent_layer_backward(Tensor? dy, Tensor? dh, Tensor? dc, Tensor x, Tensor y, Tensor cache,"
    f" Tensor other, {_STATES}, bool need_dx, {_OPTIONS}) -> Tensor[]",
    _backward,
    _backward_fake,
)


def _save(ctx: Any, inputs: Any, output: Any) -> None:
    x, h, c, weights, _, *ctx.options = inputs
    y, _, _, *caches = output
    ctx.save_for_backward(x, y, h, c, *caches, *weights)
    ctx.mark_non_differentiable(*caches)
    ctx.set_materialize_grads(False)


def _differentiated(ctx: Any, dy: Any, dh: Any, dc: Any, *_: Any) -> tuple[Any, ...]:
    x, y, h, c, cache, other, *weights = ctx.saved_tensors
    layer, needs = _layer(*ctx.options), x.requires_grad
    states = (h, c) if layer.kind == "LSTM" else (h,)
    nothing = (None,) * (1 + len(ctx.options))
    if dy is None and dh is None and dc is None:
        return (None, None, None, [None] * len(weights), *nothing)
    if torch.is_grad_enabled():  # somebody differentiates the gradient

        def again(x: Any, *operands: Any) -> Any:
            return by_torch_ops(layer, x, operands[: len(states)], operands[len(states) :])

        given = (x, *states, *weights)
        needed = [t is not None and t.requires_grad for t in given]
        dys = (dy, dh, dc)[: 1 + len(states)]
        dx, *found = _by_torch.gradients(again, given, needed, dys)
        dstates = [*found[: len(states)], None][:2]
        return (dx, *dstates, list(found[len(states) :]), *nothing)
    found = _recurrent_layer_backward(
        dy, dh, dc, x, y, cache, other, h, c, list(weights), needs, *ctx.options
    )
    rest = iter(found)
    dx = next(rest) if needs else None
    dh0, dc0 = (None if s is None else next(rest) for s in (h, c))
    return (dx, dh0, dc0, list(rest), *nothing)


differentiate(recurrent_layer, _differentiated, _save)
