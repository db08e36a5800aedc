"""Recurrent options against ONNX Runtime's LSTM, GRU and RNN: peepholes, clip, coupled gates, activations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support import Array, assert_close

WHY = "ONNX Runtime is the oracle here; `pip install onnx onnxruntime` to run these tests"
onnx = pytest.importorskip("onnx", reason=WHY)
runtime = pytest.importorskip("onnxruntime", reason=WHY)

N, T, D, U = 3, 5, 4, 6
HARD = {"activations": ["HardSigmoid", "Softsign"], "activation_alpha": [0.2], "activation_beta": [0.5]}
OURS = {"recurrent_activation": ("hard_sigmoid", 0.2, 0.5), "activation": "softsign"}


def _run(operator: str, attributes: dict[str, Any], feeds: dict[str, Array], outputs: list[str]) -> Any:
    """ONNX's optional inputs that are not fed have empty names."""
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    names = ["X", "W", "R", "B", "", "initial_h", "initial_c", "P"]
    while names[-1] not in feeds:
        names.pop()
    names = [name if name in feeds else "" for name in names]
    node = make.make_node(operator, names, outputs, hidden_size=U, **attributes)
    graph = make.make_graph(
        [node],
        "case",
        [make.make_tensor_value_info(name, kind, value.shape) for name, value in feeds.items()],
        [make.make_tensor_value_info(name, kind, None) for name in outputs],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {name: np.ascontiguousarray(value) for name, value in feeds.items()})


def _normal(rng: np.random.Generator, *shape: int) -> Array:
    return (rng.standard_normal(shape) * 0.8).astype(np.float32)


def _onnx_order(weights: Array) -> Array:
    i, f, c, o = np.split(weights, 4, axis=-1)
    return np.concatenate([i, o, f, c], axis=-1)


@pytest.mark.parametrize("peepholes", [False, True], ids=["plain", "peepholes"])
@pytest.mark.parametrize(
    "attributes, options",
    [
        ({}, {}),
        ({"clip": 0.4}, {"clip": 0.4}),
        ({"input_forget": 1}, {"coupled": True}),
        ({"input_forget": 1, "clip": 0.6}, {"coupled": True, "clip": 0.6}),
        (
            {**HARD, "activations": ["HardSigmoid", "Softsign", "Elu"], "activation_alpha": [0.2, 0.7]},
            {**OURS, "output_activation": ("elu", 0.7)},
        ),
    ],
    ids=["default", "clip", "coupled", "coupled and clip", "activations"],
)
def test_lstm(
    attributes: dict[str, Any], options: dict[str, Any], peepholes: bool, ops: Any, rng: np.random.Generator
) -> None:
    x, kernel, recurrent, bias = (
        _normal(rng, *shape) for shape in ((N, T, D), (D, 4 * U), (U, 4 * U), (4 * U,))
    )
    h, c, peephole = _normal(rng, N, U), _normal(rng, N, U), _normal(rng, 3, U)
    feeds = {
        "X": x.swapaxes(0, 1),
        "W": _onnx_order(kernel).T[None],
        "R": _onnx_order(recurrent).T[None],
        "B": np.concatenate([_onnx_order(bias), np.zeros_like(bias)])[None],
        "initial_h": h[None],
        "initial_c": c[None],
    }
    if peepholes:
        feeds["P"] = np.concatenate([peephole[0], peephole[2], peephole[1]])[None]
        options = {**options, "peephole": peephole}
    y, _, last_c = _run("LSTM", attributes, feeds, ["Y", "Y_h", "Y_c"])
    found = ops.lstm(x, kernel, recurrent, bias, initial_h=h, initial_c=c, **options)
    assert_close(found[0], y[:, 0].swapaxes(0, 1), 2e-5)
    assert_close(found[2], last_c[0], 2e-5)


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize(
    "attributes, options", [({}, {}), ({"clip": 0.4}, {"clip": 0.4}), (HARD, OURS)], ids=["0", "clip", "hard"]
)
def test_gru(
    attributes: dict[str, Any], options: dict[str, Any], reset_after: bool, ops: Any, rng: np.random.Generator
) -> None:
    x, kernel, recurrent, h = (_normal(rng, *s) for s in ((N, T, D), (D, 3 * U), (U, 3 * U), (N, U)))
    bias = _normal(rng, 2, 3 * U) if reset_after else _normal(rng, 3 * U)
    both = bias if reset_after else np.stack([bias, np.zeros_like(bias)])
    feeds = {
        "X": x.swapaxes(0, 1),
        "W": kernel.T[None],
        "R": recurrent.T[None],
        "B": both.reshape(1, -1),
        "initial_h": h[None],
    }
    y, _ = _run("GRU", {**attributes, "linear_before_reset": int(reset_after)}, feeds, ["Y", "Y_h"])
    found, _ = ops.gru(x, kernel, recurrent, bias, initial_h=h, reset_after=reset_after, **options)
    assert_close(found, y[:, 0].swapaxes(0, 1), 2e-5)


@pytest.mark.parametrize(
    "name, function",
    [
        ("Sigmoid", "sigmoid"),
        ("Affine", ("affine", 0.5, 0.1)),
        ("LeakyRelu", ("leaky_relu", 0.3)),
        ("ThresholdedRelu", ("thresholded_relu", 0.2)),
        ("ScaledTanh", ("scaled_tanh", 0.8, 1.3)),
        ("HardSigmoid", ("hard_sigmoid", 0.2, 0.5)),
        ("Elu", ("elu", 0.7)),
        ("Softsign", "softsign"),
        ("Softplus", "softplus"),
    ],
)
def test_simple_rnn(name: str, function: Any, ops: Any, rng: np.random.Generator) -> None:
    x, kernel, recurrent, bias = (_normal(rng, *s) for s in ((N, T, D), (D, U), (U, U), (U,)))
    recurrent /= 3
    feeds = {
        "X": x.swapaxes(0, 1),
        "W": kernel.T[None],
        "R": recurrent.T[None],
        "B": np.concatenate([bias, 0 * bias])[None],
    }
    attributes: dict[str, Any] = {"activations": [name]}
    for parameter, value in zip(
        ("alpha", "beta"), function[1:] if isinstance(function, tuple) else (), strict=False
    ):
        attributes[f"activation_{parameter}"] = [value]
    y, _ = _run("RNN", attributes, feeds, ["Y", "Y_h"])
    found, _ = ops.simple_rnn(x, kernel, recurrent, bias, activation=function)
    assert_close(found, y[:, 0].swapaxes(0, 1), 2e-5 * (1 + float(np.abs(y).max())))
