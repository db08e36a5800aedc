"""Attention layers against Keras'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import assert_same, both, quiet, same_config, share_weights, torch

import foldgate

QUERY, VALUE, KEY = (3, 5, 8), (3, 7, 6), (3, 7, 8)

SIMPLE: list[tuple[str, dict[str, Any]]] = [
    ("Attention", {}),
    ("Attention", {"use_scale": True}),
    ("Attention", {"score_mode": "concat"}),
    ("Attention", {"score_mode": "concat", "use_scale": True}),
    ("AdditiveAttention", {}),
    ("AdditiveAttention", {"use_scale": False}),
]


def _inputs(*shapes: tuple[int, ...], dtype: str = "float32") -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def _masks() -> list[Any]:
    """Of queries and of values; each row sees a value."""
    rng = np.random.default_rng(1)
    value = rng.random(VALUE[:2]) < 0.6
    value[:, 0] = True
    return [rng.random(QUERY[:2]) < 0.6, value]


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("kind", "arguments"), SIMPLE)
def test_simple(kind: str, arguments: dict[str, Any], causal: bool, scores: bool) -> None:
    shapes = [QUERY, VALUE, KEY]
    ours, theirs = both(kind, **arguments, build=shapes)
    assert_same(ours, theirs, _inputs(*shapes), 200.0, use_causal_mask=causal, return_attention_scores=scores)
    assert ours.compute_output_shape(shapes) == tuple(theirs.compute_output_shape(shapes))


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("which", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize(("kind", "arguments"), SIMPLE[::2])
def test_simple_with_masks(
    kind: str, arguments: dict[str, Any], which: tuple[bool, bool], causal: bool
) -> None:
    shapes = [QUERY, (3, 7, 8)]
    ours, theirs = both(kind, **arguments, build=shapes)
    inputs = _inputs(*shapes)
    masks = [mask if wanted else None for mask, wanted in zip(_masks(), which, strict=True)]
    y = ours(inputs, mask=masks, use_causal_mask=causal)
    tensors = [torch.from_numpy(x) for x in inputs]
    given = [None if mask is None else torch.from_numpy(mask) for mask in masks]
    expected = quiet(theirs, tensors, mask=given, use_causal_mask=causal)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "arguments"), [*SIMPLE, ("Attention", {"dropout": 0.2, "seed": 3})])
def test_simple_configurations(kind: str, arguments: dict[str, Any]) -> None:
    same_config(*both(kind, **arguments))


ONE_KEY_HEAD = {"head_dim": 3, "num_query_heads": 3, "num_key_value_heads": 1}
HEADS: list[tuple[str, dict[str, Any]]] = [
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}),
    ("MultiHeadAttention", {"num_heads": 3, "key_dim": 4, "value_dim": 2, "output_shape": 5}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "use_bias": False, "use_gate": True}),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "sliding_window": 3}),
    ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}),
    ("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 2, "num_key_value_heads": 2}),
    (
        "GroupQueryAttention",
        {
            "head_dim": 3,
            "num_query_heads": 3,
            "num_key_value_heads": 1,
            "use_gate": True,
            "sliding_window": 2,
        },
    ),
]


def _built(kind: str, arguments: dict[str, Any], *shapes: tuple[int, ...]) -> tuple[Any, Any]:
    ours, theirs = both(kind, **arguments)
    ours.build(*shapes)
    quiet(theirs.build, *shapes)
    share_weights(ours, theirs)
    return ours, theirs


@pytest.mark.parametrize("mode", ["plain", "causal", "scores", "causal scores", "masks", "mask"])
@pytest.mark.parametrize(("kind", "arguments"), HEADS)
def test_heads(kind: str, arguments: dict[str, Any], mode: str) -> None:
    """Outputs, and gradients of query, value, key and all weights."""
    ours, theirs = _built(kind, arguments, QUERY, VALUE, KEY)
    arrays = _inputs(QUERY, VALUE, KEY)
    options: dict[str, Any] = {
        "use_causal_mask": "causal" in mode,
        "return_attention_scores": "scores" in mode,
    }
    masks: dict[str, Any] = {}
    if mode == "masks":
        masks["value_mask"] = _masks()[1]
    if mode == "mask":
        masks["attention_mask"] = np.random.default_rng(2).random((3, 5, 7)) < 0.7
        masks["attention_mask"][..., :6] = True  # whatever the window, a query sees a key
    with foldgate.GradientTape() as tape:
        watched = [tape.watch(x) for x in arrays]
        y = ours(*watched, **options, **masks)
        found = list(y) if isinstance(y, tuple) else [y]
        loss = sum(np.sum(part * np.cos(np.arange(part.size)).reshape(part.shape)) for part in found)
    gradients = tape.gradient(loss, [*watched, *ours.trainable_weights])
    tensors = [torch.from_numpy(x).requires_grad_() for x in arrays]
    given = {name: torch.from_numpy(mask) for name, mask in masks.items()}
    y = quiet(theirs, *tensors, **options, **given)
    expected = list(y) if isinstance(y, tuple) else [y]
    factors = [torch.cos(torch.arange(part.numel())).reshape(part.shape) for part in expected]
    sum((part * factor).sum() for part, factor in zip(expected, factors, strict=True)).backward()
    theirs_gradients = [t.grad for t in tensors] + [w.value.grad for w in theirs.trainable_weights]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-5)
    for a, b in zip(gradients, theirs_gradients, strict=True):
        b = b.numpy()
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * (1 + np.abs(b).max()))
    assert tuple(found[0].shape) == ours.compute_output_shape(QUERY, VALUE, KEY)


@pytest.mark.parametrize("axes", [None, (1,), (2,), (1, 2)])
def test_attention_axes(axes: Any) -> None:
    shape = (2, 3, 4, 8)
    ours, theirs = _built(
        "MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "attention_axes": axes}, shape, shape
    )
    (x,) = _inputs(shape)
    for scores in (False, True):
        y = ours(x, x, return_attention_scores=scores)
        expected = quiet(theirs, torch.from_numpy(x), torch.from_numpy(x), return_attention_scores=scores)
        for a, b in zip(y if scores else [y], expected if scores else [expected], strict=True):
            np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "arguments"), HEADS)
def test_heads_configurations(kind: str, arguments: dict[str, Any]) -> None:
    same_config(*both(kind, **arguments, dropout=0.1, kernel_regularizer="l2", bias_constraint="non_neg"))


def test_names_of_weights() -> None:
    ours, theirs = _built("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "name": "mha"}, QUERY, VALUE)
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
