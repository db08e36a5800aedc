"""Models against Keras: outputs, gradients, the order of weights, configurations that either side reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, keras, quiet, share_weights

import foldgate

Build = Callable[[Any, Any], Any]


def stack(k: Any, np_: Any) -> Any:
    return k.Sequential(
        [k.Input((4,)), k.layers.Dense(5, activation="relu"), k.layers.Dense(3, kernel_regularizer="l2")],
        name="stack",
    )


def shared(k: Any, np_: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    dense = k.layers.Dense(4, activation="tanh", name="dense")
    x, y = dense(a), dense(b)
    late, early = k.layers.Dense(4, name="late"), k.layers.Dense(4, name="early")
    return k.Model([a, b], [late(dense(x + y)), early(y)], name="shared")


def nested(k: Any, np_: Any) -> Any:
    inner_in = k.Input((4,), name="inner_in")
    inner = k.Model(inner_in, k.layers.Dense(4, name="d")(inner_in) + inner_in, name="inner")
    a = k.Input((4,), name="a")
    part = k.Sequential([k.Input((4,), name="part_in"), k.layers.Dense(4, name="e")], name="part")
    return k.Model(a, part(inner(inner(a))), name="nested")


def functions(k: Any, np_: Any) -> Any:
    a = k.Input((3, 4), name="a")
    x = 2.0 - k.layers.Dense(4, name="d")(a) * 0.5
    x = np_.concatenate([x, np_.tanh(a)], axis=-1)[:, 1:] / 3
    x = np_.transpose(np_.reshape(x, (-1, 8, 2)), (0, 2, 1)) ** 2
    x = np_.stack([np_.mean(x, axis=1), np_.max(x, axis=1), np_.sum(x, 1)], axis=1)
    x = np_.squeeze(np_.expand_dims(x, 1), 1) @ np_.transpose(x, (0, 2, 1))
    return k.Model(a, -np_.maximum(x, 0.1) + np_.clip(x, 0.2, 1.0), name="functions")


def masked(k: Any, np_: Any) -> Any:
    ids = k.Input((None,), dtype="int32", name="ids")
    x = k.layers.Embedding(20, 6, mask_zero=True, name="embed")(ids)
    x = k.layers.Bidirectional(k.layers.LSTM(4, return_sequences=True), name="both")(x)
    x = k.layers.TimeDistributed(k.layers.Dense(5, activation="tanh"), name="each")(x)
    x, state = k.layers.GRU(3, return_state=True, name="gru")(x)
    return k.Model(ids, [k.layers.Dense(2, name="head")(x), state], name="masked")


def residual(k: Any, np_: Any) -> Any:
    images = k.Input((8, 8, 3), name="images")
    x = k.layers.Conv2D(4, 3, padding="same", use_bias=False, name="conv")(images)
    x = k.layers.BatchNormalization(name="norm")(x)
    x = k.layers.ReLU(name="relu")(x)
    x = k.layers.Add(name="join")([x, k.layers.Conv2D(4, 1, name="short")(images)])
    x = k.layers.Concatenate(name="both")(
        [k.layers.MaxPooling2D(name="pool")(x), k.layers.AveragePooling2D(2, name="mean")(x)]
    )
    x = k.layers.Flatten(name="flat")(k.layers.SeparableConv2D(3, 3, name="separable")(x))
    return k.Model(images, k.layers.Dense(3, activation="softmax", name="head")(x), name="residual")


def attending(k: Any, np_: Any) -> Any:
    x = k.Input((5, 8), name="x")
    y = k.layers.MultiHeadAttention(2, 4, use_bias=False, name="heads")(x, x)
    y = k.layers.LayerNormalization(name="norm")(x + y)
    y = k.layers.Attention(name="attention")([y, x])
    return k.Model(x, k.layers.GlobalAveragePooling1D(name="mean")(y), name="attending")


CASES: dict[str, tuple[Build, list[tuple[int, ...]]]] = {
    "stack": (stack, [(2, 4)]),
    "shared": (shared, [(2, 4), (2, 4)]),
    "nested": (nested, [(2, 4)]),
    "functions": (functions, [(2, 3, 4)]),
    "masked": (masked, [(3, 6)]),
    "residual": (residual, [(2, 8, 8, 3)]),
    "attending": (attending, [(2, 5, 8)]),
}


def both(name: str) -> tuple[Any, Any, Any]:
    build, shapes = CASES[name]
    foldgate.backend.clear_session()
    keras.backend.clear_session()
    rng = np.random.default_rng(0)
    inputs: list[Any] = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    if name == "masked":
        inputs = [np.array([[1, 2, 3, 0, 0, 0], [4, 5, 6, 7, 8, 9], [1, 0, 0, 0, 0, 0]], np.int32)]
    ours, theirs = build(foldgate, np), quiet(build, keras, keras.ops)
    share_weights(ours, theirs)
    return ours, theirs, inputs if len(inputs) > 1 else inputs[0]


def plain(config: Any) -> Any:
    return json.loads(json.dumps(config))


def without_ids(value: Any) -> Any:
    """What both must say alike. Keras lists options of one value too: a model's `mask`, `initial`."""
    if isinstance(value, dict):
        skip = {"shared_object_id", "optional", "mask", "initial", "compile_config"}
        skip |= {"build_config"} if value.get("class_name") == "Flatten" else set()
        return {k: without_ids(v) for k, v in value.items() if k not in skip}
    if isinstance(value, list):
        return [without_ids(part) for part in value]
    return float(np.float32(value)) if isinstance(value, float) else value


