"""Every op of `foldgate.ops` in plain NumPy, written to be read: the specification of what the ops mean.

Same names, signatures and results; explicit im2col and matrix products, explicit loops over taps and time. It
computes in the dtype it is given, float32 or float64. It is the tests' truth and the benchmark's baseline; it
assumes meaningful arguments and leaves the exhaustive checks to `foldgate.ops`. It imports nothing but NumPy.

Example:
    >>> import numpy as np
    >>> from foldgate import reference
    >>> y = reference.conv(np.ones((1, 28, 28, 1)), np.ones((5, 5, 1, 6)), padding="same")
    >>> reference.max_pool(y).shape
    (1, 14, 14, 6)
"""

from foldgate.gradients import (
    AttentionGradients,
    AttentionOutput,
    BatchNormOutput,
    BiasGradients,
    BidirectionalGradients,
    ConvGradients,
    ConvStep,
    GRUGradients,
    LSTMGradients,
    NormGradients,
    NormOutput,
    SeparableConvGradients,
    SimpleRNNGradients,
    StackedGradients,
)
from foldgate.reference.activations import (
    elu,
    elu_backward,
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
)
from foldgate.reference.adam import adam_update, adamax_update, nadam_update
from foldgate.reference.adaptive_max_pool import adaptive_max_pool, adaptive_max_pool_backward
from foldgate.reference.attention import attention, attention_backward
from foldgate.reference.average_pool import (
    adaptive_average_pool,
    adaptive_average_pool_backward,
    average_pool,
    average_pool_backward,
)
from foldgate.reference.batch_norm import (
    batch_norm,
    batch_norm_backward,
    batch_norm_inference,
    batch_norm_inference_backward,
)
from foldgate.reference.bias import add_relu, add_relu_backward, bias_add, bias_add_backward
from foldgate.reference.bidirectional_gru import bidirectional_gru, bidirectional_gru_backward
from foldgate.reference.bidirectional_lstm import bidirectional_lstm, bidirectional_lstm_backward
from foldgate.reference.bidirectional_simple_rnn import (
    bidirectional_simple_rnn,
    bidirectional_simple_rnn_backward,
)
from foldgate.reference.clipping import clip_by_global_norm, global_norm
from foldgate.reference.conv import conv, conv_backward
from foldgate.reference.conv_max_pool import conv_max_pool, conv_max_pool_backward
from foldgate.reference.conv_step import conv_step
from foldgate.reference.conv_transpose import conv_transpose, conv_transpose_backward
from foldgate.reference.dropout import dropout, dropout_backward, random_uniform
from foldgate.reference.elementwise import (
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
from foldgate.reference.embedding import embedding, embedding_backward
from foldgate.reference.global_pool import (
    global_average_pool,
    global_average_pool_backward,
    global_lp_pool,
    global_lp_pool_backward,
    global_max_pool,
    global_max_pool_backward,
)
from foldgate.reference.group_norm import (
    group_norm,
    group_norm_backward,
    instance_norm,
    instance_norm_backward,
)
from foldgate.reference.gru import gru, gru_backward
from foldgate.reference.gru_step import gru_step, gru_step_backward
from foldgate.reference.im2col import col2im, im2col
from foldgate.reference.layer_norm import layer_norm, layer_norm_backward, rms_norm, rms_norm_backward
from foldgate.reference.lp_pool import lp_pool, lp_pool_backward
from foldgate.reference.lstm import lstm, lstm_backward
from foldgate.reference.lstm_step import lstm_step, lstm_step_backward
from foldgate.reference.matmul import matmul
from foldgate.reference.max_unpool import max_unpool, max_unpool_backward
from foldgate.reference.optimizers import (
    adadelta_update,
    adagrad_update,
    lion_update,
    rmsprop_update,
    sgd_update,
)
from foldgate.reference.packed_conv import PackedConv
from foldgate.reference.packed_recurrent import PackedGRU, PackedLSTM, PackedSimpleRNN
from foldgate.reference.pool import max_pool, max_pool_backward
from foldgate.reference.separable_conv import separable_conv, separable_conv_backward
from foldgate.reference.simple_rnn import simple_rnn, simple_rnn_backward
from foldgate.reference.simple_rnn_step import simple_rnn_step, simple_rnn_step_backward
from foldgate.reference.softmax import (
    log_softmax,
    log_softmax_backward,
    sigmoid_cross_entropy,
    sigmoid_cross_entropy_backward,
    softmax,
    softmax_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
from foldgate.reference.stacked_rnn import stacked_rnn, stacked_rnn_backward

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
    "PackedConv",
    "PackedGRU",
    "PackedLSTM",
    "PackedSimpleRNN",
    "SeparableConvGradients",
    "SimpleRNNGradients",
    "StackedGradients",
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
