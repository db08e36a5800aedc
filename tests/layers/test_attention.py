"""Attention layers in models: masks, dropout, symbolic scores; float64 by its definition; errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import foldgate
import foldgate as keras
from foldgate import layers

HEADS: list[tuple[str, dict[str, Any]]] = [
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
    ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}),
]
SIMPLE: list[tuple[str, dict[str, Any]]] = [
    ("Attention", {"use_scale": True}),
    ("Attention", {"score_mode": "concat"}),
    ("AdditiveAttention", {}),
]


def _inputs(*shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in shapes]


def _softmax(scores: Any) -> Any:
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_heads_by_their_definition() -> None:
    layer = layers.MultiHeadAttention(2, 3, value_dim=4, dtype="float64")
    query, value = _inputs((2, 5, 6), (2, 7, 8))
    y, scores = layer(query, value, return_attention_scores=True)
    wq, bq, wk, bk, wv, bv, wo, bo = layer.get_weights()
    q, k, v = (np.einsum("ntd,dhe->nhte", x, w) for x, w in ((query, wq), (value, wk), (value, wv)))
    q, k, v = q + bq[:, None], k + bk[:, None], v + bv[:, None]
    weights = _softmax(np.einsum("nhte,nhse->nhts", q, k) / np.sqrt(3))
    np.testing.assert_allclose(scores, weights, atol=1e-12)
    expected = np.einsum("nhts,nhse,hed->ntd", weights, v, wo) + bo
    np.testing.assert_allclose(y, expected, atol=1e-12)
    np.testing.assert_allclose(layer(query, value), expected, atol=1e-12)


@pytest.mark.parametrize(("kind", "arguments"), [*HEADS, *SIMPLE])
@pytest.mark.parametrize("causal", [False, True])
def test_gradients(kind: str, arguments: dict[str, Any], causal: bool) -> None:
    """Against differences, of the fused pass and of the one that returns its weights."""
    layer = getattr(layers, kind)(**arguments, dtype="float64")
    options = {"use_causal_mask": causal}

    def call(a: Any, b: Any, **more: Any) -> Any:
        parts = (a, b) if "num" in " ".join(arguments) else ([a, b],)
        return layer(*parts, **options, **more)

    inputs = _inputs((2, 4, 6), (2, 5, 6))
    call(*inputs)
    assert foldgate.check_gradients(lambda a, b: np.sin(call(a, b)), *inputs) < 1e-6
    found = call(*inputs, return_attention_scores=True)[0]
    np.testing.assert_allclose(found, call(*inputs), atol=1e-12)


@pytest.mark.parametrize(("kind", "arguments"), HEADS)
def test_padding_does_not_matter(kind: str, arguments: dict[str, Any]) -> None:
    """What an embedding masks has no weight, and the mask goes on."""
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(9, 6, mask_zero=True)(tokens)
    x = layers.Add()([x, getattr(layers, kind)(**arguments)(x, x)])
    model = keras.Model(tokens, layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x)))
    short, padded = np.array([[3, 1, 4], [1, 5, 8]]), np.array([[3, 1, 4, 0, 0], [1, 5, 8, 0, 0]])
    np.testing.assert_allclose(model(short), model(padded), atol=1e-5)


@pytest.mark.parametrize(("kind", "arguments"), HEADS)
def test_a_query_that_sees_no_key_gives_the_bias(kind: str, arguments: dict[str, Any]) -> None:
    layer = getattr(layers, kind)(**arguments, bias_initializer="ones")
    x = _inputs((2, 3, 5))[0].astype(np.float32)
    mask = np.ones((2, 3, 3), np.bool_)
    mask[1, 2] = False
    for scores in (False, True):
        y = layer(x, x, attention_mask=mask, return_attention_scores=scores)
        y = y[0] if scores else y
        np.testing.assert_allclose(y[1, 2], np.ones(5), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("MultiHeadAttention", {"num_heads": 8, "key_dim": 16}),
        ("GroupQueryAttention", {"head_dim": 16, "num_query_heads": 8, "num_key_value_heads": 2}),
    ],
)
def test_initial_kernels_are_scaled_by_what_a_projection_sums(kind: str, arguments: dict[str, Any]) -> None:
    """Axes of heads and of their units are outputs together; as if of a window they would count as inputs."""
    layer = getattr(layers, kind)(**arguments, kernel_initializer="lecun_normal")
    layer.build((None, 10, 32), (None, 10, 32))
    kernels = [w for w in layer.weights if w.name == "kernel"]
    assert [w.std() for w in map(np.asarray, kernels)] == pytest.approx([32**-0.5] * 3 + [128**-0.5], rel=0.1)
    assert layer.get_config()["kernel_initializer"]["config"]["input_axes"] is None


@pytest.mark.parametrize(("kind", "arguments"), [*HEADS, *SIMPLE])
def test_dropout_follows_its_seed(kind: str, arguments: dict[str, Any]) -> None:
    x = _inputs((2, 6, 8))[0].astype(np.float32)
    parts = (x, x) if (kind, arguments) in HEADS else ([x, x],)

    def make() -> Any:
        layer = getattr(layers, kind)(**arguments, dropout=0.5, seed=4)
        layer(*parts)
        rng = np.random.default_rng(0)
        layer.set_weights([rng.uniform(0.2, 0.8, w.shape) for w in layer.weights])
        return layer

    one, other = make(), make()
    first = one(*parts, training=True)
    np.testing.assert_array_equal(first, other(*parts, training=True))
    assert np.any(first != one(*parts, training=True))
    np.testing.assert_array_equal(one(*parts), other(*parts))


@pytest.mark.parametrize(("kind", "arguments"), HEADS)
def test_projections_have_their_activity_losses(kind: str, arguments: dict[str, Any]) -> None:
    layer = getattr(layers, kind)(**arguments, activity_regularizer="l2")
    found = []
    for _ in range(2):  # the first call, and one like it
        layer(*_inputs((2, 5, 8), (2, 7, 6)))
        found.append([float(loss) for loss in layer.losses])
    assert found[0] == found[1] and len(found[0]) == 4


def test_scores_in_functional_models() -> None:
    inputs = keras.Input((5, 8))
    values = keras.Input((7, 8))
    found = [
        getattr(layers, kind)(**arguments)(inputs, values, return_attention_scores=True)
        for kind, arguments in HEADS
    ]
    found += [
        getattr(layers, kind)(**arguments)([inputs, values], return_attention_scores=True)
        for kind, arguments in SIMPLE
    ]
    model = keras.Model([inputs, values], found)
    arrays = [x.astype(np.float32) for x in _inputs((2, 5, 8), (2, 7, 8))]
    for tensors, results in zip(found, model(arrays), strict=True):
        for tensor, result in zip(tensors, results, strict=True):
            assert tensor.shape[1:] == result.shape[1:]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.Attention(score_mode="cosine"), "Attention: score_mode is 'cosine'"),
        (lambda: layers.Attention(dropout=1.0), "Attention: dropout is 1.0"),
        (lambda: layers.Attention()(np.zeros((2, 3, 4))), "Attention: inputs is"),
        (
            lambda: layers.AdditiveAttention()([np.zeros((2, 3, 4))]),
            "AdditiveAttention: inputs is a list of 1",
        ),
        (lambda: layers.MultiHeadAttention(0, 3), "num_heads is 0"),
        (lambda: layers.MultiHeadAttention(2, 3, sliding_window=0), "sliding_window is 0"),
        (lambda: layers.MultiHeadAttention(2, 3, output_shape=(0,)), "output_shape is 0"),
        (
            lambda: layers.MultiHeadAttention(2, 3)(
                np.zeros((2, 5, 4)), np.zeros((2, 6, 4)), np.zeros((2, 7, 4))
            ),
            "expected equal extents except on the last axis",
        ),
        (
            lambda: layers.MultiHeadAttention(2, 3)(
                np.zeros((2, 5, 4)), np.zeros((2, 6, 4)), attention_mask=np.ones((2, 5, 5), bool)
            ),
            "MultiHeadAttention: attention_mask has shape",
        ),
        (
            lambda: layers.Attention(name="a")([np.zeros((2, 3))] * 2),
            r"Attention 'a': query.*\[\(2, 3\), \(2, 3\), \(2, 3\)\]",
        ),
        (lambda: layers.GroupQueryAttention(3, 4, 3), "num_query_heads is 4; expected a multiple"),
        (lambda: layers.GroupQueryAttention(3, 4, 2)(np.zeros((2, 4)), np.zeros((2, 4))), "expected 3 axes"),
    ],
)
def test_errors(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    "layer", [layers.Attention(), layers.GroupQueryAttention(2, 2, 1)], ids=["one", "heads"]
)
def test_1_asks_for_a_causal_mask(layer: Any) -> None:
    x = np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4)
    operands = ([x, x],) if isinstance(layer, layers.Attention) else (x, x)
    expected = layer(*operands, use_causal_mask=True)
    np.testing.assert_array_equal(layer(*operands, use_causal_mask=1), expected)
