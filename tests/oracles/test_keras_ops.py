"""Functions of `keras.ops` against Keras': on arrays, on Tensors, and in functional models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras_oracle import keras, quiet

import foldgate

Function = Callable[[Any, Any], Any]
RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 6, 6, 12)).astype(np.float32)
IDS = np.array([[0, 2], [1, 3], [0, 2]], np.int32)
HOT = np.eye(12, dtype=np.float32)[RNG.integers(0, 12, (2, 6, 6))]

OF_TENSORS: dict[str, Function] = {  # with gradients, and of symbolic tensors
    "depth_to_space": lambda o, x: o.depth_to_space(x, 2),
    "nn.depth_to_space": lambda o, x: o.nn.depth_to_space(x, 2, data_format="channels_last"),
    "space_to_depth": lambda o, x: o.space_to_depth(x, 3),
    "depthwise_conv": lambda o, x: o.depthwise_conv(
        x, np.linspace(-1, 1, 3 * 2 * 12 * 2).astype("float32").reshape(3, 2, 12, 2), padding="same"
    ),
    "moments": lambda o, x: o.moments(x, axes=[0, 1])[1],
    "batch_normalization": lambda o, x: o.batch_normalization(
        x, o.mean(x, axis=(0, 1, 2)), o.var(x, axis=(0, 1, 2)), -1, scale=np.arange(12.0, dtype="float32")
    ),
    "layer_normalization": lambda o, x: o.layer_normalization(x, axis=-1, epsilon=1e-3),
    "rms_normalization": lambda o, x: o.rms_normalization(x, axis=-1, epsilon=1e-3),
    "binary_crossentropy": lambda o, x: o.binary_crossentropy(HOT, o.sigmoid(x)),
    "binary_crossentropy of logits": lambda o, x: o.binary_crossentropy(HOT, x, from_logits=True),
    "categorical_crossentropy": lambda o, x: o.categorical_crossentropy(HOT, o.softmax(x)),
    "categorical_crossentropy of logits": lambda o, x: o.categorical_crossentropy(HOT, x, from_logits=True),
    "sparse_categorical_crossentropy": lambda o, x: o.sparse_categorical_crossentropy(
        HOT.argmax(-1).astype("int32"), x, from_logits=True
    ),
    "norm": lambda o, x: o.norm(x, axis=-1, keepdims=True),
    "norm of all": lambda o, x: o.norm(x),
    "norm of order 2": lambda o, x: o.norm(x, ord=2, axis=1),
    "divide_no_nan": lambda o, x: o.divide_no_nan(x, o.maximum(x, 0.0)),
    "nan_to_num": lambda o, x: o.nan_to_num(o.log(x), nan=-1.0) * 2.0,
    "swish": lambda o, x: o.swish(x),
    "extract_sequences": lambda o, x: o.extract_sequences(x, 4, 3),
    "image.resize": lambda o, x: o.image.resize(x, (9, 4)),
    "image.resize nearest": lambda o, x: o.image.resize(x, (3, 13), interpolation="nearest"),
    "image.resize bicubic": lambda o, x: o.image.resize(x, (3, 8), interpolation="bicubic", antialias=True),
    "image.crop_images": lambda o, x: o.image.crop_images(
        x, top_cropping=1, target_height=3, left_cropping=2, right_cropping=1
    ),
    "image.pad_images": lambda o, x: o.image.pad_images(
        x, bottom_padding=1, target_height=9, left_padding=0, right_padding=2
    ),
    "image.extract_patches": lambda o, x: o.image.extract_patches(x, (2, 3)),
    "image.extract_patches same": lambda o, x: o.image.extract_patches(x, 3, strides=2, padding="same"),
    "image.rgb_to_grayscale": lambda o, x: o.image.rgb_to_grayscale(x[..., :3]),
}
OF_ARRAYS: dict[str, Function] = {
    "top_k": lambda o, x: o.top_k(x, k=4),
    "top_k of a vector": lambda o, x: o.top_k(x[0, 0, 0], 2),
    "in_top_k": lambda o, x: o.in_top_k(np.array([3, 0], "int32"), x[:, 0, 0], 5),
    "segment_sum": lambda o, x: o.segment_sum(x[0], np.array([0, 0, 2, 1, 2, 2], "int32"), 4),
    "segment_max": lambda o, x: o.segment_max(x[0], np.array([0, 0, 2, 1, 2, 2], "int32")),
    "scatter": lambda o, x: o.scatter(IDS, np.array([1.0, 2.0, 4.0], "float32"), (2, 4)),
    "scatter_update": lambda o, x: o.scatter_update(
        np.zeros((2, 4), "float32"), IDS[:2], np.array([1.0, 2.0], "float32")
    ),
    "scatter_update by add": lambda o, x: o.scatter_update(
        np.ones((2, 4), "float32"), IDS, np.array([1.0, 2.0, 4.0], "float32"), reduction="add"
    ),
    "slice": lambda o, x: o.slice(x[0, 0], (1, 2), (3, 4)),
    "slice_update": lambda o, x: o.slice_update(x[0, 0], (1, 2), np.ones((3, 4), "float32")),
    "multi_hot": lambda o, x: o.multi_hot(IDS, 5),
    "diag": lambda o, x: o.diag(x[0, 0, 0], k=1),
    "diag of a matrix": lambda o, x: o.diag(x[0, 0], k=-1),
    "cumprod": lambda o, x: o.cumprod(x, axis=1),
    "isin": lambda o, x: o.isin(IDS, np.array([2, 3], "int32")),
    "searchsorted": lambda o, x: o.searchsorted(np.arange(5.0, dtype="float32"), np.float32([0.5, 3.0])),
    "nanmean": lambda o, x: o.nanmean(x, axis=0),
    "while_loop": lambda o, x: o.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 2), (0, x[0])),
    "fori_loop": lambda o, x: o.fori_loop(0, 3, lambda i, y: y + i, x[0]),
    "cond": lambda o, x: o.cond(True, lambda: x[0], lambda: x[1]),
    "switch": lambda o, x: o.switch(7, [lambda a: a, lambda a: -a], x[0]),
    "scan": lambda o, x: o.scan(lambda c, a: (c + a, c * a), o.zeros((6, 6, 12)), x, reverse=True),
    "map": lambda o, x: o.map(lambda a: a * 2, x),
    "vectorized_map": lambda o, x: o.vectorized_map(lambda a: o.sum(a, axis=0), x),
    "ctc_decode": lambda o, x: o.ctc_decode(x[:, 0], np.array([6, 4], "int32")),
    "ctc_decode, blank 3": lambda o, x: o.ctc_decode(
        x[:, 1], np.array([6, 6], "int32"), mask_index=3, merge_repeated=False
    ),
    "dtype": lambda o, x: np.array([o.dtype(x) == "float32"]),
}
# The others join the batch with arrays, or take statistics of it.
OF_MODELS = [name for name in OF_TENSORS if not any(part in name for part in ("norm", "moments", "entropy"))]


def plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value.detach().numpy() if hasattr(value, "detach") else np.asarray(value)


def assert_alike(found: Any, expected: Any) -> None:
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_alike(a, b)
        return
    assert found.shape == expected.shape and found.dtype.kind == expected.dtype.kind
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*log", "ignore:.*divide", "ignore:Mean of empty")
@pytest.mark.parametrize("name", [*OF_TENSORS, *OF_ARRAYS])
def test_values(name: str) -> None:
    call = (OF_TENSORS | OF_ARRAYS)[name]
    assert_alike(plain(call(foldgate.ops, X)), plain(quiet(call, keras.ops, keras.ops.convert_to_tensor(X))))


@pytest.mark.filterwarnings("ignore:.*log", "ignore:.*divide")
@pytest.mark.parametrize("name", OF_TENSORS)
def test_gradients(name: str) -> None:
    x = keras.ops.convert_to_tensor(X).clone().requires_grad_(True)
    call = OF_TENSORS[name]
    theirs = quiet(call, keras.ops, x)
    factors = np.cos(np.arange(theirs.numel(), dtype=np.float32)).reshape(tuple(theirs.shape))
    (theirs * keras.ops.convert_to_tensor(factors)).sum().backward()
    with foldgate.GradientTape() as tape:
        watched = tape.watch(X)
        total = np.sum(call(foldgate.ops, watched) * factors)
    found, expected = tape.gradient(total, watched), x.grad.numpy()
    known = np.isfinite(found) & np.isfinite(expected)
    assert known.any()
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-3, atol=1e-3)


@pytest.mark.filterwarnings("ignore:.*log", "ignore:.*divide")
@pytest.mark.parametrize("name", OF_MODELS)
def test_in_a_functional_model(name: str) -> None:
    call = OF_TENSORS[name]
    inputs = foldgate.Input(X.shape[1:])
    model = foldgate.Model(inputs, call(foldgate.ops, inputs))
    expected = call(foldgate.ops, X)
    assert model.output_shape[1:] == expected.shape[1:]
    np.testing.assert_allclose(model(X), expected, rtol=1e-5, atol=1e-5)


def test_sizes_that_are_not_known() -> None:
    inputs = foldgate.Input((None, None, 8))
    y = foldgate.ops.depth_to_space(inputs, 2)
    assert y.shape == (None, None, None, 2)
    assert foldgate.Model(inputs, y)(np.ones((1, 3, 5, 8), np.float32)).shape == (1, 6, 10, 2)


def test_beam_search() -> None:
    """The sum over all ways to the same labels, as by trying all ways."""
    logits = np.random.default_rng(3).standard_normal((2, 4, 3)).astype(np.float32)
    lengths = np.array([4, 3])
    labels, scores = foldgate.ops.ctc_decode(
        logits, lengths, strategy="beam_search", top_paths=3, mask_index=0
    )
    for n in range(2):
        ways: dict[tuple[int, ...], float] = {}
        shares = np.exp(logits[n]) / np.exp(logits[n]).sum(-1, keepdims=True)
        for way in np.ndindex(*[3] * lengths[n]):
            merged = [c for c, before in zip(way, (None, *way), strict=False) if c != before]
            key = tuple(c for c in merged if c != 0)
            ways[key] = ways.get(key, 0.0) + float(np.prod(shares[np.arange(lengths[n]), way]))
        best = sorted(ways, key=lambda key: -ways[key])[:3]
        assert [tuple(c for c in labels[i, n].tolist() if c >= 0) for i in range(3)] == best
        np.testing.assert_allclose(scores[n], [np.log(ways[key]) for key in best], rtol=1e-5)
