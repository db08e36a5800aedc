"""LSTM, GRU and simple RNN cases; names read T, N, D, U: steps, batch, input width, units."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from .base import DEFAULT, FORWARD, QUICK, TABLES, Array, Arrays, Case, largest, normal, uniform

GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}


@dataclass(frozen=True, kw_only=True)
class RecurrentCase(Case):
    """Layers of one recurrent op over x (N, T, D), each in one or both directions (outputs concatenated)."""

    steps: int
    batch: int
    width: int
    units: int
    layers: int = 1
    directions: int = 1

    @property
    def gates(self) -> int:
        return GATES[self.op]

    def layer_width(self, layer: int) -> int:
        return self.width if layer == 0 else self.units * self.directions

    @property
    def cells(self) -> list[tuple[int, int]]:
        """Every (layer, direction) in the order of the forward walk."""
        return [(layer, direction) for layer in range(self.layers) for direction in range(self.directions)]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        shapes: dict[str, tuple[int, ...]] = {"x": (self.batch, self.steps, self.width)}
        for layer, direction in self.cells:
            suffix = f"_{layer}{direction}"
            shapes["kernel" + suffix] = (self.layer_width(layer), self.gates * self.units)
            shapes["recurrent_kernel" + suffix] = (self.units, self.gates * self.units)
            shapes["bias" + suffix] = self._bias_shape
        return shapes | {"y": (self.batch, self.steps, self.directions * self.units)}

    @property
    def _bias_shape(self) -> tuple[int, ...]:
        width = self.gates * self.units
        return (2, width) if self.op == "gru" else (width,)  # GRU: input row and recurrent row (reset_after)

    def flops(self, pass_: str) -> int:
        # the two products of a step; the gates' functions are not counted
        weights = sum(
            (self.layer_width(layer) + self.units) * self.gates * self.units for layer, _ in self.cells
        )
        forward = 2 * self.batch * self.steps * weights
        return forward if pass_ == FORWARD else 3 * forward

    def traffic(self, pass_: str) -> int:
        sequence = self.batch * self.steps
        activations = sequence * (self.width + self.layers * self.directions * self.units)
        weights = sum(
            (self.layer_width(layer) + self.units) * self.gates * self.units for layer, _ in self.cells
        )
        return self.item_size * (activations + weights) * (1 if pass_ == FORWARD else 3)

    def inputs(self, rng: np.random.Generator) -> Arrays:
        shapes = self.shapes()
        arrays = {"x": normal(rng, shapes["x"], self.dtype), "dy": normal(rng, shapes["y"], self.dtype)}
        for name, shape in shapes.items():
            if name not in ("x", "y"):
                arrays[name] = uniform(rng, shape, self.dtype, 1.0 / sqrt(self.units))
        return arrays

    def forward(self, ops: Any, arrays: Arrays) -> Arrays:
        sequence = arrays["x"]
        for layer in range(self.layers):
            sequence = getattr(ops, self._function)(sequence, *self._weights(arrays, layer))[0]
        return {"y": sequence}

    def train(self, ops: Any, arrays: Arrays) -> Arrays:
        function, backward = getattr(ops, self._function), getattr(ops, self._function + "_backward")
        sequence, walked = arrays["x"], []
        for layer in range(self.layers):
            weights = self._weights(arrays, layer)
            y, *_, cache = function(sequence, *weights, return_cache=True)
            walked.append((sequence, weights, y, cache))
            sequence = y
        results, dy = {"y": sequence}, arrays["dy"]
        for layer in reversed(range(self.layers)):
            x, weights, y, cache = walked[layer]
            gradients = backward(dy, x, *weights, y, cache)
            for name, gradient in gradients._asdict().items():
                if name != "dx" and gradient is not None:
                    direction = int(name.startswith("dreverse"))
                    results[f"{name.replace('reverse_', '')}_{layer}{direction}"] = gradient
            dy = gradients.dx
        return results | {"dx": dy}

    @property
    def _function(self) -> str:
        return self.op if self.directions == 1 else f"bidirectional_{self.op}"

    def _weights(self, arrays: Arrays, layer: int) -> list[Array]:
        names = ("kernel", "recurrent_kernel", "bias")
        return [arrays[f"{name}_{layer}{d}"] for d in range(self.directions) for name in names]

    def tolerance(self, result: str, expected: Array, arrays: Arrays) -> float:
        # A result sums K terms of states that T steps of D + U terms each have rounded; the steps contract:
        # 4 eps (K + T + D + U) of the largest value, once for each layer.
        width = self.layer_width(self.layers - 1) + self.units
        summed = self.batch * self.steps if result.startswith(("dkernel", "drecurrent", "dbias")) else 0
        backward = 0 if result == "y" else self.gates * self.units
        terms = self.layers * (summed + backward + self.steps + width)
        return 4.0 * float(np.finfo(self.dtype).eps) * terms * largest(expected)


def _cases(op: str) -> tuple[RecurrentCase, ...]:
    def case(t: int, n: int, d: int, u: int, *sets: str, **rest: Any) -> RecurrentCase:
        label = " 2 layers bidir" if rest else ""
        return RecurrentCase(
            op=op,
            name=f"{t} {n} {d} {u}{label}",
            sets=frozenset(sets),
            steps=t,
            batch=n,
            width=d,
            units=u,
            **rest,
        )

    gated = op != "simple_rnn"
    tables = (TABLES,) if gated else ()
    gated_default = (DEFAULT,) if gated else ()
    return (
        case(100, 32, 128, 256, *gated_default, *tables),
        case(100, 1, 64, 64, DEFAULT, QUICK, *tables),
        case(20, 32, 8, 16, DEFAULT, QUICK, *tables),
        case(50, 64, 256, 512, *tables),
        case(200, 8, 40, 128, *tables, layers=2, directions=2),
        case(500, 1, 80, 512, *tables),
        case(64, 128, 64, 128, *tables),
    )


CASES: tuple[RecurrentCase, ...] = (*_cases("lstm"), *_cases("gru"), *_cases("simple_rnn"))
