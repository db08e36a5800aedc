"""Models of normalization, attention and merging layers as files, in both directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet

import foldgate

pytest.importorskip("h5py", reason="`.keras` files hold HDF5")


def _model(k: Any) -> Any:
    layers = k.layers
    inputs = k.Input((6, 8))
    x = layers.BatchNormalization()(inputs)
    x = layers.MultiHeadAttention(2, 3, dropout=0.2, seed=1)(x, x)
    x = layers.LayerNormalization()(x)
    x = layers.GroupQueryAttention(3, 4, 2)(x, inputs, use_causal_mask=True)
    x = layers.GroupNormalization(groups=2)(layers.PReLU(shared_axes=[1])(x))
    x = layers.Dropout(0.3, seed=3)(layers.SpatialDropout1D(0.2)(x))
    x = layers.RMSNormalization()(layers.Add()([x, inputs]))
    x = layers.Attention(use_scale=True)([x, inputs])
    x = layers.AdditiveAttention()([x, inputs])
    x = layers.SpectralNormalization(layers.Dense(5))(layers.UnitNormalization()(x))
    x = layers.Concatenate()([layers.ReLU()(x), layers.ELU()(x), layers.LeakyReLU()(x)])
    x = layers.Normalization(mean=0.5, variance=2.0)(layers.Rescaling(2.0, 0.5)(layers.GaussianNoise(0.1)(x)))
    return k.Model(inputs, layers.Softmax()(layers.Activation("tanh")(x)))


def _perturb(model: Any) -> None:
    rng = np.random.default_rng(0)
    values = [rng.uniform(0.1, 0.9, w.shape).astype(np.float32) for w in model.weights]
    model.set_weights(values)


@pytest.mark.parametrize("form", ["model.keras", "model.weights.h5"])
@pytest.mark.parametrize("ours_writes", [True, False])
def test_both_read_what_either_wrote(form: str, ours_writes: bool, tmp_path: Path) -> None:
    path = tmp_path / form
    writer, reader = (foldgate, keras) if ours_writes else (keras, foldgate)
    written = quiet(_model, writer)
    _perturb(written)
    if form == "model.keras":
        quiet(written.save, path)
        back = quiet(reader.models.load_model, path)
    else:
        quiet(written.save_weights, path)
        back = quiet(_model, reader)
        quiet(back.load_weights, path)
    x = np.random.default_rng(1).standard_normal((3, 6, 8)).astype(np.float32)
    a, b = quiet(written, x), quiet(back, x)
    a, b = (y if isinstance(y, np.ndarray) else y.detach().numpy() for y in (a, b))
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
