"""The classes that functions with several results return.

They are defined here, once, so that `foldgate.ops` and `foldgate.reference` return the same classes. A field
is `None` where that gradient was not asked for, or where there is nothing to differentiate (no bias given).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "AttentionGradients",
    "AttentionOutput",
    "BatchNormOutput",
    "BiasGradients",
    "BidirectionalGradients",
    "ConvGradients",
    "ConvStep",
    "GRUGradients",
    "LSTMGradients",
    "NormGradients",
    "NormOutput",
    "SeparableConvGradients",
    "SimpleRNNGradients",
    "StackedGradients",
]


class BiasGradients(NamedTuple):
    """What `bias_add_backward` returns.

    The gradients of `sum(dy * y)`.

    Fields:
        dx: the shape of `x`.
        dbias: `(C,)`.
    """

    dx: NDArray[Any]
    dbias: NDArray[Any]


class ConvGradients(NamedTuple):
    """What `conv_backward` returns.

    The gradients of `sum(dy * y)`.

    Fields:
        dx: the shape of `x`, or `None` with `need_dx=False`.
        dkernel: the shape of `kernel`, `(*k, Cin / groups, Cout)`, or `None` with `need_dkernel=False`.
        dbias: `(Cout,)`, or `None` with `need_dbias=False`.
    """

    dx: NDArray[Any] | None
    dkernel: NDArray[Any] | None
    dbias: NDArray[Any] | None


class LSTMGradients(NamedTuple):
    """What `lstm_backward` and `lstm_step_backward` return.

    The gradients of `sum(dy * y) + sum(dh * h) + sum(dc * c)`.

    Fields:
        dx: the shape of `x`, or `None` with `need_dx=False`.
        dkernel: `(D, 4U)`.
        drecurrent_kernel: `(U, 4U)`.
        dbias: `(4U,)`, or `None` where there was no bias.
        dinitial_h: `(N, U)`, also where the initial state was left out and so zero.
        dinitial_c: `(N, U)`, as `dinitial_h`.
        dpeephole: `(3, U)`, or `None` where there was none.
        dprojection: `(U, P)`, or `None` where there was none.
    """

    dx: NDArray[Any] | None
    dkernel: NDArray[Any]
    drecurrent_kernel: NDArray[Any]
    dbias: NDArray[Any] | None
    dinitial_h: NDArray[Any]
    dinitial_c: NDArray[Any]
    dpeephole: NDArray[Any] | None = None
    dprojection: NDArray[Any] | None = None


class ConvStep(NamedTuple):
    """What `conv_step` returns.

    Fields:
        y: `(N, T, Cout)`, the outputs of the time steps given.
        state: `(N, (k - 1) * dilation_rate, Cin)`, the last inputs, for the next call.
    """

    y: NDArray[Any]
    state: NDArray[Any]


class SeparableConvGradients(NamedTuple):
    """What `separable_conv_backward` returns.

    The gradients of `sum(dy * y)`.

    Fields:
        dx: the shape of `x`, or `None` with `need_dx=False`.
        ddepthwise_kernel: `(*k, Cin, multiplier)`, or `None` with `need_ddepthwise_kernel=False`.
        dpointwise_kernel: `(1, ..., 1, Cin * multiplier, Cout)`, or `None` with
            `need_dpointwise_kernel=False`.
        dbias: `(Cout,)`, or `None` with `need_dbias=False`.
    """

    dx: NDArray[Any] | None
    ddepthwise_kernel: NDArray[Any] | None
    dpointwise_kernel: NDArray[Any] | None
    dbias: NDArray[Any] | None


class GRUGradients(NamedTuple):
    """What `gru_backward` and `gru_step_backward` return.

    The gradients of `sum(dy * y) + sum(dh * h)`.

    Fields:
        dx: the shape of `x`, or `None` with `need_dx=False`.
        dkernel: `(D, 3U)`.
        drecurrent_kernel: `(U, 3U)`.
        dbias: `(2, 3U)` with `reset_after`, else `(3U,)`; `None` where there was no bias.
        dinitial_h: `(N, U)`, also where the initial state was left out and so zero.
    """

    dx: NDArray[Any] | None
    dkernel: NDArray[Any]
    drecurrent_kernel: NDArray[Any]
    dbias: NDArray[Any] | None
    dinitial_h: NDArray[Any]


class BidirectionalGradients(NamedTuple):
    """What the backward functions of the bidirectional ops return.

    The gradients of `sum(dy * y) + sum(dh * h)`, and for the LSTM `+ sum(dc * c)`.

    Fields:
        dx: the shape of `x`, of both directions together, or `None` with `need_dx=False`.
        dkernel: the shape of `kernel`, as the others that of what they are the gradients of.
        drecurrent_kernel: likewise.
        dbias: likewise, or `None` where there was no bias.
        dreverse_kernel: likewise.
        dreverse_recurrent_kernel: likewise.
        dreverse_bias: likewise, or `None` where there was no bias.
        dinitial_h: `(N, 2U)`, also where the initial state was left out and so zero.
        dinitial_c: `(N, 2U)`, or `None` but for the LSTM.
    """

    dx: NDArray[Any] | None
    dkernel: NDArray[Any]
    drecurrent_kernel: NDArray[Any]
    dbias: NDArray[Any] | None
    dreverse_kernel: NDArray[Any]
    dreverse_recurrent_kernel: NDArray[Any]
    dreverse_bias: NDArray[Any] | None
    dinitial_h: NDArray[Any]
    dinitial_c: NDArray[Any] | None


class SimpleRNNGradients(NamedTuple):
    """What `simple_rnn_backward` and `simple_rnn_step_backward` return.

    The gradients of `sum(dy * y) + sum(dh * h)`.

    Fields:
        dx: the shape of `x`, or `None` with `need_dx=False`.
        dkernel: `(D, U)`.
        drecurrent_kernel: `(U, U)`.
        dbias: `(U,)`, or `None` where there was no bias.
        dinitial_h: `(N, U)`, also where the initial state was left out and so zero.
    """

    dx: NDArray[Any] | None
    dkernel: NDArray[Any]
    drecurrent_kernel: NDArray[Any]
    dbias: NDArray[Any] | None
    dinitial_h: NDArray[Any]


class StackedGradients(NamedTuple):
    """What `stacked_rnn_backward` returns.

    The gradients of `sum(dy * y) + sum(dh * h)`, and for the LSTM `+ sum(dc * c)`.

    Fields:
        dx: the shape of `x`, or `None` with `need_dx=False`.
        dlayers: a tuple a layer of the gradients of its weights, in their order and shapes; `None` for a bias
            that is `None`.
        dinitial_h: `(L, N, U)`, of both directions `(L, N, 2U)`, also where it was left out and so zero.
        dinitial_c: likewise, or `None` but for the LSTM.
    """

    dx: NDArray[Any] | None
    dlayers: tuple[tuple[NDArray[Any] | None, ...], ...]
    dinitial_h: NDArray[Any]
    dinitial_c: NDArray[Any] | None


class BatchNormOutput(NamedTuple):
    """What `batch_norm` returns.

    Fields:
        y: the shape of `x`.
        mean: `(C,)`.
        variance: `(C,)`, biased.
    """

    y: NDArray[Any]
    mean: NDArray[Any]
    variance: NDArray[Any]


class NormOutput(NamedTuple):
    """What `layer_norm`, `rms_norm`, `group_norm` and `instance_norm` return with `return_statistics`.

    Fields:
        y: the shape of `x`.
        mean: one value a statistic, or `None` from `rms_norm`.
        rstd: 1 / sqrt(variance + epsilon), or of the mean square.
    """

    y: NDArray[Any]
    mean: NDArray[Any] | None
    rstd: NDArray[Any]


class NormGradients(NamedTuple):
    """What the backward functions of the normalisations return.

    The gradients of `sum(dy * y)`.

    Fields:
        dx: the shape of `x`.
        dgamma: the shape of `gamma`, or `None` where there was none.
        dbeta: the shape of `beta`, or `None` from `rms_norm_backward`.
    """

    dx: NDArray[Any]
    dgamma: NDArray[Any] | None
    dbeta: NDArray[Any] | None


class AttentionOutput(NamedTuple):
    """What `attention` returns with `return_statistics`.

    Fields:
        y: `(N, heads, T, E)`.
        lse: `(N, heads, T)`, the logarithm of the sum of the exponentials of a query's scores.
    """

    y: NDArray[Any]
    lse: NDArray[Any]


class AttentionGradients(NamedTuple):
    """What `attention_backward` returns: the gradients of `sum(dy * y)`.

    Fields:
        dq: `(N, heads, T, D)`.
        dk: `(N, heads, S, D)`.
        dv: `(N, heads, S, E)`.
    """

    dq: NDArray[Any]
    dk: NDArray[Any]
    dv: NDArray[Any]
