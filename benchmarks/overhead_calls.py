"""The small calls that overhead.py times."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import foldgate as keras
from foldgate import _native, ops

Calls = dict[str, Callable[[], Any]]


def array(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)


def small_model(optimizer: str) -> Any:
    """Four Dense layers of 16 units."""
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((16,)), *[layers.Dense(16, activation="relu") for _ in range(3)], layers.Dense(16)]
    )
    model.compile(optimizer, "mse")
    return model


def step_calls() -> Calls:
    """A step of the small model in every form, its single parts, and one sample through it."""
    calls: Calls = {}
    x, y, one = array(8, 16), array(8, 16), array(1, 16)
    for name in ("sgd", "adam"):
        model = small_model(name)
        many_x, many_y = np.tile(x, (64, 1)), np.tile(y, (64, 1))
        calls[f"train_on_batch {name}"] = lambda m=model: m.train_on_batch(x, y)
        calls[f"fit {name}, 64 batches"] = lambda m=model, a=many_x, b=many_y: m.fit(
            a, b, batch_size=8, verbose=0
        )
        calls[f"own loop {name}"] = own_loop(model, x, y)
    calls |= step_parts(x, y)
    calls["native calls of an sgd step"] = native_calls(x)
    model = small_model("sgd")
    calls["call of one sample"] = lambda: model(one)
    calls["predict of one sample"] = lambda: model.predict(one, verbose=0)
    return calls


def own_loop(model: Any, x: Any, y: Any) -> Callable[[], Any]:
    """A step by the tape and the optimizer, as one writes it."""
    loss, weights = keras.losses.MeanSquaredError(), model.trainable_variables

    def step() -> None:
        with keras.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        model.optimizer.apply(tape.gradient(value, weights), weights)

    return step


def step_parts(x: Any, y: Any) -> Calls:
    """The parts of a step: the recording, the walk back, the optimizer's call."""
    model, loss = small_model("adam"), keras.losses.MeanSquaredError()
    weights = model.trainable_variables
    kernel, bias = array(16, 16), array(16)
    variable = keras.Variable(kernel)

    def forward() -> Any:
        with keras.GradientTape() as tape:
            return tape, loss(y, model(x, training=True))

    def both() -> Any:
        tape, value = forward()
        return tape.gradient(value, weights)

    def recorded() -> None:
        with keras.GradientTape():
            for _ in range(20):
                ops.matmul(x, variable, bias, activation="relu")

    gradients = both()
    return {
        "forward and loss on the tape": forward,
        "that and the gradients": both,
        "adam's apply": lambda: model.optimizer.apply(gradients, weights),
        "a product": lambda: ops.matmul(x, kernel, bias, activation="relu"),
        "20 products on the tape": recorded,
    }


def native_calls(x: Any) -> Callable[[], Any]:
    """What a step calls of the compiled module, alone: four products in both directions, and the update."""
    kernels, biases = [array(16, 16) for _ in range(4)], [array(16) for _ in range(4)]
    shapes, relu, linear = ((8, 16), (16, 16)), 1, 0
    forward = [_native.MatmulPlan(*shapes, False, False, code) for code in (relu, relu, relu, linear)]
    backward = [
        _native.MatmulBackwardPlan(*shapes, code, need_x, True, True)
        for code, need_x in ((relu, False), (relu, True), (relu, True), (linear, True))
    ]
    variables = [array for pair in zip(kernels, biases, strict=True) for array in pair]
    constants = [1.0, *[0.0] * 9]

    def run() -> None:
        values, gradients = [x], []
        for plan, kernel, bias in zip(forward, kernels, biases, strict=True):
            values.append(plan(values[-1], kernel, bias))
        dy = values[-1]
        for i in (3, 2, 1, 0):
            dy, *others = backward[i](dy, values[i], kernels[i], values[i + 1])
            gradients = [*others, *gradients]
        slots: list[list[Any]] = [[] for _ in variables]
        _native.optimizer_updates("sgd", 0, variables, gradients, [], slots, constants)

    return run


