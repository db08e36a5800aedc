"""Stateful layers as ONNX: their states are inputs and outputs of the file."""

from __future__ import annotations

import numpy as np
import pytest
from export_checks import settle, values

import foldgate as keras

L = keras.layers
MODELS = {
    "LSTM": (L.LSTM(3, stateful=True, name="a"), (2, 5, 4)),
    "GRU": (L.GRU(3, stateful=True, return_sequences=True, name="a"), (2, 5, 4)),
    "SimpleRNN": (L.SimpleRNN(3, stateful=True, return_state=True, name="a"), (2, 5, 4)),
    "stack": (L.RNN([L.LSTMCell(3), L.GRUCell(2)], stateful=True, name="a"), (2, 5, 4)),
    "both": (L.Bidirectional(L.LSTM(3, stateful=True, return_sequences=True), name="a"), (2, 5, 4)),
    "ConvLSTM1D": (L.ConvLSTM1D(3, 2, stateful=True, return_sequences=True, name="a"), (2, 5, 6, 4)),
    "first": (L.ConvLSTM1D(3, 2, stateful=True, data_format="channels_first", name="a"), (2, 5, 4, 6)),
}


def carried(model, batches):
    """What onnxruntime gives for batches one after the other, whose states it is given again."""
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from foldgate.onnx import export

    session = runtime.InferenceSession(export(model).SerializeToString(), providers=["CPUExecutionProvider"])
    first, *states = session.get_inputs()
    kept = [np.zeros(state.shape, np.float32) for state in states]
    names, found = [first.name, *(state.name for state in states)], []
    for batch in batches:
        results = session.run(None, dict(zip(names, [batch, *kept], strict=True)))
        own = len(results) - len(kept)
        found.append(results[:own])
        kept = results[own:]
    return found, names, [output.name for output in session.get_outputs()]


@pytest.mark.parametrize("kind", MODELS)
def test_states_go_in_and_out(kind):
    layer, shape = MODELS[kind]
    inputs = keras.Input(batch_shape=shape, name="x")
    outputs = layer(inputs)
    model = keras.Model(inputs, list(outputs) if isinstance(outputs, (list, tuple)) else [outputs])
    settle(model)
    batches = [values(*shape, seed=seed) for seed in range(3)]
    expected = [[np.array(y) for y in model(batch)] for batch in batches]
    found, names, results = carried(model, batches)
    for mine, theirs in zip(found, expected, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    assert all("_state_" in name for name in names[1:])
    assert results[-len(names[1:]) :] == [f"{name}_out" for name in names[1:]]


def test_masks_and_layers_that_are_called_twice():
    layer = L.GRU(3, stateful=True, return_sequences=True, name="twice")
    words = keras.Input(batch_shape=(2, 4), dtype="int32")
    x = L.Embedding(5, 3, mask_zero=True)(words)
    model = keras.Model(words, [layer(layer(x))])
    settle(model)
    batches = [np.array(b, np.int32) for b in ([[1, 2, 0, 0], [0, 3, 4, 0]], [[0, 2, 1, 0], [3, 3, 3, 3]])]
    expected = [np.array(model(batch)[0]) for batch in batches]
    found, names, _ = carried(model, batches)
    assert names[1:] == ["twice_state_0"]
    for (a,), b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
