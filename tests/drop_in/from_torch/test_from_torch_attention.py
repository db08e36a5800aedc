"""Attention, Transformers and packed sequences of torch, brought over."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import torch_models as modules  # noqa: E402
from from_torch_checks import floats  # noqa: E402
from torch import nn  # noqa: E402

from foldgate.models import ConversionError, from_torch  # noqa: E402

F = nn.functional
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:Support for mismatched")


def check(module, *examples, **options):
    modules.settle(module)
    model = from_torch(module, examples, tolerance=None, **options)
    with torch.no_grad():
        expected = module(*examples)
    found = model([x.numpy() for x in examples] if len(examples) > 1 else examples[0].numpy())
    pairs = [(found, expected)] if isinstance(expected, torch.Tensor) else zip(found, expected, strict=True)
    for a, b in pairs:
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b.numpy(), rtol=2e-5, atol=2e-5)
    return model


class Attention(nn.Module):
    def __init__(self, masked=None, weights=True, average=True, **options):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, **options)
        self.masked, self.weights, self.average = masked, weights, average
        self.register_buffer("mask", torch.triu(torch.ones(5, 5, dtype=torch.bool), 1))
        self.register_buffer("added", torch.triu(torch.full((5, 5), -torch.inf), 1))

    def forward(self, x, y):
        mask = {None: None, "bool": self.mask, "float": self.added}[self.masked]
        options = {"attn_mask": mask, "average_attn_weights": self.average}
        if not self.weights:
            return self.attention(x, y, y, need_weights=False, **options)[0]
        return self.attention(x, y, y, **options)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("masked", [None, "bool", "float"])
@pytest.mark.parametrize("options", [{}, {"weights": False}, {"average": False}, {"bias": False}])
def test_multi_head_attention(first, masked, options):
    shape = (3, 5, 8) if first else (5, 3, 8)
    check(Attention(masked, batch_first=first, **options), floats(*shape), floats(*shape, seed=1))


def test_other_sizes_of_keys_and_values():
    class Across(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, kdim=6, vdim=4, batch_first=True)

        def forward(self, x, k, v, ignored):
            return self.attention(x, k, v, key_padding_mask=ignored)[0]

    ignored = torch.tensor([[False, True, False, True]] * 3)
    check(Across(), floats(3, 5, 8), floats(3, 4, 6), floats(3, 4, 4), ignored)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu", nn.SiLU()])
@pytest.mark.parametrize("first", [False, True])
def test_an_encoder_layer(norm_first, activation, first):
    layer = nn.TransformerEncoderLayer(
        8, 2, 16, activation=activation, norm_first=norm_first, batch_first=first
    )
    check(nn.Sequential(layer, nn.Linear(8, 3)), floats(5, 4, 8))


def test_an_encoder_is_a_module_to_bring_itself():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    check(layer, floats(5, 4, 8))
    check(nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), floats(5, 4, 8))


def test_an_encoder_and_a_decoder(tmp_path):
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            make = {"d_model": 8, "nhead": 2, "dim_feedforward": 12, "batch_first": True}
            self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(**make), 2, nn.LayerNorm(8))
            self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**make), 2)
            self.register_buffer("mask", torch.triu(torch.full((5, 5), -torch.inf), 1))

        def forward(self, x, y):
            return self.decoder(y, self.encoder(x), tgt_mask=self.mask)

    model = check(Both(), floats(2, 7, 8), floats(2, 5, 8))
    pytest.importorskip("h5py")
    import foldgate as keras

    model.save(tmp_path / "both.keras")
    again = keras.saving.load_model(tmp_path / "both.keras")
    batch = [floats(2, 7, 8).numpy(), floats(2, 5, 8).numpy()]
    np.testing.assert_array_equal(again(batch), model(batch))


def test_scaled_dot_products():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(8, 24)

        def forward(self, x):
            parts = self.qkv(x).chunk(3, -1)
            q, k, v = (parts[i].view(x.size(0), 5, 2, 4).transpose(1, 2) for i in range(3))
            return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)

    check(Own(), floats(3, 5, 8))


class Tagger(nn.Module):
    def __init__(self, kind, first, sorted_, **options):
        super().__init__()
        self.recurrent = getattr(nn, kind)(4, 3, batch_first=first, **options)
        self.first, self.sorted = first, sorted_

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=self.first, enforce_sorted=self.sorted
        )
        y, states = self.recurrent(packed)
        y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=self.first)
        return (y, states[0], states[1]) if self.recurrent.mode == "LSTM" else (y, states)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}])
def test_packed_sequences(kind, first, options):
    x = floats(3, 6, 4) if first else floats(6, 3, 4)
    axes = ((0,), (0,)) if first else ((1,), (0,))
    check(Tagger(kind, first, False, **options), x, torch.tensor([2, 6, 4]), free_axes=axes)


def refused():
    yield nn.MultiheadAttention(8, 2, add_zero_attn=True), "add_zero_attn"
    yield nn.MultiheadAttention(8, 2, add_bias_kv=True), "add_bias_kv"


@pytest.mark.parametrize(("attention", "words"), [*refused()])
def test_what_has_no_counterpart(attention, words):
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = attention

        def forward(self, x):
            return self.inner(x, x, x)[0]

    with pytest.raises(ConversionError, match=rf"inner \(MultiheadAttention\): .*{words}"):
        from_torch(Named(), floats(2, 5, 8))
