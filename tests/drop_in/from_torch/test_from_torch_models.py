"""Trained modules of torch, brought over: the same answers, also where there is no torch."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import torch_models as modules  # noqa: E402

import foldgate as keras  # noqa: E402
from foldgate.models import from_torch  # noqa: E402


def floats(*shape):
    return torch.tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


def ids(tokens, *shape):
    return torch.tensor(np.random.default_rng(0).integers(0, tokens, shape))


MODELS = {
    "ResNet": (lambda: modules.ResNet(4), floats(2, 3, 33, 40), floats(3, 3, 33, 40), (0,)),
    "MobileNetV2": (
        lambda: modules.MobileNetV2(0.25, 10, last=32),
        floats(2, 3, 32, 32),
        floats(1, 3, 32, 32),
        (0,),
    ),
    "VGG": (lambda: modules.VGG((4, "M", 8, "M"), 16, 12), floats(2, 3, 16, 16), floats(5, 3, 16, 16), (0,)),
    "UNet": (lambda: modules.UNet(4), floats(2, 1, 16, 24), floats(1, 1, 32, 8), (0, 2, 3)),
    "CharLSTM": (lambda: modules.CharLSTM(11, 6, 8), ids(11, 2, 7), ids(11, 3, 9), (0, 1)),
    "Tagger": (lambda: modules.Tagger(11, 6, 8), ids(11, 2, 7), ids(11, 3, 2), (0, 1)),
    "Forecaster": (lambda: modules.Forecaster(3, 5, 4), floats(2, 7, 3), floats(4, 3, 3), (0, 1)),
    "Spotter": (lambda: modules.Spotter(6, 5, 8), floats(2, 6, 30), floats(1, 6, 41), (0, 2)),
    "CRNN": (lambda: modules.CRNN(4, 5, 7), floats(2, 1, 32, 40), floats(3, 1, 32, 40), (0,)),
}


def brought(name):
    make, example, other, free = MODELS[name]
    module = modules.settle(make())
    return module, from_torch(module, example, free_axes=free), other


def answer(module, x):
    with torch.no_grad():
        return module(x).numpy()


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_those_of_torch(name):
    module, model, other = brought(name)
    expected = answer(module, other)
    np.testing.assert_allclose(model(other.numpy()), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


NO_TORCH = """
import json, sys
sys.modules["torch"] = None  # an import of it fails
import numpy as np
import foldgate as keras
folder = sys.argv[1]
for name in json.loads(sys.argv[2]):
    model = keras.saving.load_model(f"{folder}/{name}.keras")
    x, expected = np.load(f"{folder}/{name}_x.npy"), np.load(f"{folder}/{name}_y.npy")
    found, far = model.predict(x, verbose=0), 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=far)
    print(name)
"""


def test_saved_models_answer_without_torch(tmp_path):
    pytest.importorskip("h5py")
    for name in MODELS:
        module, model, other = brought(name)
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}_x.npy", other.numpy())
        np.save(tmp_path / f"{name}_y.npy", answer(module, other))
    call = [sys.executable, "-c", NO_TORCH, str(tmp_path), json.dumps(list(MODELS))]
    found = subprocess.run(call, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == list(MODELS)


def test_a_model_that_was_brought_over_trains_on():
    keras.utils.set_random_seed(0)  # it has dropout
    _, model, _ = brought("Forecaster")
    x = floats(16, 6, 3).numpy()
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    losses = model.fit(x, np.cumsum(x[:, :4, 0], axis=1), epochs=80, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < losses[0] * 0.8


def test_a_model_in_float64():
    module = modules.settle(modules.ResNet(4).double())
    x = floats(2, 3, 33, 40).double()
    model = from_torch(module, x)
    assert model.dtype == "float64" or model.outputs[0].dtype == "float64"
    np.testing.assert_allclose(model(x.numpy()), answer(module, x), rtol=1e-11, atol=1e-11)


def test_a_model_that_was_brought_over_becomes_onnx():
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from foldgate.onnx import export

    for name in ("UNet", "CRNN", "Tagger"):
        module, model, other = brought(name)
        file = export(model).SerializeToString()
        session = runtime.InferenceSession(file, providers=["CPUExecutionProvider"])
        found = session.run(None, {session.get_inputs()[0].name: other.numpy()})[0]
        np.testing.assert_allclose(found, answer(module, other), rtol=1e-4, atol=1e-4)


def test_the_module_is_left_as_it_was():
    module = modules.ResNet(4).train()
    module.bn1.eval()
    from_torch(module, floats(2, 3, 33, 40))
    assert module.training
    assert not module.bn1.training
    assert module.stages[0].bn1.training
