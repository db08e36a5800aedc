"""Recurrent layers that hold their weights, as `foldgate.ops` packs them: here they are copies, no more.

A call is the sequence function, `step` the step function, with the weights of the last `update`.
"""

from __future__ import annotations

from typing import Any

from foldgate.reference._types import Array
from foldgate.reference.gru import gru
from foldgate.reference.gru_step import gru_step
from foldgate.reference.lstm import lstm
from foldgate.reference.lstm_step import lstm_step
from foldgate.reference.simple_rnn import simple_rnn
from foldgate.reference.simple_rnn_step import simple_rnn_step

__all__ = ["PackedGRU", "PackedLSTM", "PackedSimpleRNN"]


class _Packed:
    def __init__(self, kernel: Array, recurrent_kernel: Array, bias: Array | None) -> None:
        self.update(kernel, recurrent_kernel, bias)

    def update(self, kernel: Array, recurrent_kernel: Array, bias: Array | None = None) -> None:
        """Copy other weights, for the calls that come after."""
        self._weights = (kernel.copy(), recurrent_kernel.copy(), None if bias is None else bias.copy())


class PackedLSTM(_Packed):
    """An LSTM that holds copies of its weights.

    Args:
        kernel: `(D, 4U)`, gates i, f, c, o.
        recurrent_kernel: `(U, 4U)`.
        bias: `(4U,)` or `None`.

    Example:
        >>> import numpy as np
        >>> layer = PackedLSTM(np.zeros((1, 4)), np.zeros((1, 4)))
        >>> h, c = layer.step(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)))
        >>> c
        array([[0.5]])
    """

    def __init__(self, kernel: Array, recurrent_kernel: Array, bias: Array | None = None) -> None:
        super().__init__(kernel, recurrent_kernel, bias)

    def __call__(
        self,
        x: Array,
        *,
        initial_h: Array | None = None,
        initial_c: Array | None = None,
        mask: Array | None = None,
        lengths: Array | None = None,
        reverse: bool = False,
        zero_output_for_mask: bool = False,
        time_major: bool = False,
        return_sequences: bool = True,
    ) -> tuple[Any, ...]:
        """`lstm` with these weights: `(y, h, c)`."""
        return lstm(
            x,
            *self._weights,
            initial_h=initial_h,
            initial_c=initial_c,
            mask=mask,
            lengths=lengths,
            reverse=reverse,
            zero_output_for_mask=zero_output_for_mask,
            time_major=time_major,
            return_sequences=return_sequences,
        )

    def step(self, x: Array, h: Array, c: Array) -> tuple[Any, ...]:
        """`lstm_step` with these weights: `(h, c)`."""
        return lstm_step(x, h, c, *self._weights)


class PackedGRU(_Packed):
    """A GRU that holds copies of its weights.

    Args:
        kernel: `(D, 3U)`, gates z, r, h.
        recurrent_kernel: `(U, 3U)`.
        bias: `(2, 3U)` with `reset_after`, else `(3U,)`; or `None`.
        reset_after: whether the reset gate works on `h @ Rn + rn` rather than on `h`.

    Example:
        >>> import numpy as np
        >>> PackedGRU(np.zeros((1, 3)), np.zeros((1, 3))).step(np.ones((1, 1)), np.ones((1, 1)))
        array([[0.5]])
    """

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        *,
        reset_after: bool = True,
    ) -> None:
        super().__init__(kernel, recurrent_kernel, bias)
        self._reset_after = reset_after

    def __call__(
        self,
        x: Array,
        *,
        initial_h: Array | None = None,
        mask: Array | None = None,
        lengths: Array | None = None,
        reverse: bool = False,
        zero_output_for_mask: bool = False,
        time_major: bool = False,
        return_sequences: bool = True,
    ) -> tuple[Any, ...]:
        """`gru` with these weights: `(y, h)`."""
        return gru(
            x,
            *self._weights,
            initial_h=initial_h,
            mask=mask,
            lengths=lengths,
            reverse=reverse,
            reset_after=self._reset_after,
            zero_output_for_mask=zero_output_for_mask,
            time_major=time_major,
            return_sequences=return_sequences,
        )

    def step(self, x: Array, h: Array) -> Any:
        """`gru_step` with these weights: the new h."""
        return gru_step(x, h, *self._weights, reset_after=self._reset_after)


class PackedSimpleRNN(_Packed):
    """A simple RNN that holds copies of its weights.

    Args:
        kernel: `(D, U)`.
        recurrent_kernel: `(U, U)`.
        bias: `(U,)` or `None`.
        activation: `"tanh"` or `"relu"`.

    Example:
        >>> import numpy as np
        >>> one = np.ones((1, 1))
        >>> PackedSimpleRNN(one, one, activation="relu").step(one, one)
        array([[2.]])
    """

    def __init__(
        self,
        kernel: Array,
        recurrent_kernel: Array,
        bias: Array | None = None,
        *,
        activation: str = "tanh",
    ) -> None:
        super().__init__(kernel, recurrent_kernel, bias)
        self._activation = activation

    def __call__(
        self,
        x: Array,
        *,
        initial_h: Array | None = None,
        mask: Array | None = None,
        lengths: Array | None = None,
        reverse: bool = False,
        zero_output_for_mask: bool = False,
        time_major: bool = False,
        return_sequences: bool = True,
    ) -> tuple[Any, ...]:
        """`simple_rnn` with these weights: `(y, h)`."""
        return simple_rnn(
            x,
            *self._weights,
            activation=self._activation,
            initial_h=initial_h,
            mask=mask,
            lengths=lengths,
            reverse=reverse,
            zero_output_for_mask=zero_output_for_mask,
            time_major=time_major,
            return_sequences=return_sequences,
        )

    def step(self, x: Array, h: Array) -> Any:
        """`simple_rnn_step` with these weights: the new h."""
        return simple_rnn_step(x, h, *self._weights, activation=self._activation)
