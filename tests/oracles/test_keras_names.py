"""Public names and constructors of Keras' rooms: what is not here is listed, and why in docs/keras.md."""

from __future__ import annotations

import inspect
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from keras_oracle import keras

import foldgate

NOT_HERE = {
    "layers": """
        AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix
        Discretization EinsumDense Equalization FlaxLayer HashedCrossing Hashing IntegerLookup
        JaxLayer MaxNumBoundingBoxes MelSpectrogram MixUp Pipeline RandAugment
        RandomColorDegeneration RandomColorJitter
        RandomElasticTransform RandomErasing RandomGaussianBlur RandomGrayscale
        RandomHue RandomInvert RandomPerspective RandomPosterization
        RandomSaturation RandomSharpness RandomShear
        ReversibleEmbedding STFTSpectrogram Solarization StringLookup TFSMLayer TextVectorization
        TorchModuleWrapper""",
    "losses": "",
    "metrics": "",
    "optimizers": """Adafactor Ftrl Lamb LossScaleOptimizer MultiOptimizer Muon OptimizerMap ScheduleFreeAdamW
        legacy""",
    "optimizers.schedules": "",
    "callbacks": "OrbaxCheckpoint RemoteMonitor",
    "initializers": "STFT STFTInitializer stft",
    "regularizers": "",
    "constraints": "",
    "activations": "",
    "utils": """Config FeatureSpace audio_dataset_from_directory bounding_boxes disable_interactive_logging
        enable_interactive_logging get_file is_interactive_logging_enabled legacy
        model_to_dot text_dataset_from_directory""",
    "datasets": "boston_housing california_housing reuters",
    "models": "",
    "saving": "KerasFileEditor",
    "random": "beta binomial dropout gamma",
}
# Room and class -> the arguments of Keras that are not taken by name here, or have another default.
OTHER = {
    ("optimizers", "Optimizer"): {"learning_rate"},
    ("layers", "InputSpec"): set(),
}


def room_of(package: Any, room: str) -> Any:
    return reduce(getattr, room.split("."), package)


def public(room: Any) -> set[str]:
    return {name for name in dir(room) if not name.startswith("_")}


@pytest.mark.parametrize("room", NOT_HERE)
def test_what_is_missing_is_listed(room: str) -> None:
    missing = public(room_of(keras, room)) - public(room_of(foldgate, room))
    assert missing <= set(NOT_HERE[room].split())


@pytest.mark.parametrize("room", NOT_HERE)
def test_the_list_names_nothing_that_is_here(room: str) -> None:
    here = set(getattr(room_of(foldgate, room), "__all__", ()))
    assert not here & (set(NOT_HERE[room].split()) - {"TextVectorization"})


def test_the_guide_has_the_list() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "keras.md").read_text()
    for room in ("optimizers", "callbacks", "datasets", "saving", "random"):
        for name in NOT_HERE[room].split():
            assert name in text, name


def plain(value: Any) -> Any:
    """A default as it is compared: (2, 2) means 2 for windows, and ((1, 1), (1, 1)) means 1."""
    if isinstance(value, (list, tuple)) and value and len({str(plain(one)) for one in value}) == 1:
        return plain(value[0])
    return value.lower() if isinstance(value, str) else value


def parameters(kind: Any) -> dict[str, inspect.Parameter]:
    """Of a constructor, with those of its bases where it hands on what it does not know."""
    found: dict[str, inspect.Parameter] = {}
    for base in kind.__mro__:
        if "__init__" in vars(base) and base is not object:
            own = inspect.signature(vars(base)["__init__"]).parameters
            found = {**own, **found}
            if not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in own.values()):
                break
    return found


def classes() -> list[Any]:
    rooms = [room for room in NOT_HERE if room not in ("datasets", "models", "utils", "saving", "random")]
    return [
        pytest.param(room, name, id=f"{room}-{name}")
        for room in rooms
        for name, kind in sorted(vars(room_of(keras, room)).items())
        if inspect.isclass(kind) and name in public(room_of(foldgate, room))
    ]


@pytest.mark.parametrize(("room", "name"), classes())
def test_constructors_take_keras_arguments(room: str, name: str) -> None:
    theirs = inspect.signature(getattr(room_of(keras, room), name).__init__).parameters
    ours = parameters(getattr(room_of(foldgate, room), name))
    for argument, parameter in theirs.items():
        named = parameter.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        refused = argument in {"lora_rank", "lora_alpha", "quantization_config"}  # by name, but for None
        if not named or argument == "self" or refused or argument in OTHER.get((room, name), ()):
            continue
        assert argument in ours, argument
        if parameter.default is not inspect.Parameter.empty:
            default = ours[argument].default
            assert plain(default) == plain(parameter.default) or (not default and not parameter.default), (
                argument,
                default,
                parameter.default,
            )
