"""Array functions: NumPy arrays in, NumPy arrays out, forward and backward.

`foldgate.reference` has the same functions in plain NumPy. Further names of `keras.ops` (`mean`, `reshape`,
`concatenate`, `cast`, ...) are NumPy's functions, or written in them; see docs/keras.md.
"""

import sys as _sys
from importlib import import_module as _import_module
from typing import Any as _Any

from foldgate.ops.activations import (
    elu,
    elu_backward,
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
)
from foldgate.ops.adam import adam_update, adamax_update, nadam_update
from foldgate.ops.adaptive_max_pool import adaptive_max_pool, adaptive_max_pool_backward
from foldgate.ops.attention import attention, attention_backward
from foldgate.ops.average_pool import (
    adaptive_average_pool,
    adaptive_average_pool_backward,
    average_pool,
    average_pool_backward,
)
from foldgate.ops.batch_norm import (
    batch_norm,
    batch_norm_backward,
    batch_norm_inference,
    batch_norm_inference_backward,
)
from foldgate.ops.bias import (
    add_relu,
    add_relu_backward,
    bias_add,
    bias_add_backward,
)
from foldgate.ops.bidirectional_gru import bidirectional_gru, bidirectional_gru_backward
from foldgate.ops.bidirectional_lstm import bidirectional_lstm, bidirectional_lstm_backward
from foldgate.ops.bidirectional_simple_rnn import bidirectional_simple_rnn, bidirectional_simple_rnn_backward
from foldgate.ops.clipping import clip_by_global_norm, global_norm
from foldgate.ops.conv import conv, conv_backward
from foldgate.ops.conv_max_pool import conv_max_pool, conv_max_pool_backward
from foldgate.ops.conv_step import conv_step
from foldgate.ops.conv_transpose import conv_transpose, conv_transpose_backward
from foldgate.ops.cross_entropy import (
    sigmoid_cross_entropy,
    sigmoid_cross_entropy_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
from foldgate.ops.dropout import (
    dropout,
    dropout_backward,
    random_uniform,
)
from foldgate.ops.elementwise import (
    erf,
    erf_backward,
    exp,
    exp_backward,
    hard_sigmoid,
    hard_sigmoid_backward,
    hard_silu,
    hard_silu_backward,
    log,
    log_backward,
    log_sigmoid,
    log_sigmoid_backward,
    mish,
    mish_backward,
    relu,
    relu6,
    relu6_backward,
    relu_backward,
    selu,
    selu_backward,
    sigmoid,
    sigmoid_backward,
    silu,
    silu_backward,
    softplus,
    softplus_backward,
    softsign,
    softsign_backward,
    tanh,
    tanh_backward,
)
from foldgate.ops.embedding import embedding, embedding_backward
from foldgate.ops.global_average_pool import global_average_pool, global_average_pool_backward
from foldgate.ops.global_lp_pool import global_lp_pool, global_lp_pool_backward
from foldgate.ops.global_max_pool import global_max_pool, global_max_pool_backward
from foldgate.ops.group_norm import group_norm, group_norm_backward, instance_norm, instance_norm_backward
from foldgate.ops.gru import gru, gru_backward
from foldgate.ops.gru_step import gru_step, gru_step_backward
from foldgate.ops.im2col import col2im, im2col
from foldgate.ops.layer_norm import layer_norm, layer_norm_backward, rms_norm, rms_norm_backward
from foldgate.ops.lp_pool import lp_pool, lp_pool_backward
from foldgate.ops.lstm import lstm, lstm_backward
from foldgate.ops.lstm_step import lstm_step, lstm_step_backward
from foldgate.ops.matmul import matmul
from foldgate.ops.max_unpool import max_unpool, max_unpool_backward
from foldgate.ops.optimizers import adadelta_update, adagrad_update, lion_update, rmsprop_update, sgd_update
from foldgate.ops.packed_conv import PackedConv
from foldgate.ops.packed_gru import PackedGRU
from foldgate.ops.packed_lstm import PackedLSTM
from foldgate.ops.packed_simple_rnn import PackedSimpleRNN
from foldgate.ops.pool import max_pool, max_pool_backward
from foldgate.ops.separable_conv import separable_conv, separable_conv_backward
from foldgate.ops.simple_rnn import simple_rnn, simple_rnn_backward
from foldgate.ops.simple_rnn_step import simple_rnn_step, simple_rnn_step_backward
from foldgate.ops.softmax import (
    log_softmax,
    log_softmax_backward,
    softmax,
    softmax_backward,
)
from foldgate.ops.stacked_rnn import stacked_rnn, stacked_rnn_backward

__all__ = [
    "PackedConv",
    "PackedGRU",
    "PackedLSTM",
    "PackedSimpleRNN",
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "adaptive_average_pool",
    "adaptive_average_pool_backward",
    "adaptive_max_pool",
    "adaptive_max_pool_backward",
    "add_relu",
    "add_relu_backward",
    "attention",
    "attention_backward",
    "average_pool",
    "average_pool_backward",
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_inference",
    "batch_norm_inference_backward",
    "bias_add",
    "bias_add_backward",
    "bidirectional_gru",
    "bidirectional_gru_backward",
    "bidirectional_lstm",
    "bidirectional_lstm_backward",
    "bidirectional_simple_rnn",
    "bidirectional_simple_rnn_backward",
    "clip_by_global_norm",
    "col2im",
    "conv",
    "conv_backward",
    "conv_max_pool",
    "conv_max_pool_backward",
    "conv_step",
    "conv_transpose",
    "conv_transpose_backward",
    "dropout",
    "dropout_backward",
    "elu",
    "elu_backward",
    "embedding",
    "embedding_backward",
    "erf",
    "erf_backward",
    "exp",
    "exp_backward",
    "gelu",
    "gelu_backward",
    "global_average_pool",
    "global_average_pool_backward",
    "global_lp_pool",
    "global_lp_pool_backward",
    "global_max_pool",
    "global_max_pool_backward",
    "global_norm",
    "group_norm",
    "group_norm_backward",
    "gru",
    "gru_backward",
    "gru_step",
    "gru_step_backward",
    "hard_sigmoid",
    "hard_sigmoid_backward",
    "hard_silu",
    "hard_silu_backward",
    "im2col",
    "instance_norm",
    "instance_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "lion_update",
    "log",
    "log_backward",
    "log_sigmoid",
    "log_sigmoid_backward",
    "log_softmax",
    "log_softmax_backward",
    "lp_pool",
    "lp_pool_backward",
    "lstm",
    "lstm_backward",
    "lstm_step",
    "lstm_step_backward",
    "matmul",
    "max_pool",
    "max_pool_backward",
    "max_unpool",
    "max_unpool_backward",
    "mish",
    "mish_backward",
    "nadam_update",
    "random_uniform",
    "relu",
    "relu6",
    "relu6_backward",
    "relu_backward",
    "rms_norm",
    "rms_norm_backward",
    "rmsprop_update",
    "selu",
    "selu_backward",
    "separable_conv",
    "separable_conv_backward",
    "sgd_update",
    "sigmoid",
    "sigmoid_backward",
    "sigmoid_cross_entropy",
    "sigmoid_cross_entropy_backward",
    "silu",
    "silu_backward",
    "simple_rnn",
    "simple_rnn_backward",
    "simple_rnn_step",
    "simple_rnn_step_backward",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
    "softplus",
    "softplus_backward",
    "softsign",
    "softsign_backward",
    "stacked_rnn",
    "stacked_rnn_backward",
    "tanh",
    "tanh_backward",
]


_PARTS = frozenset({"core", "linalg", "math", "nn", "numpy"})  # of the room in Keras: `ops.nn.relu`


def __getattr__(name: str) -> _Any:
    """Functions of `keras.ops` that are not this room's own: NumPy's, or written in NumPy's."""
    if name in _PARTS:
        return _sys.modules[__name__]
    if name == "image":
        return _import_module("foldgate.ops.image")
    if not name.startswith("_"):  # a part of this room, which is about to be imported
        from foldgate.ops._by_keras_name import FUNCTIONS

        if name in FUNCTIONS:
            return FUNCTIONS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
