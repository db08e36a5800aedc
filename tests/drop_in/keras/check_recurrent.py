"""Recurrent layers with foldgate's kernels against themselves without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from under_keras import BACKEND, arrays, gradients, keras, needs_gradients, same, with_and_without

import foldgate.keras

L = keras.layers
LAYERS = {"lstm": L.LSTM, "gru": L.GRU, "simple_rnn": L.SimpleRNN}
CELLS = {"lstm": L.LSTMCell, "gru": L.GRUCell, "simple_rnn": L.SimpleRNNCell}
OPTIONS: dict[str, dict[str, Any]] = {
    "last": {},
    "sequences": {"return_sequences": True, "return_state": True},
    "backwards": {"return_sequences": True, "return_state": True, "go_backwards": True},
    "backwards_last": {"go_backwards": True},
    "zeros": {"return_sequences": True, "return_state": True, "zero_output_for_mask": True},
    "zeros_backwards": {"go_backwards": True, "zero_output_for_mask": True, "return_sequences": True},
    "no_bias": {"use_bias": False, "return_state": True},
    "relu": {"activation": "relu", "return_sequences": True},
    "hard": {"recurrent_activation": "hard_sigmoid", "activation": "softsign"},
    "plain_loop": {"use_cudnn": False, "return_sequences": True},
}
# rows: all steps, ends early, starts late, a gap, none at all
MASK = np.array(
    [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 1, 0, 0, 1], [0] * 6], bool
)


def build(name: str, rng: np.random.Generator, dtype: str = "float32", **options: Any) -> Any:
    if name == "simple_rnn":
        options = {k: v for k, v in options.items() if k not in ("recurrent_activation", "use_cudnn")}
    layer = LAYERS[name](7, dtype=dtype, **options)
    layer.build((5, 6, 3))
    for weight in layer.weights:  # Keras begins with biases of 0
        weight.assign(rng.normal(size=weight.shape) * 0.5)
    return layer


def precision(name: str, dtype: str, masked: bool, options: dict[str, Any]) -> str:
    """That of Keras itself: `keras.ops.matmul` of its loops computes float64 in float32."""
    newer = keras.__version__ >= "3.15"  # before, the torch backend had one loop for most
    fused = BACKEND == "torch" and newer and name != "simple_rnn" and not masked
    fused = fused and "use_cudnn" not in options
    return dtype if fused else "float32"


def sequences(rng: np.random.Generator, dtype: str = "float32") -> np.ndarray:
    return rng.normal(size=(5, 6, 3)).astype(dtype)


def states(name: str, rng: np.random.Generator, dtype: str = "float32") -> list[np.ndarray]:
    return [rng.normal(size=(5, 7)).astype(dtype) for _ in range(2 if name == "lstm" else 1)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("started", [False, True], ids=["zeros", "started"])
@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer(name: str, options: Any, masked: bool, started: bool, dtype: str, rng: Any) -> None:
    layer, x = build(name, rng, dtype, **options), sequences(rng, dtype)
    given = {"mask": MASK if masked else None, "initial_state": states(name, rng, dtype) if started else None}
    found = with_and_without(lambda: layer(x, **given), name)
    same(*found, precision(name, dtype, masked, options))


def test_gru_that_resets_before(rng: Any) -> None:
    layer, x = build("gru", rng, reset_after=False, return_sequences=True), sequences(rng)
    same(*with_and_without(lambda: layer(x, mask=MASK), "gru"))


@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
@pytest.mark.parametrize("merge", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("name", LAYERS)
def test_bidirectional(name: str, merge: str | None, masked: bool, rng: Any) -> None:
    layer = L.Bidirectional(LAYERS[name](4, return_sequences=True, return_state=True), merge_mode=merge)
    x = sequences(rng)
    layer.build(x.shape)
    same(*with_and_without(lambda: layer(x, mask=MASK if masked else None), name))


@pytest.mark.parametrize("name", CELLS)
def test_rnn_of_a_cell(name: str, rng: Any) -> None:
    layer, x = L.RNN(CELLS[name](4), return_sequences=True), sequences(rng)
    layer.build(x.shape)
    same(*with_and_without(lambda: layer(x, mask=MASK), name))


@pytest.mark.parametrize("name", LAYERS)
def test_state_is_carried_from_batch_to_batch(name: str, rng: Any) -> None:
    layer, x = build(name, rng, stateful=True), sequences(rng)

    def call() -> Any:
        layer.reset_state()
        return [layer(x), layer(x), layer(x, mask=MASK), [state.value for state in layer.states]]

    same(*with_and_without(call, name))
    with foldgate.keras.enabled(), pytest.raises(ValueError, match="batch size"):
        layer(x[:2])


@pytest.mark.parametrize("name", LAYERS)
def test_dropout_of_the_inputs_draws_the_same_mask(name: str, rng: Any) -> None:
    layer, x = build(name, rng, dropout=0.4, seed=3, return_sequences=True), sequences(rng)
    start = layer.cell.seed_generator.state.value

    def call() -> Any:
        layer.cell.seed_generator.state.assign(keras.ops.zeros_like(start))
        return layer(x, training=True)

    found, expected = with_and_without(call, name)
    same(found, expected)
    assert np.abs(found[0] - np.asarray(keras.ops.convert_to_numpy(layer(x)))).max() > 0.01


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_left_to_keras(name: str, rng: Any) -> None:
    x = sequences(rng)
    half = "bfloat16" if BACKEND == "torch" else "float16"
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"recurrent_dropout": 0.3}, {"training": True}),
        ({"unroll": True}, {"mask": MASK}),
        ({"dtype": half, "recurrent_initializer": "ones"}, {}),
    ]
    for options, given in cases:
        layer = build(name, rng, **options)
        with foldgate.keras.enabled():
            foldgate.keras.calls(reset=True)
            layer(keras.ops.cast(x, options.get("dtype", "float32")), **given)
            assert foldgate.keras.calls()[name] == (0, 1)
    layer = LAYERS[name](4, activation=lambda t: keras.ops.tanh(t) * 0.5)
    with foldgate.keras.enabled():
        foldgate.keras.calls(reset=True)
        layer(x)
        assert name not in foldgate.keras.calls()


@pytest.mark.skipif(BACKEND != "numpy", reason="on the CPU Keras' torch backend takes the option as a wish")
def test_a_demand_for_cudnn_is_refused_as_before(rng: Any) -> None:
    layer = L.LSTM(4, use_cudnn=True)
    with foldgate.keras.enabled(), pytest.raises(ValueError, match="use_cudnn=True"):
        layer(sequences(rng))


def test_a_cell_of_ones_own_is_left_alone(rng: Any) -> None:
    class Half(L.LSTMCell):
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            output, states = super().call(inputs, states, training)
            return output / 2, states

    layer, x = L.RNN(Half(4)), sequences(rng)
    layer.build(x.shape)
    plain = keras.ops.convert_to_numpy(layer(x))
    with foldgate.keras.enabled():
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(x)), plain)


def with_a_regularizer(layer: Any, seen: list[Any]) -> None:
    layer.cell.activity_regularizer = keras.regularizers.L2(0.1)


def with_a_call_of_its_own(layer: Any, seen: list[Any]) -> None:
    call = layer.cell.call

    def doubled(*given: Any, **options: Any) -> Any:
        output, states = call(*given, **options)
        return output * 2, states

    layer.cell.call = doubled


def with_a_hook(layer: Any, seen: list[Any]) -> None:
    layer.cell.register_forward_hook(lambda *given: seen.append(1))


def with_a_hook_before(layer: Any, seen: list[Any]) -> None:
    layer.cell.register_forward_pre_hook(lambda *given: seen.append(1))


def with_a_hook_backward(layer: Any, seen: list[Any]) -> None:
    layer.cell.register_full_backward_hook(lambda *given: seen.append(1))


def with_a_tensor_for_a_weight(layer: Any, seen: list[Any]) -> None:
    layer.cell.recurrent_kernel = layer.cell.recurrent_kernel.value * 2


CHANGES = [with_a_regularizer, with_a_call_of_its_own, with_a_tensor_for_a_weight]
CHANGES += [with_a_hook, with_a_hook_before, with_a_hook_backward] if BACKEND == "torch" else []


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", [L.SimpleRNN, L.LSTM, L.RNN], ids=lambda kind: kind.__name__)
def test_a_cell_that_somebody_changed_is_left_alone(kind: Any, change: Any, rng: Any) -> None:
    layer, x = kind(L.GRUCell(4) if kind is L.RNN else 4), keras.ops.convert_to_tensor(sequences(rng))
    layer.build(x.shape)
    seen: list[Any] = []
    change(layer, seen)

    def call() -> list[np.ndarray]:
        seen.clear()
        y = layer(x)
        if change.__name__ == "with_a_hook_backward":
            y.sum().backward()
        return [*arrays(y), *arrays(layer.losses), np.array(len(seen))]

    plain = call()
    with foldgate.keras.enabled():
        same(call(), plain, "float64")


@pytest.mark.parametrize("masks", [[MASK], (MASK, MASK), [None]], ids=["one", "two", "none"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_list_of_masks_is_taken_where_keras_takes_it(name: str, masks: Any, rng: Any) -> None:
    layer, x = build(name, rng), sequences(rng)

    def call() -> Any:
        try:
            return arrays(layer(x, mask=masks))
        except AttributeError as error:
            return str(error)

    plain = call()
    with foldgate.keras.enabled():
        found = call()
    assert isinstance(plain, str) == (name == "simple_rnn")
    assert found == plain if isinstance(plain, str) else np.allclose(found, plain, 1e-5, 1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_shapes_are_inferred_as_before(name: str) -> None:
    def shapes() -> Any:
        x = keras.Input((None, 3))
        layer = LAYERS[name](4, return_sequences=True, return_state=True)
        return [t.shape for t in L.Bidirectional(layer)(x)], LAYERS[name](5)(x).shape

    plain = shapes()
    with foldgate.keras.enabled():
        assert shapes() == plain


def test_conv_lstm_convolves_by_foldgate(rng: Any) -> None:
    if BACKEND == "numpy" and not foldgate.keras.loading.has_jax():
        pytest.skip("without JAX Keras' numpy backend has no convolution of its own")
    layer, x = L.ConvLSTM2D(4, 3, padding="same", return_sequences=True), rng.normal(size=(2, 3, 5, 6, 2))
    layer.build(x.shape)
    same(*with_and_without(lambda: layer(x.astype("float32")), "conv"))


@needs_gradients
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))
@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name: str, options: Any, masked: bool, dtype: str, rng: Any) -> None:
    layer, x = build(name, rng, dtype, **options), sequences(rng, dtype)
    given = {"mask": MASK if masked else None, "initial_state": states(name, rng, dtype)}
    given["initial_state"] = [keras.ops.convert_to_tensor(state) for state in given["initial_state"]]
    found = with_and_without(gradients(layer, x, rng, **given), name)
    hard = "recurrent_activation" in options  # whose slope in torch is a float32 1/6
    same(*found, "float32" if hard else precision(name, dtype, masked, options))


@needs_gradients
@pytest.mark.parametrize(
    "options", [OPTIONS["sequences"], OPTIONS["backwards_last"]], ids=["sequences", "last"]
)
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_gradients(name: str, options: Any, rng: Any) -> None:
    import torch

    layer, x = build(name, rng, "float64", **options), sequences(rng, "float64")

    def call() -> Any:
        inputs = torch.tensor(x, requires_grad=True)
        weights = [weight.value for weight in layer.trainable_weights]
        outputs = keras.tree.flatten(layer(inputs))
        (dx,) = torch.autograd.grad(sum((y**2).sum() for y in outputs), inputs, create_graph=True)
        return list(torch.autograd.grad((dx**2).sum(), [inputs, *weights]))

    same(*with_and_without(call, name), precision(name, "float64", False, options))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_single_step_that_some_rows_leave_out(name: str, backwards: bool, rng: Any) -> None:
    layer = build(name, rng, return_sequences=True, return_state=True, go_backwards=backwards)
    x, mask = rng.normal(size=(3, 1, 3)).astype("float32"), np.array([[True], [False], [False]])
    same(*with_and_without(lambda: layer(x, mask=mask), name))


@pytest.mark.parametrize("name", LAYERS)
def test_the_output_is_not_the_state(name: str, rng: Any) -> None:
    layer, x = build(name, rng, return_state=True), sequences(rng)
    with foldgate.keras.enabled():
        y, *ends = layer(x)
    before = [np.array(end) for end in arrays(ends)]
    y += 1  # as for a residual; Keras' own LSTM and GRU change their states here with torch
    same(arrays(ends), before)
