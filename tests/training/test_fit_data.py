"""What `fit` is given: arrays, generators, data sets, and their order."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fit_models import classifier

import foldgate as keras
from foldgate.models.data import batches


class Numbered:
    """Batches by number, without a base class."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y, self.ended = x, y, 0

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> Any:
        return self.x[10 * i : 10 * i + 10], self.y[10 * i : 10 * i + 10]

    def on_epoch_end(self) -> None:
        self.ended += 1


class Loader:
    """An iterable that begins anew, and gives lists, as torch's DataLoader does."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y

    def __iter__(self) -> Iterator[Any]:
        for i in range(0, 50, 10):
            yield [self.x[i : i + 10], self.y[i : i + 10]]


def test_every_kind_of_data_gives_the_same(xy: Any) -> None:
    x, y = xy
    numbered = Numbered(x, y)

    def generator() -> Iterator[Any]:
        while True:
            yield from Loader(x, y)

    found = []
    for kind in ("arrays", "numbered", "loader", "generator"):
        keras.utils.set_random_seed(1)
        model = classifier()
        options: dict[str, Any] = {"epochs": 2, "verbose": 0, "shuffle": False}
        if kind == "arrays":
            history = model.fit(x, y, batch_size=10, **options)
        elif kind == "generator":
            history = model.fit(generator(), steps_per_epoch=5, **options)
        else:
            history = model.fit(numbered if kind == "numbered" else Loader(x, y), **options)
        found.append(history.history)
    assert all(history == found[0] for history in found)
    assert numbered.ended == 2
    assert len(found[0]["loss"]) == 2


def test_dicts_and_lists_of_arrays(xy: Any) -> None:
    x, y = xy
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    total = keras.layers.Dense(3, activation="softmax")(keras.layers.Dense(4)(a) + keras.layers.Dense(4)(b))
    model = keras.Model({"a": a, "b": b}, total)
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = model.fit({"a": x, "b": -x}, y, epochs=2, verbose=0, validation_split=0.2)
    assert {"loss", "val_loss"} == set(history.history)
    assert model.predict({"a": x, "b": x}, verbose=0).shape == (50, 3)


def test_a_seed_fixes_the_order_and_the_epochs_differ(xy: Any) -> None:
    x, y = xy

    def history() -> Any:
        keras.utils.set_random_seed(3)
        return classifier().fit(x, y, batch_size=7, epochs=3, verbose=0).history

    assert history() == history()
    order = batches("fit", x, y, batch_size=7, shuffle=True)
    first, second = ([batch[1].copy() for batch in order.epoch(e)] for e in (0, 1))
    assert sorted(np.concatenate(first)) == sorted(y)
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    again = [batch[1].copy() for batch in order.epoch(0)]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_shuffled_batches_share_an_array_unless_it_is_held(xy: Any) -> None:
    x, y = xy
    data = batches("fit", x, y, batch_size=10, shuffle=True)
    addresses = set()
    for batch in data.epoch(0):
        addresses.add(batch[0].ctypes.data)
        del batch
    assert len(addresses) == 1
    held = [batch[0] for batch in data.epoch(1)]
    assert len({part.ctypes.data for part in held}) == 5
    plain = batches("fit", x, y, batch_size=10)
    assert all(np.shares_memory(batch[0], x) for batch in plain.epoch(0))


def test_shuffled_batches_keep_rows_together(xy: Any) -> None:
    x, y = xy
    for shuffle in (True, "batch"):
        for bx, by in batches("fit", x, y, batch_size=8, shuffle=shuffle).epoch(0):
            assert np.array_equal((bx[:, 0] > 0).astype(np.int64) + (bx[:, 1] > 0.5), by)


def test_data_that_ends_too_early(xy: Any) -> None:
    with pytest.warns(UserWarning, match="ended after 5 batches"):
        classifier().fit(iter(Loader(*xy)), steps_per_epoch=7, verbose=0)


@pytest.mark.parametrize(
    ("nest", "loss", "metrics", "names"),
    [
        ({"a": 0}, {"a": "mse"}, {"a": ["mae"]}, ["loss", "mae"]),
        ({"a": 0, "b": 1}, {"b": "mse"}, {"b": ["mae"]}, ["b_mae", "loss"]),
        ([0, 1], ["mse", None], [["mae"], None], ["a_mae", "loss"]),
        ([0, 1], ["mse", "mae"], None, ["a_loss", "b_loss", "loss"]),
    ],
)
def test_names_of_results(nest: Any, loss: Any, metrics: Any, names: list[str]) -> None:
    """As in Keras: an output's name and a loss of its own where there are several."""
    x = keras.Input((3,))
    outputs = [keras.layers.Dense(1, name=name)(x) for name in "ab"]
    y = np.ones((4, 1), np.float32)
    keyed = isinstance(nest, dict)
    model = keras.Model(x, {key: outputs[i] for key, i in nest.items()} if keyed else outputs)
    model.compile("sgd", loss, metrics=metrics)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an output without a loss has weights without gradients
        history = model.fit(np.ones((4, 3)), dict.fromkeys(nest, y) if keyed else [y, y], verbose=0)
    assert sorted(history.history) == names


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("numbered", [False, True])
def test_epochs_of_few_steps_go_on_where_the_last_one_ended(numbered: bool, shuffle: Any) -> None:
    """Until all were seen, as in Keras: what an epoch leaves out would else never be trained on."""
    x = np.arange(50)
    data = batches(
        "fit", Numbered(x, x) if numbered else x, None if numbered else x, None, 10, 2, shuffle, None
    )
    epochs = [np.concatenate([batch[0] for batch in data.epoch(n)]) for n in range(6)]
    assert [len(seen) for seen in epochs] == [20, 20, 10] * 2
    for seen in (epochs[:3], epochs[3:]):
        assert sorted(np.concatenate(seen)) == list(x)
    assert np.array_equal(epochs[0], epochs[3]) is not bool(shuffle)
