"""Layers that torch compiles or exports: what it sees is Keras' own, whether foldgate is enabled or not."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from under_keras import BACKEND, keras

import foldgate.keras

if BACKEND != "torch":
    pytest.skip("the numpy backend compiles nothing", allow_module_level=True)

import torch  # after Keras' own import of it

L = keras.layers
SEQUENCE, IMAGE = (2, 6, 4), (2, 8, 8, 4)
LAYERS = {
    "lstm": (lambda: L.LSTM(5), SEQUENCE),
    "gru": (lambda: L.Bidirectional(L.GRU(3, recurrent_dropout=0.5)), SEQUENCE),
    "simple_rnn": (lambda: L.SimpleRNN(5), SEQUENCE),
    "conv": (lambda: L.Conv2D(5, 3), IMAGE),
    "depthwise_conv": (lambda: L.DepthwiseConv2D(3), IMAGE),
    "separable_conv": (lambda: L.SeparableConv2D(5, 3), IMAGE),
    "conv_transpose": (lambda: L.Conv2DTranspose(5, 3), IMAGE),
    "max_pool": (lambda: L.MaxPooling2D(2), IMAGE),
    "average_pool": (lambda: L.AveragePooling2D(2), IMAGE),
}
if hasattr(L, "AdaptiveMaxPooling2D"):
    LAYERS["adaptive"] = (lambda: L.AdaptiveMaxPooling2D(3), IMAGE)


@pytest.mark.parametrize("name", LAYERS)
def test_a_compiled_layer_has_the_same_graphs(name: str, rng: Any) -> None:
    make, shape = LAYERS[name]
    layer, x = make(), torch.tensor(rng.normal(size=shape), dtype=torch.float32)
    layer.build(shape)

    def graphs() -> Any:
        torch._dynamo.reset()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            found = torch._dynamo.explain(layer)(x)
        return found.graph_count, found.graph_break_count, found.op_count, [str(w.message) for w in warned]

    plain = graphs()
    with foldgate.keras.enabled():
        assert graphs() == plain


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_a_trace_is_the_same(name: str, rng: Any) -> None:
    make, shape = LAYERS[name]
    layer, x = make(), torch.tensor(rng.normal(size=shape), dtype=torch.float32)
    layer.build(shape)

    def trace() -> Any:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            found = torch.jit.trace(layer, (x,))
        return [node.kind() for node in found.inlined_graph.nodes()], [(w.category, w.lineno) for w in warned]

    plain = trace()
    with foldgate.keras.enabled():
        assert trace() == plain