SAME_GRAPH = [name for name in CASES if name != "masked"]  # there Keras lists the mask among the layers


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_gradients(name: str) -> None:
    ours, theirs, inputs = both(name)
    assert_same(ours, theirs, inputs, tolerance=100)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert ours.count_params() == theirs.count_params()
    assert ours.output_shape == theirs.output_shape


@pytest.mark.parametrize("name", SAME_GRAPH)
def test_configurations_are_the_same(name: str) -> None:
    ours, theirs, _ = both(name)
    mine, other = (without_ids(plain(m.get_config())) for m in (ours, theirs))
    assert mine == other


@pytest.mark.parametrize("name", CASES)
def test_each_side_reads_the_other(name: str) -> None:
    ours, theirs, inputs = both(name)
    there = quiet(keras.models.model_from_json, ours.to_json())
    here = foldgate.models.model_from_json(theirs.to_json())
    for made in (there, here):
        made.set_weights(ours.get_weights())
    expected = ours(inputs)
    for made in (quiet(there, inputs), here(inputs)):
        for a, b in zip(*([x] if not isinstance(x, list) else x for x in (made, expected)), strict=True):
            a = a.detach().numpy() if hasattr(a, "detach") else a
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SAME_GRAPH)
def test_summaries_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # Keras cuts off what is wider
    ours, theirs, _ = both(name)
    found: list[str] = []
    expected: list[str] = []
    ours.summary(print_fn=found.append, line_length=100)
    theirs.summary(print_fn=expected.append, line_length=100)

    def rows(parts: list[str]) -> list[str]:
        lines = "".join(parts).splitlines()
        return [" ".join(line.split()) for line in lines if "━" not in line and "─" not in line]

    assert rows(found) == rows(expected)


def test_dropout_of_a_model_from_keras_drops_in_training() -> None:
    """Keras writes training=False into the calls of its layers, which is no wish of the user."""
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(4, 64, mask_zero=True)(inputs)
    theirs = keras.Model(inputs, keras.layers.Dropout(0.5)(keras.layers.GRU(64, dropout=0.5)(x)))
    ours = foldgate.models.model_from_json(theirs.to_json())
    ids = np.ones((2, 3), np.int32)
    quiet_run, training_run = ours(ids), ours(ids, training=True)
    assert not np.any(quiet_run == 0) and 20 < np.sum(training_run == 0) < 108


def names_of(k: Any) -> list[Any]:
    """Of models and weights, where models are made one after another."""
    k.backend.clear_session()

    class Subclassed(k.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.dense, self.norm = k.layers.Dense(2), k.layers.BatchNormalization()

        def call(self, x: Any) -> Any:
            return self.norm(self.dense(x))

    class Block(k.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.parts = [k.layers.Dense(3), Inner()]

        def call(self, x: Any) -> Any:
            return self.parts[1](self.parts[0](x))

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    class Inner(k.layers.Layer):  # type: ignore[misc, name-defined]
        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(shape=(shape[-1],), name="scale")
            self.dense = k.layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.dense(x) * self.scale

    stacked = k.Sequential([k.layers.Dense(2)])
    stacked.build((None, 3))
    grown = k.Sequential([k.Input((3,)), k.layers.Dense(2)])
    grown.add(k.layers.Dense(3))
    x = k.Input((3,))
    drawn = k.Model(x, Block()(grown(x)))
    subclassed = Subclassed()
    subclassed(np.ones((2, 3), np.float32))
    models = [stacked, grown, drawn, subclassed]
    return [(model.name, [weight.path for weight in model.weights]) for model in models]


def test_names_and_paths() -> None:
    assert names_of(foldgate) == quiet(names_of, keras)


@pytest.mark.parametrize("columns", ["80", "100", "200"])
@pytest.mark.parametrize("trainable", [False, True])
def test_the_width_of_summaries(columns: str, trainable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for name in ("stack", "shared"):
        ours, theirs, _ = both(name)
        texts: list[list[str]] = [[], []]
        for model, text in zip((ours, theirs), texts, strict=True):
            model.summary(
                print_fn=lambda line, line_break=None, to=text: to.append(line), show_trainable=trainable
            )
        assert texts[0] == texts[1]
