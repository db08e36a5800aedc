"""Every metric against that of Keras of the same name and arguments, over batches, with weights."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras

from foldgate import metrics

pytestmark = pytest.mark.filterwarnings("ignore:__array__", "ignore:You are passing weight")

CASES: list[tuple[str, dict[str, Any], str]] = [
    ("Accuracy", {}, "ids"),
    ("BinaryAccuracy", {"threshold": 0.25}, "binary"),
    ("CategoricalAccuracy", {}, "one_hot"),
    ("SparseCategoricalAccuracy", {}, "classes"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one_hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "classes"),
    ("MeanSquaredError", {}, "numbers"),
    ("MeanAbsoluteError", {}, "numbers"),
    ("MeanAbsolutePercentageError", {}, "numbers"),
    ("MeanSquaredLogarithmicError", {}, "numbers"),
    ("RootMeanSquaredError", {}, "numbers"),
    ("CosineSimilarity", {}, "numbers"),
    ("PearsonCorrelation", {}, "numbers"),
    ("ConcordanceCorrelation", {"axis": -1}, "numbers"),
    ("LogCoshError", {}, "numbers"),
    ("KLDivergence", {}, "numbers"),
    ("Poisson", {}, "numbers"),
    ("Hinge", {}, "binary"),
    ("SquaredHinge", {}, "binary"),
    ("CategoricalHinge", {}, "one_hot"),
    ("BinaryCrossentropy", {"label_smoothing": 0.25}, "binary"),
    ("CategoricalCrossentropy", {}, "one_hot"),
    ("SparseCategoricalCrossentropy", {}, "classes"),
    ("TruePositives", {}, "binary"),
    ("FalsePositives", {"thresholds": [0.25, 0.75]}, "binary"),
    ("TrueNegatives", {"thresholds": 0.25}, "binary"),
    ("FalseNegatives", {"thresholds": [0.75, 0.25, 0.5]}, "binary"),
    ("Precision", {}, "binary"),
    ("Precision", {"top_k": 2}, "one_hot"),
    ("Precision", {"class_id": 1, "thresholds": [0.25, 0.5]}, "one_hot"),
    ("Recall", {}, "binary"),
    ("Recall", {"top_k": 2, "class_id": 0}, "one_hot"),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, "binary"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5}, "binary"),
    ("PrecisionAtRecall", {"recall": 0.5}, "binary"),
    ("RecallAtPrecision", {"precision": 0.5, "num_thresholds": 30}, "binary"),
    ("AUC", {}, "binary"),
    ("AUC", {"curve": "PR"}, "binary"),
    ("AUC", {"curve": "PR", "summation_method": "majoring", "num_thresholds": 12}, "binary"),
    ("AUC", {"curve": "PRGAIN"}, "binary"),
    ("AUC", {"curve": "prgain", "summation_method": "minoring", "num_thresholds": 12}, "binary"),
    ("AUC", {"summation_method": "minoring", "thresholds": [0.25, 0.5, 0.625]}, "binary"),
    ("AUC", {"multi_label": True, "num_labels": 4, "label_weights": [1.0, 2.0, 3.0, 4.0]}, "binary"),
    ("F1Score", {"average": "macro"}, "one_hot"),
    ("F1Score", {"average": "weighted", "threshold": 0.25}, "one_hot"),
    ("FBetaScore", {"average": "micro", "beta": 2.0, "threshold": 0.25}, "binary"),
    ("FBetaScore", {"beta": 0.5}, "one_hot"),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, "ids"),
    ("BinaryIoU", {"threshold": 0.25}, "binary"),
    ("MeanIoU", {"num_classes": 4, "ignore_class": 1}, "ids"),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1]}, "one_hot"),
    ("OneHotMeanIoU", {"num_classes": 4}, "one_hot"),
    ("R2Score", {}, "numbers"),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 2}, "numbers"),
    ("R2Score", {"class_aggregation": None}, "numbers"),
]
IDS = [f"{name}-{'-'.join(options)}" for name, options, _ in CASES]
# Keras' metrics of overlap count in integers, and so take no weights.
UNWEIGHTED = {"IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"}


def batch(kind: str, rng: np.random.Generator) -> tuple[Any, Any]:
    scores = rng.normal(size=(8, 4)).astype(np.float32)
    shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    ids = rng.integers(0, 4, 8)
    if kind == "ids":
        return ids, rng.integers(0, 4, 8)
    if kind == "classes":
        return ids, shares
    if kind == "one_hot":
        return np.eye(4, dtype=np.float32)[ids], shares
    if kind == "binary":
        return rng.integers(0, 2, (8, 4)).astype(np.float32), rng.random((8, 4)).astype(np.float32)
    return (0.1 + rng.random((8, 4))).astype(np.float32), (0.1 + rng.random((8, 4))).astype(np.float32)


def value(result: Any) -> Any:
    return np.asarray(keras.ops.convert_to_numpy(result) if keras.ops.is_tensor(result) else result)


@pytest.mark.parametrize(("name", "options", "kind"), CASES, ids=IDS)
def test_metric(name: str, options: dict[str, Any], kind: str, rng: np.random.Generator) -> None:
    mine, theirs = getattr(metrics, name)(**options), getattr(keras.metrics, name)(**options)
    for weighted in (False, True):
        if weighted and name in UNWEIGHTED:
            continue
        mine.reset_state()
        theirs.reset_state()
        assert np.all(value(mine.result()) == 0) or name.startswith("R2")
        for _ in range(3):
            y_true, y_pred = batch(kind, rng)
            weights = {"sample_weight": rng.random(8).astype(np.float32)} if weighted else {}
            mine.update_state(y_true, y_pred, **weights)
            theirs.update_state(y_true, y_pred, **weights)
        found, expected = value(mine.result()), value(theirs.result())
        assert found.shape == expected.shape
        # float32 sums of 96 values, and scores that are 1 less a quotient
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize(("name", "options", "kind"), CASES, ids=IDS)
def test_configurations(name: str, options: dict[str, Any], kind: str) -> None:
    mine, theirs = getattr(metrics, name)(**options), getattr(keras.metrics, name)(**options)
    config = json.loads(json.dumps(mine.get_config()))
    expected = json.loads(json.dumps(theirs.get_config(), default=lambda x: value(x).tolist()))
    for found in (config, expected):
        found.pop("dtype")
        found.pop("name")
    assert {key: config[key] for key in expected if key in config} == {
        key: expected[key] for key in expected if key in config
    }
    assert metrics.deserialize(metrics.serialize(mine)).get_config() == mine.get_config()
    assert metrics.deserialize({"class_name": name, "config": mine.get_config()}).name == mine.name
    getattr(keras.metrics, name).from_config({**mine.get_config(), "name": "again"})


def test_sums_and_means(rng: np.random.Generator) -> None:
    for kind in ("Sum", "Mean"):
        mine, theirs = getattr(metrics, kind)(), getattr(keras.metrics, kind)()
        for shape, weights in [((), None), ((5,), None), ((5, 3), None), ((5, 3), (5,)), ((5, 3), (5, 3))]:
            values = rng.random(shape).astype(np.float32)
            w = None if weights is None else rng.random(weights).astype(np.float32)
            mine.update_state(values, w)
            theirs.update_state(values, w)
            assert mine.result() == pytest.approx(float(theirs.result()), rel=1e-5)


def test_names_are_those_of_keras() -> None:
    for name, kind in metrics.OBJECTS.items():
        if name in ("Mean", "Sum", "mean", "sum") or not hasattr(keras.metrics, kind.__name__):
            continue
        theirs = getattr(keras.metrics, kind.__name__)
        try:
            expected = theirs().name
        except TypeError:
            continue
        assert kind().name.rstrip("_0123456789") == expected.rstrip("_0123456789")
