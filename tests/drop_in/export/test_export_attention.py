"""Attention with masks, causality, windows, gates and scores as ONNX."""

from __future__ import annotations

import numpy as np
import pytest
from export_checks import check, values

import foldgate as keras

L = keras.layers
QUERY = np.array([[1, 1, 0, 1], [0, 1, 1, 0], [0, 0, 0, 0]], bool)
VALUE = np.array([[1, 0, 1, 1, 1], [0, 0, 0, 0, 0], [0, 1, 1, 0, 0]], bool)
PLAIN = {
    "dot": lambda **k: L.Attention(use_scale=True, **k),
    "concat": lambda **k: L.Attention(score_mode="concat", use_scale=True, **k),
    "additive": lambda **k: L.AdditiveAttention(**k),
    "additive without scale": lambda **k: L.AdditiveAttention(use_scale=False, **k),
}
HEADS = {
    "multi-head": lambda **k: L.MultiHeadAttention(2, 3, value_dim=4, **k),
    "grouped": lambda **k: L.GroupQueryAttention(3, 4, 2, **k),
}


def inputs():
    """Sequences of open lengths, their masks, and one batch of each."""
    tensors = [keras.Input((None, 6)), keras.Input((None, 6))]
    masks = [keras.Input((None,), dtype="bool"), keras.Input((None,), dtype="bool")]
    return tensors, masks, [values(3, 4, 6), values(3, 5, 6, seed=1), QUERY, VALUE]


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("causal", [False, True])
def test_masks_of_the_call(kind, causal):
    tensors, masks, batch = inputs()
    found = PLAIN[kind]()(tensors, mask=masks, use_causal_mask=causal, return_attention_scores=True)
    check(keras.Model([*tensors, *masks], list(found)), batch)


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("causal", [False, True])
def test_without_masks(kind, causal):
    tensors, _, batch = inputs()
    key = keras.Input((None, 6))
    model = keras.Model([*tensors, key], PLAIN[kind]()([*tensors, key], use_causal_mask=causal))
    check(model, [*batch[:2], values(3, 5, 6, seed=2)], [x[:1] for x in (*batch[:2], batch[1])])


@pytest.mark.parametrize("kind", [*PLAIN, *HEADS])
@pytest.mark.parametrize("steps", [4, None])
def test_causal_attention_of_known_and_open_lengths(kind, steps):
    x = keras.Input((steps, 6))
    y = (
        PLAIN[kind]()([x, x], use_causal_mask=True)
        if kind in PLAIN
        else HEADS[kind]()(x, x, use_causal_mask=True)
    )
    check(keras.Model(x, y), values(3, 4, 6))


@pytest.mark.parametrize("kind", [*PLAIN, *HEADS])
def test_masks_that_sequences_bring(kind):
    words = keras.Input((None,), dtype="int32")
    x = L.Embedding(5, 6, mask_zero=True)(words)
    y = PLAIN[kind]()([x, x]) if kind in PLAIN else HEADS[kind]()(x, x)
    model = keras.Model(words, L.GRU(3)(y))
    check(model, np.array([[1, 2, 0, 0], [0, 3, 4, 0], [0, 0, 0, 0]], np.int32))


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize(
    "options", [{}, {"use_gate": True}, {"sliding_window": 2}, {"use_bias": False, "use_gate": True}]
)
@pytest.mark.parametrize("causal", [False, True])
def test_heads(kind, options, causal):
    tensors, masks, batch = inputs()
    seen = keras.Input((None, None), dtype="bool")
    query, value = tensors
    found = HEADS[kind](**options)(
        query, value, query_mask=masks[0], value_mask=masks[1], attention_mask=seen,
        use_causal_mask=causal, return_attention_scores=True,
    )  # fmt: skip
    check(keras.Model([*tensors, *masks, seen], list(found)), [*batch, values(3, 4, 5) > -0.5])


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("shape", [(4, 5), (3, 1, 4, 5), None])
def test_attention_masks_of_any_rank(kind, shape):
    query, value = keras.Input((4, 6)), keras.Input((5, 6))
    shape = (3, 2 if kind == "multi-head" else 4, 4, 5) if shape is None else shape
    layer = HEADS[kind]()
    if len(shape) == 2:
        model = keras.Model([query, value], layer(query, value, attention_mask=values(*shape) > 0))
        check(model, [values(3, 4, 6), values(3, 5, 6)])
    else:
        seen = keras.Input(shape[1:], dtype="bool")
        model = keras.Model([query, value, seen], layer(query, value, attention_mask=seen))
        check(model, [values(3, 4, 6), values(3, 5, 6), values(*shape) > 0])


def test_attention_over_several_axes_is_refused():
    from foldgate.onnx import ExportError, export

    x = keras.Input((3, 4, 6))
    layer = L.MultiHeadAttention(2, 3, attention_axes=(1, 2), name="wide")
    with pytest.raises(ExportError, match=r"'wide' \(MultiHeadAttention\): attention over several axes"):
        export(keras.Model(x, layer(x, x)))
