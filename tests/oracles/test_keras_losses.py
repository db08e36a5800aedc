"""Every loss against the loss of Keras of the same name: values, gradients, weights, masks, reductions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from keras_oracle import keras

import foldgate
from foldgate import losses

torch = pytest.importorskip("torch")

NUMBERS = [
    "MeanSquaredError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "LogCosh",
    "CosineSimilarity",
    "KLDivergence",
    "Poisson",
]
CASES: list[tuple[str, dict[str, Any], str]] = [
    *[(name, {}, "numbers") for name in NUMBERS],
    ("Huber", {"delta": 0.5}, "numbers"),
    ("Hinge", {}, "binary"),
    ("SquaredHinge", {}, "binary"),
    ("CategoricalHinge", {}, "one_hot"),
    ("BinaryCrossentropy", {}, "binary"),
    ("BinaryCrossentropy", {"label_smoothing": 0.25}, "binary"),
    ("BinaryCrossentropy", {"from_logits": True}, "binary_logits"),
    ("BinaryFocalCrossentropy", {"gamma": 3.0, "apply_class_balancing": True}, "binary"),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.125}, "binary_logits"),
    ("CategoricalCrossentropy", {}, "one_hot"),
    ("CategoricalCrossentropy", {"label_smoothing": 0.25}, "one_hot"),
    ("CategoricalCrossentropy", {"from_logits": True}, "one_hot_logits"),
    ("CategoricalFocalCrossentropy", {"alpha": 0.5}, "one_hot"),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 1.0}, "one_hot_logits"),
    ("SparseCategoricalCrossentropy", {}, "classes"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "classes_logits"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, "classes"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2, "from_logits": True}, "classes_logits"),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.25}, "classes"),
    ("Dice", {"axis": (1,)}, "binary"),
    ("Tversky", {"alpha": 0.25, "beta": 0.75, "axis": (1,)}, "binary"),
]
UNKNOWN_TO_KERAS = {"CategoricalGeneralizedCrossEntropy"}  # a class there which its own `get` does not know
IDS = [f"{name}-{'-'.join(f'{k}_{v}' for k, v in options.items())}" for name, options, _ in CASES]


def operands(kind: str, rng: np.random.Generator, dtype: Any, steps: int | None = None) -> tuple[Any, Any]:
    lead = (6,) if steps is None else (6, steps)
    scores = rng.normal(size=(*lead, 4)).astype(dtype)
    shares = (np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)).astype(dtype)
    ids = rng.integers(0, 4, lead)
    if kind.startswith("classes"):
        return ids, scores if "logits" in kind else shares
    if kind.startswith("one_hot"):
        return np.eye(4, dtype=dtype)[ids], scores if "logits" in kind else shares
    if kind.startswith("binary"):
        truth = rng.integers(0, 2, scores.shape).astype(dtype)
        return truth, scores if "logits" in kind else (0.1 + 0.8 * shares).astype(dtype)
    return (0.1 + rng.random(scores.shape)).astype(dtype), (0.1 + rng.random(scores.shape)).astype(dtype)


def ours(loss: Any, y_true: Any, y_pred: Any, **options: Any) -> tuple[Any, Any]:
    with foldgate.GradientTape() as tape:
        x = tape.watch(foldgate.Tensor(y_pred))
        value = loss(y_true, x, **options)
        total = np.sum(value) if value.ndim else value
    return value.numpy(), tape.gradient(total, x)


def theirs(loss: Any, y_true: Any, y_pred: Any, **options: Any) -> tuple[Any, Any]:
    x = torch.tensor(y_pred, requires_grad=True)
    value = loss(torch.tensor(y_true), x, **options)
    value.sum().backward()
    return value.detach().numpy(), x.grad.numpy()


def agree(a: tuple[Any, Any], b: tuple[Any, Any], dtype: Any) -> None:
    eps = float(np.finfo(np.float32).eps)  # Keras on torch takes float64 through float32
    for found, expected in zip(a, b, strict=True):
        assert found.shape == expected.shape and found.dtype == dtype
        # a few dozen roundings, of values that logarithms of small shares magnify
        np.testing.assert_allclose(found, expected, rtol=200 * eps, atol=200 * eps * np.abs(expected).max())


@pytest.mark.parametrize(("name", "options", "kind"), CASES, ids=IDS)
def test_loss(name: str, options: dict[str, Any], kind: str, rng: np.random.Generator, dtype: Any) -> None:
    y_true, y_pred = operands(kind, rng, dtype)
    mine = getattr(losses, name)(**options)
    other = getattr(keras.losses, name)(**options, dtype=np.dtype(dtype).name)
    agree(ours(mine, y_true, y_pred), theirs(other, y_true, y_pred), dtype)
    weights = rng.random(6).astype(dtype)
    agree(
        ours(mine, y_true, y_pred, sample_weight=weights),
        theirs(other, y_true, y_pred, sample_weight=torch.tensor(weights)),
        dtype,
    )


@pytest.mark.parametrize("reduction", ["sum", "mean", "mean_with_sample_weight", "none", None])
@pytest.mark.parametrize("name", ["MeanSquaredError", "SparseCategoricalCrossentropy"])
def test_reductions(name: str, reduction: str | None, rng: np.random.Generator, dtype: Any) -> None:
    y_true, y_pred = operands("classes" if name.startswith("Sparse") else "numbers", rng, dtype, steps=3)
    mine = getattr(losses, name)(reduction=reduction)
    other = getattr(keras.losses, name)(reduction=reduction, dtype=np.dtype(dtype).name)
    weights = rng.random((6, 3)).astype(dtype)
    for options in ({}, {"sample_weight": weights}):
        agree(ours(mine, y_true, y_pred, **options), theirs(other, y_true, y_pred, **options), dtype)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", "none"])
def test_masks(reduction: str, rng: np.random.Generator, dtype: Any) -> None:
    from foldgate._masks import set_mask

    y_true, y_pred = operands("numbers", rng, dtype, steps=3)
    mask = rng.random((6, 3)) > 0.4
    weights = rng.random((6, 3)).astype(dtype)
    for options in ({}, {"sample_weight": weights}):
        mine = losses.MeanSquaredError(reduction=reduction)
        with foldgate.GradientTape() as tape:
            x = tape.watch(foldgate.Tensor(y_pred))
            set_mask(x, mask)
            value = mine(y_true, x, **options)
            total = np.sum(value) if value.ndim else value
        found = value.numpy(), tape.gradient(total, x)
        x = torch.tensor(y_pred, requires_grad=True)
        x._keras_mask = torch.tensor(mask)
        other = keras.losses.MeanSquaredError(reduction=reduction, dtype=np.dtype(dtype).name)
        value = other(torch.tensor(y_true), x, **options)
        value.sum().backward()
        agree(found, (value.detach().numpy(), x.grad.numpy()), dtype)


def test_ctc(rng: np.random.Generator, dtype: Any) -> None:
    labels = np.array([[1, 2, 2, 0], [3, 0, 0, 0], [1, 2, 3, 4], [0, 0, 0, 0]])
    logits = rng.normal(size=(4, 9, 5)).astype(dtype)
    found = ours(losses.CTC(reduction="none"), labels, logits)
    x = torch.tensor(logits, requires_grad=True)
    value = torch.nn.functional.ctc_loss(
        x.log_softmax(-1).transpose(0, 1), torch.tensor(labels), [9] * 4, [3, 1, 4, 0], reduction="none"
    )
    value.sum().backward()
    agree(found, (value.detach().numpy(), x.grad.numpy()), dtype)


@pytest.mark.parametrize(("name", "options", "kind"), CASES, ids=IDS)
def test_configurations(name: str, options: dict[str, Any], kind: str) -> None:
    mine = getattr(losses, name)(**options)
    again = losses.get({"class_name": name, "config": mine.get_config()})
    assert again.get_config() == mine.get_config()
    other = getattr(keras.losses, name).from_config(mine.get_config())
    assert {key: mine.get_config()[key] for key in other.get_config()} == other.get_config()


def test_names() -> None:
    for name in [*keras.losses.__dict__]:
        value = getattr(keras.losses, name)
        if name in losses.OBJECTS and isinstance(value, type) and name not in UNKNOWN_TO_KERAS:
            assert losses.get(name).name == keras.losses.get(name).name
    for alias in ("mse", "MSE", "bce", "mae", "kld", "mape", "msle"):
        assert losses.get(alias).__name__ == keras.losses.get(alias).__name__


@pytest.mark.parametrize(("name", "options", "kind"), CASES, ids=IDS)
def test_written_losses_are_read_on_either_side(name: str, options: dict[str, Any], kind: str) -> None:
    mine, theirs = getattr(losses, name)(**options), getattr(keras.losses, name)(**options)
    read = losses.deserialize(keras.losses.serialize(theirs)).get_config()
    # Keras leaves some arguments out of what it writes, such as Huber's delta
    assert {key: read[key] for key in theirs.get_config()} == theirs.get_config()
    if name not in UNKNOWN_TO_KERAS:
        assert keras.losses.deserialize(losses.serialize(mine)).get_config() == theirs.get_config()


CIRCLES: list[dict[str, Any]] = [{}, {"gamma": 3.0, "margin": 0.25}, {"remove_diagonal": False}]


@pytest.mark.parametrize("options", CIRCLES)
@pytest.mark.parametrize("labels", [[0, 1, 0, 2, 1, 2], [0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5]])
def test_circle(rng: np.random.Generator, dtype: Any, options: dict[str, Any], labels: list[int]) -> None:
    scores = rng.standard_normal((6, 4)).astype(dtype)
    embeddings = scores / np.linalg.norm(scores, axis=-1, keepdims=True)
    mine = losses.Circle(reduction="none", **options)
    other = keras.losses.Circle(reduction="none", dtype=np.dtype(dtype).name, **options)
    found, expected = ours(mine, np.array(labels), embeddings), theirs(other, np.array(labels), embeddings)
    if len(set(labels)) in (1, 6):  # without others, or without the same: Keras' gradient is NaN
        found, expected = (found[0],), (expected[0],)
    agree(found, expected, dtype)


def test_circle_of_samples_that_have_none_to_compare_with(rng: np.random.Generator, dtype: Any) -> None:
    x = rng.standard_normal((4, 3)).astype(dtype)
    values, gradient = ours(losses.Circle(), np.array([0, 0, 1, 0]), x)
    rest, kept = ours(losses.Circle(reduction="none"), np.array([0, 0, 1, 0]), x)
    np.testing.assert_allclose(values, rest.sum() / 3, rtol=1e-5)  # the third does not count
    np.testing.assert_allclose(gradient, kept / 3, rtol=1e-4, atol=1e-5)
