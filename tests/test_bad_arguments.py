"""Constructors refuse what they cannot work with, and say which argument, what was found and expected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import foldgate as keras

NAN = float("nan")
# Constructor -> its valid arguments, and per argument what it must refuse.
Bad = dict[str, list[Any]]
NUMBER: list[Any] = ["a", [], NAN]
SHARE = [-0.1, 1.5, *NUMBER]  # of 0 to 1
SIZE = [-1, *NUMBER]  # at least 0
COUNT = [-1, 0, 2.5, "a", []]  # integers above 0
OPTIMIZER: Bad = {
    "learning_rate": SIZE,
    "weight_decay": SIZE,
    "clipnorm": NUMBER,
    "clipvalue": NUMBER,
    "global_clipnorm": NUMBER,
    "loss_scale_factor": [0, *SIZE],
    "gradient_accumulation_steps": [1, 2.5, "a"],
}
BETAS: Bad = {"beta_1": [1.0, *SHARE, None], "beta_2": [1.0, *SHARE, None], "epsilon": [*SIZE, None]}
OPTIMIZERS: dict[str, tuple[dict[str, Any], Bad]] = {
    **{name: ({}, OPTIMIZER | BETAS) for name in ("Adam", "AdamW", "Adamax", "Nadam")},
    "SGD": ({"use_ema": True}, OPTIMIZER | {"momentum": [*SHARE, None], "ema_momentum": SHARE}),
    "Lion": ({}, OPTIMIZER | {"beta_1": [0, *SHARE, None], "beta_2": SHARE}),
    "RMSprop": ({}, OPTIMIZER | {"rho": SHARE, "momentum": SHARE, "epsilon": SIZE}),
    "Adadelta": ({}, OPTIMIZER | {"rho": SHARE, "epsilon": SIZE}),
    "Adagrad": ({}, OPTIMIZER | {"initial_accumulator_value": SIZE, "epsilon": SIZE}),
}
RATE: Bad = {"initial_learning_rate": [*SIZE, None], "decay_steps": [0, *SIZE, None]}
FALLING = {"initial_learning_rate": 0.1, "decay_steps": 10}
SCHEDULES: dict[str, tuple[dict[str, Any], Bad]] = {
    "CosineDecay": (FALLING, RATE | {"alpha": NUMBER, "warmup_target": SIZE, "warmup_steps": SIZE}),
    "CosineDecayRestarts": (
        {"initial_learning_rate": 0.1, "first_decay_steps": 10},
        {"first_decay_steps": [0, *SIZE], "t_mul": [0, *SIZE], "m_mul": SIZE, "alpha": NUMBER},
    ),
    "ExponentialDecay": ({**FALLING, "decay_rate": 0.5}, RATE | {"decay_rate": SIZE}),
    "InverseTimeDecay": ({**FALLING, "decay_rate": 0.5}, RATE | {"decay_rate": SIZE}),
    "PolynomialDecay": (FALLING, RATE | {"end_learning_rate": SIZE, "power": SIZE}),
    "PiecewiseConstantDecay": (
        {"boundaries": [1], "values": [1.0, 0.5]},
        {"boundaries": [1, "a", ["a"], None], "values": [0.5, [1.0, NAN], None]},
    ),
}
SMOOTHED: Bad = {"label_smoothing": [*SHARE, None], "axis": [0.5, "a"]}
LOSSES: dict[str, tuple[dict[str, Any], Bad]] = {
    "BinaryCrossentropy": ({}, SMOOTHED | {"dtype": ["float16", 3]}),
    "CategoricalCrossentropy": ({}, SMOOTHED),
    "SparseCategoricalCrossentropy": ({}, {"ignore_class": [0.5, "a"], "axis": ["a"]}),
    "BinaryFocalCrossentropy": ({}, SMOOTHED | {"alpha": SHARE, "gamma": SIZE}),
    "CategoricalFocalCrossentropy": ({}, SMOOTHED | {"alpha": [-1, "a", ["a"]], "gamma": SIZE}),
    "Huber": ({}, {"delta": [0, *SIZE]}),
    "CosineSimilarity": ({}, {"axis": [0.5, "a"]}),
    "Dice": ({}, {"axis": [0.5, "a", [0.5]]}),
    "Tversky": ({}, {"alpha": SIZE, "beta": SIZE, "axis": ["a"]}),
    "MeanSquaredError": ({}, {"reduction": ["x", 3]}),
    "LossFunctionWrapper": ({"fn": abs}, {"fn": [3, "a", [], None]}),
}
DECISIONS: Bad = {"thresholds": [-0.1, 2, "a", [], [0.5, 2.0]], "top_k": COUNT, "class_id": [-1, 0.5, "a"]}
REGIONS: Bad = {"num_classes": [*COUNT, None], "ignore_class": [0.5, "a"], "axis": [0.5, "a"]}
METRICS: dict[str, tuple[dict[str, Any], Bad]] = {
    "AUC": (
        {},
        {
            "num_thresholds": [1, 2.5, "a", None],
            "curve": ["x", 3],
            "summation_method": ["x"],
            "thresholds": [0.5, "a"],
            "label_weights": [0.5, "a"],
            "num_labels": COUNT,
        },
    ),
    "Precision": ({}, DECISIONS),
    "Recall": ({}, DECISIONS),
    "TruePositives": ({}, {"thresholds": DECISIONS["thresholds"]}),
    "PrecisionAtRecall": ({"recall": 0.5}, {"recall": [*SHARE, None], "num_thresholds": COUNT}),
    "RecallAtPrecision": ({"precision": 0.5}, {"precision": [*SHARE, None], "class_id": [-1, "a"]}),
    "SensitivityAtSpecificity": ({"specificity": 0.5}, {"specificity": [*SHARE, None]}),
    "SpecificityAtSensitivity": ({"sensitivity": 0.5}, {"sensitivity": [*SHARE, None]}),
    "FBetaScore": ({}, {"average": ["x"], "beta": [0, *SIZE, None], "threshold": [0, *SHARE]}),
    "F1Score": ({}, {"average": ["x"], "threshold": [0, *SHARE]}),
    "R2Score": ({}, {"class_aggregation": ["x"], "num_regressors": [-1, 2.5, "a", None]}),
    "IoU": ({"num_classes": 3, "target_class_ids": [0]}, REGIONS | {"target_class_ids": [0, "a", [], [3]]}),
    "BinaryIoU": ({}, {"threshold": [*NUMBER, None], "target_class_ids": [0, [2], None]}),
    "MeanIoU": ({"num_classes": 3}, REGIONS),
    "OneHotMeanIoU": ({"num_classes": 3}, REGIONS),
    "BinaryAccuracy": ({}, {"threshold": [*NUMBER, None], "dtype": ["float16", 3]}),
    "TopKCategoricalAccuracy": ({}, {"k": [*COUNT, None]}),
    "SparseTopKCategoricalAccuracy": ({}, {"k": [*COUNT, None]}),
    "CategoricalCrossentropy": ({}, SMOOTHED),
    "CosineSimilarity": ({}, {"axis": [0.5, "a"]}),
    "MeanMetricWrapper": ({"fn": abs}, {"fn": [3, "a", [], None]}),
}
EPOCHS = [-1, *NUMBER, None]
CALLBACKS: dict[str, tuple[dict[str, Any], Bad]] = {
    "EarlyStopping": (
        {},
        {
            "monitor": [3, None],
            "min_delta": [*NUMBER, None],
            "patience": EPOCHS,
            "mode": ["x", 3],
            "baseline": NUMBER,
            "start_from_epoch": EPOCHS,
        },
    ),
    "ReduceLROnPlateau": (
        {},
        {"factor": [-0.1, 1.0, *NUMBER, None], "patience": EPOCHS, "cooldown": EPOCHS, "min_lr": EPOCHS},
    ),
    "ModelCheckpoint": (
        {"filepath": "x.keras"},
        {"filepath": [3, None, "x.txt"], "mode": ["x"], "save_freq": [0, 2.5, "x"], "monitor": [3]},
    ),
    "BackupAndRestore": ({"backup_dir": "x"}, {"backup_dir": ["", 3, None], "save_freq": [0, 2.5, "x"]}),
    "CSVLogger": ({"filename": "x.csv"}, {"filename": [3, None], "separator": ["", ";;", 3]}),
    "TensorBoard": ({}, {"log_dir": [3], "histogram_freq": [-1, 2.5, "a"], "update_freq": [0, "x", 2.5]}),
    "LambdaCallback": ({}, {"on_epoch_end": [3, "a"], "on_train_begin": [[]]}),
    "LearningRateScheduler": ({"schedule": abs}, {"schedule": [3, "a", None]}),
}
SPREAD: Bad = {"mean": [*NUMBER, None], "stddev": [*SIZE, None], "seed": ["a", 2.5]}
INITIALIZERS: dict[str, tuple[dict[str, Any], Bad]] = {
    "RandomNormal": ({}, SPREAD),
    "TruncatedNormal": ({}, SPREAD),
    "RandomUniform": ({}, {"minval": [*NUMBER, None], "maxval": [*NUMBER, None]}),
    "Orthogonal": ({}, {"gain": [*NUMBER, None]}),
    "Identity": ({}, {"gain": [*NUMBER, None]}),
    "Constant": ({}, {"value": ["a", None]}),
    "VarianceScaling": (
        {},
        {"scale": [0, *SIZE, None], "mode": ["x"], "distribution": ["x"], "input_axes": ["a", [0.5]]},
    ),
    "GlorotUniform": ({}, {"input_axes": ["a"], "output_axes": [0.5]}),
}
CONSTRAINTS: dict[str, tuple[dict[str, Any], Bad]] = {
    "MaxNorm": ({}, {"max_value": [*SIZE, None], "axis": [0.5, "a"]}),
    "MinMaxNorm": ({}, {"min_value": SIZE, "max_value": SIZE, "rate": SHARE, "axis": ["a"]}),
    "UnitNorm": ({}, {"axis": [0.5, "a", ["a"]]}),
}
REGULARIZERS: dict[str, tuple[dict[str, Any], Bad]] = {
    "L1": ({}, {"l1": SIZE}),
    "L2": ({}, {"l2": SIZE}),
    "L1L2": ({}, {"l1": SIZE, "l2": SIZE}),
    "OrthogonalRegularizer": ({}, {"factor": SIZE, "mode": ["x"]}),
}
ROOMS: dict[Any, dict[str, tuple[dict[str, Any], Bad]]] = {
    keras.optimizers: OPTIMIZERS,
    keras.optimizers.schedules: SCHEDULES,
    keras.losses: LOSSES,
    keras.metrics: METRICS,
    keras.callbacks: CALLBACKS,
    keras.initializers: INITIALIZERS,
    keras.constraints: CONSTRAINTS,
    keras.regularizers: REGULARIZERS,
}


def _rows() -> Iterator[Any]:
    for room, classes in ROOMS.items():
        for name, (valid, wrong) in classes.items():
            yield pytest.param(getattr(room, name), valid, wrong, id=f"{room.__name__.split('.')[-1]}-{name}")


@pytest.mark.parametrize(("made", "valid", "wrong"), [*_rows()])
def test_each_wrong_argument_is_named(made: Any, valid: dict[str, Any], wrong: Bad) -> None:
    made(**valid)
    for argument, values in wrong.items():
        for value in values:
            with pytest.raises((TypeError, ValueError)) as caught:
                made(**{**valid, argument: value})
            words = str(caught.value)
            assert words.startswith(f"{made.__name__}: {argument}"), (value, words)
            assert "expected" in words, (value, words)


def _model() -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


FIT: Bad = {
    "epochs": [-1, 1.5, "a"],
    "initial_epoch": [-1, 1.5, "a"],
    "batch_size": COUNT,
    "validation_split": [1.0, *SHARE, None],
    "steps_per_epoch": [0, *SIZE],
    "validation_steps": [0, *SIZE],
    "validation_freq": [0, -1, "a"],
    "class_weight": [3, "a"],
    "shuffle": ["a"],
}


@pytest.mark.parametrize("argument", FIT)
def test_fit_names_wrong_arguments(argument: str) -> None:
    x, y = np.ones((8, 3), np.float32), np.ones((8, 2), np.float32)
    for value in FIT[argument]:
        with pytest.raises((TypeError, ValueError), match=f"^fit: {argument} is .*; expected "):
            _model().fit(x, y, verbose=0, validation_data=(x, y), **{argument: value})


MISSING = "expected a file"
ENDING = "expected a name that ends in"


@pytest.mark.parametrize(
    ("call", "path", "error", "words"),
    [
        ("load_model", "missing.keras", FileNotFoundError, MISSING),
        ("load_model", "folder.keras", IsADirectoryError, MISSING),
        ("load_model", "x.txt", ValueError, ENDING),
        ("load_model", 3, TypeError, "expected a path"),
        ("load_weights", "missing.weights.h5", FileNotFoundError, MISSING),
        ("load_weights", "missing.safetensors", FileNotFoundError, MISSING),
        ("load_weights", "x.txt", ValueError, ENDING),
        ("load_weights", None, TypeError, "expected a path"),
        ("save_model", "no/x.keras", FileNotFoundError, "expected a folder that exists"),
        ("save_model", "x.h5", ValueError, ENDING),
        ("save_model", 3, TypeError, "expected a path"),
        ("save_weights", "no/x.weights.h5", FileNotFoundError, "expected a folder that exists"),
        ("save_weights", "x.bin", ValueError, ENDING),
        ("save_weights", 3, TypeError, "expected a path"),
    ],
)
def test_paths_are_named(tmp_path: Any, call: str, path: Any, error: type[Exception], words: str) -> None:
    (tmp_path / "folder.keras").mkdir()
    given = tmp_path / path if isinstance(path, str) else path
    model = [] if call == "load_model" else [_model()]
    with pytest.raises(error, match=f"^{call}: filepath is .*{words}"):
        getattr(keras.saving, call)(*model, given)


@pytest.mark.parametrize(
    ("function", "arguments", "argument"),
    [
        ("to_categorical", {"x": ["a"]}, "x"),
        ("to_categorical", {"x": [0], "num_classes": 2.5}, "num_classes"),
        ("pad_sequences", {"sequences": 3}, "sequences"),
        ("pad_sequences", {"sequences": [[1]], "maxlen": 2.5}, "maxlen"),
        ("pad_sequences", {"sequences": [[1]], "maxlen": -1}, "maxlen"),
        ("split_dataset", {"dataset": [1, 2], "left_size": 3}, "left_size"),
        ("split_dataset", {"dataset": [1, 2], "left_size": 1.5}, "left_size"),
        ("split_dataset", {"dataset": [1, 2], "right_size": -1}, "right_size"),
        ("split_dataset", {"dataset": [1, 2], "left_size": "a"}, "left_size"),
    ],
)
def test_utils_name_wrong_arguments(function: str, arguments: dict[str, Any], argument: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{function}: {argument} is .*; expected "):
        getattr(keras.utils, function)(**arguments)


@pytest.mark.parametrize(
    ("made", "arguments"),
    [
        (keras.optimizers.Adam, {"beta_1": np.float32(0.5), "clipnorm": 0, "weight_decay": 0}),
        (keras.optimizers.SGD, {"learning_rate": np.array(0.1), "momentum": 1, "clipvalue": float("inf")}),
        (keras.optimizers.SGD, {"ema_momentum": 5}),  # without averages it is not looked at, as in Keras
        (keras.losses.SparseCategoricalCrossentropy, {"ignore_class": -1}),
        (keras.losses.CategoricalFocalCrossentropy, {"alpha": [0.5, 0.25]}),
        (keras.losses.Dice, {"axis": (1, 2)}),
        (keras.metrics.Precision, {"thresholds": (0.1, np.float64(0.2))}),
        (
            keras.callbacks.EarlyStopping,
            {"patience": float("inf"), "min_delta": -1, "baseline": np.float32(1)},
        ),
        (keras.initializers.Constant, {"value": [1, 2]}),
        (keras.constraints.MaxNorm, {"axis": [0, 1]}),
    ],
)
def test_what_keras_takes_is_taken(made: Any, arguments: dict[str, Any]) -> None:
    made(**arguments)
