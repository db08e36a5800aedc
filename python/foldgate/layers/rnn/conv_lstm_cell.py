"""The cell of the ConvLSTMs."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import _defaults, ops
from foldgate._typing import FloatArray
from foldgate.layers._windows import (
    channels_of,
    ints,
    no_strides_with_dilation,
    outputs_of,
    padding_name,
    spatial_of,
    with_spatial,
)
from foldgate.layers.rnn._arguments import arguments, positive_int
from foldgate.layers.rnn._conv_lstm_sequence import conv_lstm
from foldgate.layers.rnn._dropout import Masks, active
from foldgate.layers.rnn._gates import gate_name
from foldgate.layers.rnn._walk import Result, State, Walk, last_output
from foldgate.layers.rnn.lstm_cell import LSTMCell

_OWN = ("rank", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")


class ConvLSTMCell(LSTMCell):
    """An LSTM cell whose products are convolutions; `ConvLSTM1D`, `2D` and `3D` make it.

    The convolution of h has strides 1 and keeps the size.
    """

    kernel_size: tuple[int, ...]

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        positive_int(type(self).__name__, "filters", filters)
        super().__init__(filters, **arguments(locals(), *_OWN))
        self.rank, self.filters = rank, self.units
        self.kernel_size = ints(self.name, "kernel_size", kernel_size, rank)
        self.strides = ints(self.name, "strides", strides, rank)
        self.padding = padding_name(self.name, padding)
        self.data_format = _defaults.standardize_data_format(data_format)
        self.dilation_rate = ints(self.name, "dilation_rate", dilation_rate, rank)
        no_strides_with_dilation(self.name, self.strides, self.dilation_rate)
        self.implementation, self.dropout_mask_count = 2, 4

    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        """Makes the weights for the shape of a step, (N, *S, C), of known S."""
        spatial = spatial_of(inputs_shape, self.data_format)
        if None in spatial:
            raise ValueError(f"{self.name}: inputs have shape {inputs_shape}; expected known spatial sizes")
        self._state_shape = self.compute_output_shape(inputs_shape)[0][1:]
        C, F = channels_of(self.name, inputs_shape, self.data_format), self.filters
        self._add("kernel", (*self.kernel_size, C, 4 * F), "kernel")
        self._add("recurrent_kernel", (*self.kernel_size, F, 4 * F), "recurrent")
        self.bias = None
        if self.use_bias:
            self._add("bias", (4 * F,), "bias")

    def get_initial_state(self, batch_size: int | None = None) -> list[FloatArray]:
        """Zeros: h and c, (N, *S, F)."""
        return [np.zeros((batch_size or 0, *self._state_shape), self.compute_dtype) for _ in range(2)]

    def call(self, inputs: FloatArray, states: Any, training: bool = False) -> tuple[FloatArray, list[State]]:
        """One step."""
        h, c = states
        masks = self.get_dropout_mask(inputs) if active(self.dropout, training) else None
        kept = self.get_recurrent_dropout_mask(h) if active(self.recurrent_dropout, training) else None
        sums = zip(
            self._by_gate(inputs, self.kernel, self.bias, masks, **self._windows()),
            self._by_gate(h, self.recurrent_kernel, None, kept, padding="same", data_format=self.data_format),
            strict=True,
        )
        i, f, g, o = (a + b for a, b in sums)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        h = gate(o) * self.activation(c)
        return h, [h, c]

    def _by_gate(
        self, x: Any, kernel: Any, bias: Any, masks: Masks | None, **windows: Any
    ) -> list[FloatArray]:
        F, axis = self.filters, -1 if self.data_format == "channels_last" else 1
        parts = [slice(gate * F, (gate + 1) * F) for gate in range(4)]
        if masks is None:
            z = ops.conv(x, kernel, bias, **windows)
            return [z[..., part] if axis == -1 else z[:, part] for part in parts]
        return [
            ops.conv(x * mask, kernel[..., part], None if bias is None else bias[part], **windows)
            for mask, part in zip(masks, parts, strict=True)
        ]

    def _windows(self) -> dict[str, Any]:
        names = ("strides", "padding", "data_format", "dilation_rate")
        return {name: getattr(self, name) for name in names}

    def fuses(self, training: bool) -> bool:
        """Whether `sequence` can run what the arguments ask for."""
        known = gate_name(self.activation) == "tanh" and gate_name(self.recurrent_activation) == "sigmoid"
        return known and not active(self.recurrent_dropout, training) and not active(self.dropout, training)

    def sequence(self, x: FloatArray, states: list[State], walk: Walk) -> Result:
        """Runs (N, T, *S, C): one convolution of all steps, then one node for the recurrence."""
        N, T = x.shape[:2]
        first = self.data_format == "channels_first"
        steps = np.swapaxes(x, 0, 1).reshape((T * N, *x.shape[2:]))  # a step is contiguous
        zx = ops.conv(steps, self.kernel, self.bias, **self._windows())
        zx = np.moveaxis(zx, 1, -1) if first else zx
        h, c = (np.moveaxis(s, 1, -1) for s in states) if first else states
        options = (walk.mask, walk.reverse, walk.zero_output_for_mask)
        y, h, c = conv_lstm(zx.reshape((T, N, *zx.shape[1:])), self.recurrent_kernel, h, c, *options)
        y = np.swapaxes(y, 0, 1)
        if first:
            y, h, c = np.moveaxis(y, -1, 2), np.moveaxis(h, -1, 1), np.moveaxis(c, -1, 1)
        return y, last_output(h, walk), [h, c]

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> Any:
        """(shape of h, [shape of h, shape of c])."""
        spatial = outputs_of(
            self.name,
            spatial_of(inputs_shape, self.data_format),
            self.kernel_size,
            self.strides,
            self.padding,
            self.dilation_rate,
        )
        shape = with_spatial(inputs_shape, spatial, self.filters, self.data_format)
        return shape, [shape, shape]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, without the rank."""
        config = super().get_config()
        del config["units"]
        return {**config, **{name: getattr(self, name) for name in _OWN[1:]}}
