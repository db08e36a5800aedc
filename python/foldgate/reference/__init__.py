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

from foldgate.gradients import AttentionGradients as AttentionGradients
from foldgate.gradients import AttentionOutput as AttentionOutput
from foldgate.gradients import BatchNormOutput as BatchNormOutput
from foldgate.gradients import BiasGradients as BiasGradients
from foldgate.gradients import BidirectionalGradients as BidirectionalGradients
from foldgate.gradients import ConvGradients as ConvGradients
from foldgate.gradients import ConvStep as ConvStep
from foldgate.gradients import GRUGradients as GRUGradients
from foldgate.gradients import LSTMGradients as LSTMGradients
from foldgate.gradients import NormGradients as NormGradients
from foldgate.gradients import NormOutput as NormOutput
from foldgate.gradients import SeparableConvGradients as SeparableConvGradients
from foldgate.gradients import SimpleRNNGradients as SimpleRNNGradients
from foldgate.reference.activations import elu as elu
from foldgate.reference.activations import elu_backward as elu_backward
from foldgate.reference.activations import gelu as gelu
from foldgate.reference.activations import gelu_backward as gelu_backward
from foldgate.reference.activations import leaky_relu as leaky_relu
from foldgate.reference.activations import leaky_relu_backward as leaky_relu_backward
from foldgate.reference.adam import adam_update as adam_update
from foldgate.reference.adam import adamax_update as adamax_update
from foldgate.reference.adam import nadam_update as nadam_update
from foldgate.reference.adaptive_max_pool import adaptive_max_pool as adaptive_max_pool
from foldgate.reference.adaptive_max_pool import adaptive_max_pool_backward as adaptive_max_pool_backward
from foldgate.reference.attention import attention as attention
from foldgate.reference.attention import attention_backward as attention_backward
from foldgate.reference.average_pool import adaptive_average_pool as adaptive_average_pool
from foldgate.reference.average_pool import adaptive_average_pool_backward as adaptive_average_pool_backward
from foldgate.reference.average_pool import average_pool as average_pool
from foldgate.reference.average_pool import average_pool_backward as average_pool_backward
from foldgate.reference.batch_norm import batch_norm as batch_norm
from foldgate.reference.batch_norm import batch_norm_backward as batch_norm_backward
from foldgate.reference.batch_norm import batch_norm_inference as batch_norm_inference
from foldgate.reference.batch_norm import batch_norm_inference_backward as batch_norm_inference_backward
from foldgate.reference.bias import add_relu as add_relu
from foldgate.reference.bias import add_relu_backward as add_relu_backward
from foldgate.reference.bias import bias_add as bias_add
from foldgate.reference.bias import bias_add_backward as bias_add_backward
from foldgate.reference.bidirectional import bidirectional_gru as bidirectional_gru
from foldgate.reference.bidirectional import bidirectional_gru_backward as bidirectional_gru_backward
from foldgate.reference.bidirectional import bidirectional_lstm as bidirectional_lstm
from foldgate.reference.bidirectional import bidirectional_lstm_backward as bidirectional_lstm_backward
from foldgate.reference.bidirectional import bidirectional_simple_rnn as bidirectional_simple_rnn
from foldgate.reference.bidirectional import (
    bidirectional_simple_rnn_backward as bidirectional_simple_rnn_backward,
)
from foldgate.reference.clipping import clip_by_global_norm as clip_by_global_norm
from foldgate.reference.clipping import global_norm as global_norm
from foldgate.reference.conv import conv as conv
from foldgate.reference.conv import conv_backward as conv_backward
from foldgate.reference.conv_max_pool import conv_max_pool as conv_max_pool
from foldgate.reference.conv_max_pool import conv_max_pool_backward as conv_max_pool_backward
from foldgate.reference.conv_step import conv_step as conv_step
from foldgate.reference.conv_transpose import conv_transpose as conv_transpose
from foldgate.reference.conv_transpose import conv_transpose_backward as conv_transpose_backward
from foldgate.reference.dropout import dropout as dropout
from foldgate.reference.dropout import dropout_backward as dropout_backward
from foldgate.reference.dropout import random_uniform as random_uniform
from foldgate.reference.elementwise import erf as erf
from foldgate.reference.elementwise import erf_backward as erf_backward
from foldgate.reference.elementwise import exp as exp
from foldgate.reference.elementwise import exp_backward as exp_backward
from foldgate.reference.elementwise import hard_sigmoid as hard_sigmoid
from foldgate.reference.elementwise import hard_sigmoid_backward as hard_sigmoid_backward
from foldgate.reference.elementwise import hard_silu as hard_silu
from foldgate.reference.elementwise import hard_silu_backward as hard_silu_backward
from foldgate.reference.elementwise import log as log
from foldgate.reference.elementwise import log_backward as log_backward
from foldgate.reference.elementwise import log_sigmoid as log_sigmoid
from foldgate.reference.elementwise import log_sigmoid_backward as log_sigmoid_backward
from foldgate.reference.elementwise import mish as mish
from foldgate.reference.elementwise import mish_backward as mish_backward
from foldgate.reference.elementwise import relu as relu
from foldgate.reference.elementwise import relu6 as relu6
from foldgate.reference.elementwise import relu6_backward as relu6_backward
from foldgate.reference.elementwise import relu_backward as relu_backward
from foldgate.reference.elementwise import selu as selu
from foldgate.reference.elementwise import selu_backward as selu_backward
from foldgate.reference.elementwise import sigmoid as sigmoid
from foldgate.reference.elementwise import sigmoid_backward as sigmoid_backward
from foldgate.reference.elementwise import silu as silu
from foldgate.reference.elementwise import silu_backward as silu_backward
from foldgate.reference.elementwise import softplus as softplus
from foldgate.reference.elementwise import softplus_backward as softplus_backward
from foldgate.reference.elementwise import softsign as softsign
from foldgate.reference.elementwise import softsign_backward as softsign_backward
from foldgate.reference.elementwise import tanh as tanh
from foldgate.reference.elementwise import tanh_backward as tanh_backward
from foldgate.reference.embedding import embedding as embedding
from foldgate.reference.embedding import embedding_backward as embedding_backward
from foldgate.reference.global_pool import global_average_pool as global_average_pool
from foldgate.reference.global_pool import global_average_pool_backward as global_average_pool_backward
from foldgate.reference.global_pool import global_lp_pool as global_lp_pool
from foldgate.reference.global_pool import global_lp_pool_backward as global_lp_pool_backward
from foldgate.reference.global_pool import global_max_pool as global_max_pool
from foldgate.reference.global_pool import global_max_pool_backward as global_max_pool_backward
from foldgate.reference.group_norm import group_norm as group_norm
from foldgate.reference.group_norm import group_norm_backward as group_norm_backward
from foldgate.reference.group_norm import instance_norm as instance_norm
from foldgate.reference.group_norm import instance_norm_backward as instance_norm_backward
from foldgate.reference.gru import gru as gru
from foldgate.reference.gru import gru_backward as gru_backward
from foldgate.reference.gru import gru_step as gru_step
from foldgate.reference.gru import gru_step_backward as gru_step_backward
from foldgate.reference.im2col import col2im as col2im
from foldgate.reference.im2col import im2col as im2col
from foldgate.reference.layer_norm import layer_norm as layer_norm
from foldgate.reference.layer_norm import layer_norm_backward as layer_norm_backward
from foldgate.reference.layer_norm import rms_norm as rms_norm
from foldgate.reference.layer_norm import rms_norm_backward as rms_norm_backward
from foldgate.reference.lp_pool import lp_pool as lp_pool
from foldgate.reference.lp_pool import lp_pool_backward as lp_pool_backward
from foldgate.reference.lstm import lstm as lstm
from foldgate.reference.lstm import lstm_backward as lstm_backward
from foldgate.reference.lstm import lstm_step as lstm_step
from foldgate.reference.lstm import lstm_step_backward as lstm_step_backward
from foldgate.reference.matmul import matmul as matmul
from foldgate.reference.max_unpool import max_unpool as max_unpool
from foldgate.reference.max_unpool import max_unpool_backward as max_unpool_backward
from foldgate.reference.optimizers import adadelta_update as adadelta_update
from foldgate.reference.optimizers import adagrad_update as adagrad_update
from foldgate.reference.optimizers import lion_update as lion_update
from foldgate.reference.optimizers import rmsprop_update as rmsprop_update
from foldgate.reference.optimizers import sgd_update as sgd_update
from foldgate.reference.packed_conv import PackedConv as PackedConv
from foldgate.reference.packed_recurrent import PackedGRU as PackedGRU
from foldgate.reference.packed_recurrent import PackedLSTM as PackedLSTM
from foldgate.reference.packed_recurrent import PackedSimpleRNN as PackedSimpleRNN
from foldgate.reference.pool import max_pool as max_pool
from foldgate.reference.pool import max_pool_backward as max_pool_backward
from foldgate.reference.separable_conv import separable_conv as separable_conv
from foldgate.reference.separable_conv import separable_conv_backward as separable_conv_backward
from foldgate.reference.simple_rnn import simple_rnn as simple_rnn
from foldgate.reference.simple_rnn import simple_rnn_backward as simple_rnn_backward
from foldgate.reference.simple_rnn import simple_rnn_step as simple_rnn_step
from foldgate.reference.simple_rnn import simple_rnn_step_backward as simple_rnn_step_backward
from foldgate.reference.softmax import log_softmax as log_softmax
from foldgate.reference.softmax import log_softmax_backward as log_softmax_backward
from foldgate.reference.softmax import sigmoid_cross_entropy as sigmoid_cross_entropy
from foldgate.reference.softmax import sigmoid_cross_entropy_backward as sigmoid_cross_entropy_backward
from foldgate.reference.softmax import softmax as softmax
from foldgate.reference.softmax import softmax_backward as softmax_backward
from foldgate.reference.softmax import softmax_cross_entropy as softmax_cross_entropy
from foldgate.reference.softmax import softmax_cross_entropy_backward as softmax_cross_entropy_backward

__all__ = [
    "AttentionGradients",
    "AttentionOutput",
    "BatchNormOutput",
    "BiasGradients",
    "BidirectionalGradients",
    "ConvGradients",
    "GRUGradients",
    "LSTMGradients",
    "NormGradients",
    "NormOutput",
    "PackedConv",
    "PackedGRU",
    "PackedLSTM",
    "PackedSimpleRNN",
    "SimpleRNNGradients",
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
    "tanh",
    "tanh_backward",
]
