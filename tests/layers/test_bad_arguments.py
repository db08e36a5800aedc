"""Constructors of layers refuse what they cannot work with: layer, argument, what was found and expected."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import foldgate as keras

layers = keras.layers
NAN = float("nan")
NUMBER: list[Any] = ["a", [], NAN, None]
SIZE = [-1.0, *NUMBER]  # at least 0
SHARE = [-0.1, 1.5, *NUMBER]  # of 0 to 1
COUNT = [-1, 0, 2.5, "a", [], None, True]  # ints above 0
SWITCH = ["yes", 2, 0.5, [], None]
AXES = [2.5, "a", [0.5], True]
Bad = dict[str, list[Any]]

NAMED: Bad = {"name": [3, "a/b"], "dtype": ["float", 3, "int8"], "trainable": SWITCH}
KERNEL: Bad = {
    "activation": [3, "x"],
    "use_bias": SWITCH,
    "kernel_initializer": ["x", 3],
    "bias_initializer": ["x"],
    "kernel_regularizer": ["x", 3],
    "kernel_constraint": ["x", 3],
}
WINDOW: Bad = {
    "kernel_size": [0, -1, 2.5, "a", (), (3, 3, 3, 3), None],
    "strides": [0, -1, 2.5, "a", None],
    "padding": ["x", 3, None],
    "data_format": ["x", 3],
    "dilation_rate": [0, 2.5, "a", None],
}
POOL: Bad = {"pool_size": [0, -1, 2.5, "a", ()], "strides": [0, 2.5], "padding": ["x"], "data_format": ["x"]}
SCALED: Bad = {
    "epsilon": SIZE,
    "center": SWITCH,
    "scale": SWITCH,
    "beta_initializer": ["x"],
    "gamma_constraint": ["x"],
}
RECURRENT: Bad = KERNEL | {
    "units": COUNT,
    "recurrent_activation": ["x", 3],
    "recurrent_initializer": ["x"],
    "dropout": NUMBER,
    "recurrent_dropout": NUMBER,
    "return_sequences": SWITCH,
    "return_state": SWITCH,
    "go_backwards": SWITCH,
    "stateful": SWITCH,
    "unroll": SWITCH,
    "zero_output_for_mask": SWITCH,
    "seed": ["a", 2.5],
    "use_cudnn": ["x", 3],
}
HEADS: Bad = {
    "dropout": SHARE,
    "use_bias": SWITCH,
    "use_gate": SWITCH,
    "sliding_window": [0, -1, 2.5, "a"],
    "seed": ["a", 2.5],
    "kernel_initializer": ["x"],
}
LAYERS: dict[str, tuple[dict[str, Any], Bad]] = {
    "Dense": ({"units": 2}, NAMED | KERNEL | {"units": COUNT, "lora_rank": [3]}),
    "Embedding": (
        {"input_dim": 3, "output_dim": 2},
        {"input_dim": COUNT, "output_dim": COUNT, "mask_zero": SWITCH, "embeddings_initializer": ["x"]},
    ),
    "Masking": ({}, {"mask_value": ["a", [], NAN, None]}),
    "Activation": ({"activation": "relu"}, {"activation": ["x", 3]}),
    "ReLU": ({}, {"max_value": [-1, "a", NAN], "negative_slope": SIZE, "threshold": SIZE}),
    "LeakyReLU": ({}, {"negative_slope": SIZE}),
    "ELU": ({}, {"alpha": SIZE}),
    "PReLU": ({}, {"shared_axes": [2.5, "a", [0.5]], "alpha_initializer": ["x"]}),
    "Softmax": ({}, {"axis": [*AXES, None]}),
    "Dropout": ({"rate": 0.5}, {"rate": SHARE, "seed": ["a", 2.5], "noise_shape": ["a", (0.5,)]}),
    "AlphaDropout": ({"rate": 0.5}, {"rate": [1, *SHARE], "seed": ["a"]}),
    "SpatialDropout1D": ({"rate": 0.5}, {"rate": SHARE, "seed": ["a"]}),
    "SpatialDropout2D": ({"rate": 0.5}, {"rate": SHARE, "data_format": ["x"]}),
    "GaussianNoise": ({"stddev": 0.5}, {"stddev": SHARE, "seed": ["a"]}),
    "GaussianDropout": ({"rate": 0.5}, {"rate": [1, *SHARE], "seed": ["a"]}),
    "ActivityRegularization": ({}, {"l1": [-1.0, "a", NAN], "l2": [-1.0, "a", NAN]}),
    "BatchNormalization": (
        {},
        SCALED
        | {"axis": [*AXES, None], "momentum": SHARE, "renorm": [True, "a"], "synchronized": SWITCH}
        | {"moving_mean_initializer": ["x"]},
    ),
    "LayerNormalization": ({}, SCALED | {"axis": [*AXES, None, []], "rms_scaling": [True, "a"]}),
    "GroupNormalization": ({}, SCALED | {"axis": [*AXES, None], "groups": [-2, 0, 2.5, "a", None, True]}),
    "RMSNormalization": ({}, {"axis": [*AXES, None, []], "epsilon": SIZE}),
    "UnitNormalization": ({}, {"axis": [*AXES, None, []]}),
    "SpectralNormalization": (
        {"layer": layers.Dense(2)},
        {"layer": [3, None], "power_iterations": COUNT},
    ),
    "Conv1D": ({"filters": 2, "kernel_size": 3}, KERNEL | WINDOW | {"filters": COUNT, "groups": COUNT}),
    "Conv2D": ({"filters": 2, "kernel_size": 3}, KERNEL | WINDOW | {"filters": COUNT, "groups": [3]}),
    "Conv3D": ({"filters": 2, "kernel_size": 3}, KERNEL | WINDOW | {"filters": COUNT}),
    "Conv2DTranspose": (
        {"filters": 2, "kernel_size": 3, "strides": 2},
        KERNEL | WINDOW | {"filters": COUNT, "output_padding": [2, -1, 0.5, "a"]},
    ),
    "Conv3DTranspose": ({"filters": 2, "kernel_size": 3}, {"filters": COUNT, "use_bias": SWITCH}),
    "DepthwiseConv2D": ({"kernel_size": 3}, WINDOW | {"depth_multiplier": COUNT, "use_bias": SWITCH}),
    "SeparableConv2D": (
        {"filters": 2, "kernel_size": 3},
        WINDOW | {"filters": COUNT, "depth_multiplier": COUNT, "use_bias": SWITCH},
    ),
    "MaxPooling1D": ({}, POOL),
    "MaxPooling2D": ({}, POOL),
    "AveragePooling3D": ({"pool_size": 2}, POOL),
    "GlobalAveragePooling2D": ({}, {"data_format": ["x"], "keepdims": SWITCH}),
    "AdaptiveMaxPooling2D": ({"output_size": 2}, {"output_size": [*COUNT, (1, 2, 3)], "data_format": ["x"]}),
    "LSTM": ({"units": 2}, RECURRENT | {"unit_forget_bias": SWITCH}),
    "GRU": ({"units": 2}, RECURRENT | {"reset_after": SWITCH}),
    "SimpleRNN": ({"units": 2}, {name: RECURRENT[name] for name in ("units", "activation", "seed")}),
    "LSTMCell": ({"units": 2}, {"units": COUNT, "dropout": NUMBER, "use_bias": SWITCH}),
    "RNN": ({"cell": layers.GRUCell(2)}, {"cell": [3, None], "return_sequences": SWITCH}),
    "StackedRNNCells": ({"cells": [layers.GRUCell(2)]}, {"cells": [[], [3], 3]}),
    "Bidirectional": (
        {"layer": layers.GRU(2)},
        {"layer": [3, None, layers.Dense(2)], "merge_mode": ["x", 3], "backward_layer": [3]},
    ),
    "TimeDistributed": ({"layer": layers.Dense(2)}, {"layer": [3, None]}),
    "ConvLSTM2D": (
        {"filters": 2, "kernel_size": 3},
        WINDOW | {"filters": COUNT, "return_state": SWITCH, "dropout": NUMBER, "activation": ["x"]},
    ),
    "Attention": (
        {},
        {"use_scale": SWITCH, "score_mode": ["x", 3], "dropout": SHARE, "seed": ["a"]},
    ),
    "AdditiveAttention": ({}, {"use_scale": SWITCH, "dropout": SHARE}),
    "MultiHeadAttention": (
        {"num_heads": 2, "key_dim": 2},
        HEADS
        | {"num_heads": COUNT, "key_dim": COUNT, "value_dim": [0, 2.5, "a"]}
        | {"output_shape": [-1, 2.5, "a", (0,)], "attention_axes": [2.5, "a", (0.5,)]},
    ),
    "GroupQueryAttention": (
        {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2},
        HEADS | {"head_dim": COUNT, "num_query_heads": [3, *COUNT], "num_key_value_heads": COUNT},
    ),
    "Concatenate": ({}, {"axis": [*AXES, None]}),
    "Dot": ({"axes": 1}, {"axes": [2.5, "a", (1,), (1, 0.5), None], "normalize": SWITCH}),
    "Flatten": ({}, {"data_format": ["x", 3]}),
    "Reshape": ({"target_shape": (2,)}, {"target_shape": [2.5, "a", (-2,), (-1, -1), None]}),
    "Permute": ({"dims": (2, 1)}, {"dims": [(0, 1), (1, 3), "ab", 2.5, None, (True, 2)]}),
    "RepeatVector": ({"n": 2}, {"n": COUNT}),
    "Cropping1D": ({}, {"cropping": [-1, 2.5, "a", (1, 2, 3), None]}),
    "Cropping2D": ({}, {"cropping": [-1, 2.5, "a", (1, 2, 3), None], "data_format": ["x"]}),
    "ZeroPadding2D": ({}, {"padding": [-1, 2.5, "a", (1, 2, 3), None], "data_format": ["x"]}),
    "UpSampling1D": ({}, {"size": COUNT}),
    "UpSampling2D": ({}, {"size": COUNT, "interpolation": ["x", 3, None], "data_format": ["x"]}),
    "Rescaling": ({"scale": 2.0}, {"scale": ["a", None, [], NAN], "offset": ["a", None, NAN]}),
    "Resizing": (
        {"height": 2, "width": 2},
        {"height": COUNT, "width": COUNT, "interpolation": ["x"], "fill_mode": ["x"], "fill_value": NUMBER}
        | {"antialias": SWITCH, "crop_to_aspect_ratio": SWITCH},
    ),
    "Normalization": (
        {"mean": 0.0, "variance": 1.0},
        {"axis": [2.5, "a", [0.5], 0], "mean": ["a", None, NAN], "variance": ["a", None, NAN, -1.0]}
        | {"invert": SWITCH},
    ),
    "CategoryEncoding": (
        {"num_tokens": 3},
        {"num_tokens": COUNT, "output_mode": ["x", 3], "sparse": [True, "a"]},
    ),
    "InputLayer": (
        {"shape": (2,)},
        {"shape": ["a", 2.5, (-1,), (0.5,)], "batch_size": [-1, 2.5, "a"], "dtype": ["x", 3]}
        | {"sparse": [True], "ragged": [True], "optional": SWITCH},
    ),
}  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS)
def test_each_wrong_argument_is_named(layer: str) -> None:
    valid, wrong = LAYERS[layer]
    made = getattr(layers, layer)
    made(**valid)
    silent, unclear = [], []
    for argument, values in wrong.items():
        for value in values:
            try:
                made(**{**valid, argument: value})
            except (TypeError, ValueError) as error:
                if not re.search(rf"\b{argument}\b.*; expected ", str(error), re.DOTALL):
                    unclear.append(f"{argument}={value!r}: {error}")
            else:
                silent.append(f"{argument}={value!r}")
    assert not silent
    assert not unclear


@pytest.mark.parametrize("layer", LAYERS)
def test_unknown_arguments_are_named(layer: str) -> None:
    with pytest.raises((TypeError, ValueError), match="no_such_argument"):
        getattr(layers, layer)(**LAYERS[layer][0], no_such_argument=3)


@pytest.mark.parametrize(
    ("made", "arguments"),
    [
        (layers.Dense, {"units": np.int64(3), "use_bias": 0}),
        (layers.Conv2D, {"filters": 2, "kernel_size": [3, 3], "use_bias": np.bool_(False)}),
        (layers.LSTM, {"units": 2, "dropout": 1.5, "return_sequences": 1}),
        (layers.BatchNormalization, {"axis": np.int64(1), "momentum": 1, "epsilon": np.float32(1e-3)}),
        (layers.LayerNormalization, {"axis": (1, 2), "epsilon": 0}),
        (layers.Masking, {"mask_value": np.float32(-1)}),
        (layers.Rescaling, {"scale": [1.0, 2.0], "offset": -1}),
        (layers.Normalization, {"axis": None}),
        (layers.Softmax, {"axis": (1, 2)}),
    ],
)
def test_what_keras_takes_is_taken(made: Any, arguments: dict[str, Any]) -> None:
    made(**arguments)
