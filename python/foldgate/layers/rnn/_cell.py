"""What the dense recurrent cells have in common: arguments, weights, dropout, sums of the gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from foldgate import activations, constraints, initializers, ops, regularizers
from foldgate._tape import settled
from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.rnn._arguments import positive_int, rate
from foldgate.layers.rnn._dropout import DropoutMasks, Masks, active
from foldgate.layers.rnn._walk import Result, State, Walk, last_output
from foldgate.layers.weight import Weight
from foldgate.random import SeedGenerator

_WEIGHTS = ("kernel", "recurrent", "bias")


class RecurrentCell(DropoutMasks, Layer):
    """A cell with a kernel (D, G U), a recurrent kernel (U, G U) and a bias, of G gates.

    `sequence` runs a whole sequence by the fused op, `call` one step.
    """

    gates: ClassVar[int]
    units: int
    state_size: Any
    kernel: Weight
    recurrent_kernel: Weight
    bias: Weight | None

    def __init__(
        self,
        units: int,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        recurrent_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        recurrent_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        recurrent_constraint: Any,
        bias_constraint: Any,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = positive_int(type(self).__name__, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        kind = type(self).__name__
        self.dropout = rate(kind, "dropout", dropout)
        self.recurrent_dropout = rate(kind, "recurrent_dropout", recurrent_dropout)
        self.implementation = 1 if self.recurrent_dropout and self.gates > 1 else implementation
        if self.implementation == 1 and self.gates > 1:
            self.dropout_mask_count = self.gates
        self.seed = seed
        self.seed_generator = SeedGenerator(seed)
        self.state_size = self.output_size = self.units

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs (..., D)."""
        self._add("kernel", (input_shape[-1], self.units * self.gates), "kernel")
        self._add("recurrent_kernel", (self.units, self.units * self.gates), "recurrent")
        self.bias = None
        if self.use_bias:
            self._add("bias", self._bias_shape(), "bias")
        self.built = True

    def _add(self, name: str, shape: tuple[int, ...], part: str) -> None:
        initializer = self._initial_bias if part == "bias" else getattr(self, f"{part}_initializer")
        regularizer, constraint = getattr(self, f"{part}_regularizer"), getattr(self, f"{part}_constraint")
        weight = self.add_weight(
            shape=shape, name=name, initializer=initializer, regularizer=regularizer, constraint=constraint
        )
        setattr(self, name, weight)

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.units * self.gates,)

    def _initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> FloatArray:
        found: FloatArray = self.bias_initializer(shape, dtype=dtype)
        return found

    def get_initial_state(self, batch_size: int | None = None) -> list[FloatArray]:
        """The states that a sequence starts from where none are given: zeros, (N, U) each."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [np.zeros((batch_size or 0, size), self.compute_dtype) for size in sizes]

    def fuses(self, training: bool) -> bool:
        """Whether `sequence` can run what the arguments ask for; else there is only step by step."""
        if not self._knows_activations():
            return False
        if not training:
            return True
        per_gate = self.implementation == 1 and self.gates > 1
        drops = per_gate and active(self.dropout, True)
        return not drops and not active(self.recurrent_dropout, True)

    def _knows_activations(self) -> bool:
        raise NotImplementedError

    def sequence(self, x: FloatArray, states: list[State], walk: Walk) -> Result:
        """Runs (N, T, D) by the fused op: one node on the tape."""
        if walk.training and active(self.dropout, True):
            mask: Any = self.get_dropout_mask(np.empty(x.shape[::2], x.dtype))
            x = x * mask[:, None]
        operands = settled(x, self.kernel, self.recurrent_kernel, self.bias)
        if x.shape[1] == 1 and walk.mask is None and isinstance(operands[1], np.ndarray):
            return self._one_step(operands, states, walk)
        y, *new_states = self._run(operands, states, walk)
        return y, last_output(new_states[0], walk), new_states

    def _one_step(self, operands: tuple[Any, ...], states: list[State], walk: Walk) -> Result:
        """A sequence of one step by the op of steps, which reads the weights as they lie."""
        x, *weights = operands
        if states[0] is None:
            states = self.get_initial_state(x.shape[0])
        h, *others = self._step(x[:, 0], states, weights)
        return h[:, None] if walk.return_sequences else None, h, [h, *others]

    def _dropped(self, x: FloatArray, training: bool) -> FloatArray:
        """The inputs of a step with the one mask of all gates."""
        mask: Any = self.get_dropout_mask(x) if active(self.dropout, training) else None
        return x if mask is None else x * mask

    def _run(self, operands: tuple[Any, ...], states: list[State], walk: Walk) -> tuple[Any, ...]:
        raise NotImplementedError

    def _step(self, x: FloatArray, states: list[State], weights: Sequence[Any]) -> list[State]:
        raise NotImplementedError

    def _fused_step(self, inputs: FloatArray, states: list[State], training: bool) -> list[State]:
        """The states after a step that the op has."""
        x, *weights = settled(self._dropped(inputs, training), self.kernel, self.recurrent_kernel, self.bias)
        return self._step(x, states, weights)

    def _input_sums(self, x: FloatArray, bias: FloatArray | None, training: bool) -> list[FloatArray]:
        """`x @ kernel + bias` by gates, each with its own dropout where there are masks a gate."""
        masks = self.get_dropout_mask(x) if active(self.dropout, training) else None
        return self._sums(x, self.kernel, bias, masks, self.gates)

    def _recurrent_sums(
        self, h: FloatArray, bias: FloatArray | None, training: bool, gates: int
    ) -> list[FloatArray]:
        """`h @ recurrent_kernel + bias` of the first gates, likewise."""
        masks = self.get_recurrent_dropout_mask(h) if active(self.recurrent_dropout, training) else None
        return self._sums(h, self.recurrent_kernel, bias, masks, gates)

    def _sums(
        self, x: FloatArray, weight: FloatArray, bias: FloatArray | None, masks: Masks | None, gates: int
    ) -> list[FloatArray]:
        U = self.units
        columns = [slice(gate * U, (gate + 1) * U) for gate in range(gates)]
        if isinstance(masks, list):
            return [
                ops.matmul(x * masks[gate], weight[:, part], None if bias is None else bias[part])
                for gate, part in enumerate(columns)
            ]
        if gates < self.gates:
            weight, bias = weight[:, : gates * U], None if bias is None else bias[: gates * U]
        sums = ops.matmul(x if masks is None else x * masks, weight, bias)
        return [sums[:, part] for part in columns]

    def _drop(self, ones: FloatArray, rate: float) -> FloatArray:
        seed, offset = self.seed_generator.next_key()
        return ops.dropout(ones, rate, seed=seed, offset=offset)

    def compute_output_shape(self, input_shape: Any, states_shape: Any = None) -> Any:
        """((N, U), [(N, U), ...])."""
        n_states = len(self.state_size) if isinstance(self.state_size, list) else 1
        shape = (input_shape[0], self.units)
        return shape, [shape] * n_states

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config: dict[str, Any] = {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
        }
        for part in _WEIGHTS:
            config[f"{part}_initializer"] = initializers.serialize(getattr(self, f"{part}_initializer"))
            config[f"{part}_regularizer"] = regularizers.serialize(getattr(self, f"{part}_regularizer"))
            config[f"{part}_constraint"] = constraints.serialize(getattr(self, f"{part}_constraint"))
        config |= {"dropout": self.dropout, "recurrent_dropout": self.recurrent_dropout, "seed": self.seed}
        return {**super().get_config(), **config}
