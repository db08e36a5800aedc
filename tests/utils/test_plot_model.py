"""Pictures of models: every layer and arrow is there, no box lies on another, no line runs through one."""

from __future__ import annotations

import numpy as np
import pytest

import foldgate as keras
from foldgate.utils._layout import Layout

pytest.importorskip("matplotlib")
layers = keras.layers
plot = keras.utils.plot_model


def branches():
    x = keras.Input((8, 8, 3), name="image")
    a = layers.Conv2D(4, 3, padding="same", activation="relu", name="a")(x)
    b = layers.Conv2D(4, 1, name="b")(a)
    c = layers.Add(name="sum")([a, b])
    d = layers.GlobalAveragePooling2D(name="mean")(c)
    e = layers.Dense(2, name="class")(d)
    return keras.Model(x, [e, layers.Dense(1, name="value")(np.tanh(d))])


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def arrows(figure):
    return [patch for patch in figure.axes[0].patches if type(patch).__name__ == "FancyArrowPatch"]


def test_boxes_and_arrows():
    figure = plot(branches(), None, show_layer_names=True)
    assert {"image", "a", "b", "sum", "mean", "class", "value", "Conv2D", "Add", "tanh"} <= set(texts(figure))
    assert len(arrows(figure)) == 8


def test_what_is_written():
    model = branches()
    model.get_layer("b").trainable = False
    figure = plot(model, None, True, True, show_layer_activations=True, show_trainable=True)
    found = texts(figure)
    assert "Conv2D · relu" in found and found.count("not trainable") == 1 and "float32" in found
    assert "(None, 8, 8, 4), (None, 8, 8, 4) → (None, 8, 8, 4)" in found
    assert "(None, 8, 8, 3)" in found


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_files(tmp_path, ending, direction):
    path = tmp_path / f"x.{ending}"
    plot(branches(), path, rankdir=direction, dpi=50)
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(begins)


def test_models_within_models():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="one"), layers.Dense(4, name="two")])
    x = keras.Input((4,))
    model = keras.Model(x, layers.Add()([inner(x), x]))
    closed, opened = (plot(model, None, show_layer_names=True, expand_nested=e) for e in (False, True))
    assert "Sequential" in texts(closed) and "one" not in texts(closed)
    assert "Sequential" not in texts(opened) and {"one", "two"} <= set(texts(opened))
    assert len(arrows(closed)) == 3 and len(arrows(opened)) == 4


def test_a_layer_called_twice():
    shared = layers.Dense(4, name="shared")
    a, b = keras.Input((3,)), keras.Input((3,))
    figure = plot(
        keras.Model([a, b], layers.Concatenate()([shared(a), shared(b)])), None, show_layer_names=True
    )
    assert texts(figure).count("shared") == 2 and len(arrows(figure)) == 4


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="rankdir is 'UP'"):
        plot(branches(), None, rankdir="UP")
    with pytest.raises(ValueError, match="has no graph"):
        plot(keras.Sequential([layers.Dense(2)]), None)


def random_graph(rng, count):
    edges = [(int(rng.integers(0, i)), i) for i in range(1, count)]
    edges += [tuple(sorted(rng.choice(count, 2, replace=False).tolist())) for _ in range(count // 2)]
    return list(dict.fromkeys(edges))


@pytest.mark.parametrize("count", [1, 2, 5, 12, 30])
def test_nothing_overlaps(rng, count):
    for _ in range(8):
        sizes = [(float(rng.uniform(20, 90)), float(rng.uniform(10, 40))) for _ in range(count)]
        edges = random_graph(rng, count)
        layout = Layout(sizes, edges)
        boxes = [
            (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            for (w, h), (x, y) in zip(sizes, layout.centers, strict=True)
        ]
        for i, (left, top, right, bottom) in enumerate(boxes):
            assert left >= -1e-6 and right <= layout.width + 1e-6 and bottom <= layout.height + 1e-6
            for other in boxes[:i]:
                apart = left >= other[2] or right <= other[0] or top >= other[3] or bottom <= other[1]
                assert apart
        for (start, end), route in zip(edges, layout.routes, strict=True):
            assert boxes[start][3] <= boxes[end][1]  # arrows point downwards
            assert route[0] == pytest.approx((layout.centers[start][0], boxes[start][3]))
            assert route[-1] == pytest.approx((layout.centers[end][0], boxes[end][1]))
            for x, y in route[1:-1]:
                assert not any(b[0] < x < b[2] and b[1] < y < b[3] for b in boxes)


def test_a_chain_is_straight():
    layout = Layout([(40.0, 10.0), (80.0, 10.0), (20.0, 10.0)], [(0, 1), (1, 2)])
    assert {x for x, _ in layout.centers} == {40.0}