def layer_calls() -> Calls:
    """A call of each layer on a small array, as it is used for inference; some in training too."""
    L = keras.layers
    rows, steps, images, volumes = array(2, 8), array(2, 4, 8), array(2, 6, 6, 8), array(1, 4, 4, 4, 8)
    calls: Calls = {}

    def add(layer: Any, *args: Any, name: str = "", **kwargs: Any) -> None:
        calls[name or type(layer).__name__] = lambda: layer(*args, **kwargs)

    for layer in (L.Dense(8), L.Activation("relu"), L.ReLU(), L.ELU(), L.LeakyReLU(), L.PReLU(), L.Softmax()):
        add(layer, rows)
    for kind in (L.Identity, L.Dropout, L.GaussianDropout, L.GaussianNoise, L.AlphaDropout):
        add(kind(0.5) if kind is not L.Identity else kind(), rows)
    add(L.Embedding(10, 8), np.array([[1, 2, 3], [4, 5, 6]]))
    for layer in (
        L.Add(),
        L.Subtract(),
        L.Multiply(),
        L.Average(),
        L.Maximum(),
        L.Minimum(),
        L.Concatenate(),
    ):
        add(layer, [rows, rows])
    add(L.Dot(-1), [rows, rows])
    for layer in (
        L.BatchNormalization(),
        L.LayerNormalization(),
        L.RMSNormalization(),
        L.UnitNormalization(),
    ):
        add(layer, rows)
    add(L.GroupNormalization(2), images)
    add(L.SpectralNormalization(L.Dense(8)), rows)
    for layer in (L.Flatten(), L.Permute((2, 1)), L.Reshape((32,))):
        add(layer, steps)
    add(L.RepeatVector(3), rows)
    for n, x in ((1, steps), (2, images), (3, volumes)):
        for kind in ("ZeroPadding", "Cropping", "UpSampling"):
            add(getattr(L, f"{kind}{n}D")(), x)
        for kind in ("MaxPooling", "AveragePooling"):
            add(getattr(L, f"{kind}{n}D")(2), x)
        for kind in ("GlobalMaxPooling", "GlobalAveragePooling"):
            add(getattr(L, f"{kind}{n}D")(), x)
        for kind in ("AdaptiveMaxPooling", "AdaptiveAveragePooling"):
            add(getattr(L, f"{kind}{n}D")(2), x)
        add(getattr(L, f"Conv{n}D")(8, 3), x)
        add(getattr(L, f"Conv{n}DTranspose")(8, 3), x)
        add(getattr(L, f"SpatialDropout{n}D")(0.5), x)
    for n, x in ((1, steps), (2, images)):
        add(getattr(L, f"DepthwiseConv{n}D")(3), x)
        add(getattr(L, f"SeparableConv{n}D")(8, 3), x)
    for kind in (L.SimpleRNN, L.GRU, L.LSTM):
        add(kind(8), steps)
        add(L.Bidirectional(kind(8)), steps, name=f"Bidirectional({kind.__name__})")
        add(L.RNN(getattr(L, f"{kind.__name__}Cell")(8)), steps, name=f"RNN({kind.__name__}Cell)")
    add(L.TimeDistributed(L.Dense(8)), steps)
    add(L.Attention(), [steps, steps])
    add(L.AdditiveAttention(), [steps, steps])
    add(L.MultiHeadAttention(2, 4), steps, steps)
    add(L.GroupQueryAttention(4, 2, 1), steps, steps)
    add(L.Rescaling(0.5), rows)
    add(L.Resizing(3, 3), images)
    for layer in (L.BatchNormalization(), L.Dropout(0.5), L.GaussianNoise(0.5)):
        add(layer, rows, training=True, name=f"{type(layer).__name__}, training")
    add(L.Masking(), steps.copy())  # last: while a mask is alive every layer looks for masks
    return calls


def op_calls() -> Calls:
    """A call of each op forward on a small array; convolution's own are in the layers' list."""
    x, rows, steps, images = array(4, 8), array(8), array(2, 4, 8), array(2, 6, 6, 8)
    kernel, labels, ids = array(8, 8), np.array([1, 2, 3, 0]), np.array([1, 2, 3])
    y, indices = ops.max_pool(images, 2, return_indices="taps")
    calls: Calls = {
        "matmul": lambda: ops.matmul(x, kernel, rows),
        "softmax": lambda: ops.softmax(x),
        "log_softmax": lambda: ops.log_softmax(x),
        "softmax_cross_entropy": lambda: ops.softmax_cross_entropy(x, labels),
        "sigmoid_cross_entropy": lambda: ops.sigmoid_cross_entropy(x, x),
        "dropout": lambda: ops.dropout(x, 0.3, seed=5, offset=9),
        "embedding": lambda: ops.embedding(ids, kernel),
        "embedding_backward": lambda: ops.embedding_backward(x[:3], ids, 8),
        "bias_add": lambda: ops.bias_add(x, rows, activation="relu"),
        "bias_add_backward": lambda: ops.bias_add_backward(x, x, activation="relu"),
        "add_relu": lambda: ops.add_relu(x, x),
        "max_pool": lambda: ops.max_pool(images, 2),
        "max_pool_backward": lambda: ops.max_pool_backward(y, indices, images.shape, 2),
        "average_pool": lambda: ops.average_pool(images, 2),
        "adaptive_average_pool": lambda: ops.adaptive_average_pool(images, 2),
        "adaptive_max_pool": lambda: ops.adaptive_max_pool(images, 2),
        "lp_pool": lambda: ops.lp_pool(images, 2),
        "global_average_pool": lambda: ops.global_average_pool(images),
        "global_max_pool": lambda: ops.global_max_pool(images),
        "batch_norm": lambda: ops.batch_norm(x, rows, rows),
        "batch_norm_inference": lambda: ops.batch_norm_inference(x, rows, abs(rows), rows, rows),
        "group_norm": lambda: ops.group_norm(x, rows, rows, groups=2),
        "instance_norm": lambda: ops.instance_norm(steps, rows, rows),
        "layer_norm": lambda: ops.layer_norm(x, rows, rows),
        "rms_norm": lambda: ops.rms_norm(x, rows),
        "attention": lambda: ops.attention(steps[:, None], steps[:, None], steps[:, None]),
        "conv": lambda: ops.conv(images, array_of_kernel, rows),
        "conv_transpose": lambda: ops.conv_transpose(images, array_of_kernel, rows),
        "global_norm": lambda: ops.global_norm([x, x]),
        "sgd_update": lambda: ops.sgd_update(variable, x, learning_rate=0.0),
    }
    array_of_kernel, variable = array(3, 3, 8, 8), array(4, 8)
    for name in ("relu", "tanh", "sigmoid", "exp", "log", "elu", "gelu", "silu", "softplus", "mish", "erf"):
        calls[name] = partial(getattr(ops, name), x)
        calls[f"{name}_backward"] = partial(getattr(ops, f"{name}_backward"), x, x)
    for name, gates in (("lstm", 4), ("gru", 3), ("simple_rnn", 1)):
        bias = array(*((2,) if gates == 3 else ()), gates * 8)
        weights = array(8, gates * 8), array(8, gates * 8), bias
        calls[name] = partial(getattr(ops, name), steps, *weights)
        states = (x[:2], x[2:]) if gates == 4 else (x[:2],)
        calls[f"{name}_step"] = partial(getattr(ops, f"{name}_step"), x[:2], *states, *weights)
    return calls
