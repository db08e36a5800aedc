"""The summary: Keras' columns and numbers, in a hundred characters."""

from __future__ import annotations

from typing import Any

import pytest

import foldgate as keras
from foldgate.layers import Dense, Identity, Input
from foldgate.models.summary import readable_size


def lines(model: Any, **options: Any) -> list[str]:
    found: list[str] = []
    model.summary(print_fn=found.append, **options)
    return "".join(found).splitlines()


def small() -> Any:
    frozen = Dense(3, name="frozen", trainable=False)
    return keras.Sequential([Input((4,)), frozen, Dense(2, name="out")], name="small")


def test_a_stack() -> None:
    text = lines(small(), line_length=70)
    assert text[0] == 'Model: "small"'
    assert [cell.strip() for cell in text[2].strip("┃").split("┃")] == [
        "Layer (type)",
        "Output Shape",
        "Param #",
    ]
    assert [cell.strip() for cell in text[4].strip("│").split("│")] == ["frozen (Dense)", "(None, 3)", "15"]
    assert text[-3:] == [
        " Total params: 23 (92.00 B)",
        " Trainable params: 8 (32.00 B)",
        " Non-trainable params: 15 (60.00 B)",
    ]


def test_a_graph_says_what_is_connected() -> None:
    a = Input((3,), name="a")
    dense = Dense(3, name="dense")
    model = keras.Model(a, Identity(name="same")(dense(dense(a))))
    text = lines(model, line_length=100)
    assert "Connected to" in text[2]
    row = next(line for line in text if "│ dense (Dense)" in line)
    assert "a[0][0], dense[0][0]" in " ".join(row.split())
    assert max(map(len, text)) <= 100


@pytest.mark.parametrize("width", [None, 60, 100])
def test_the_width(width: int | None) -> None:
    assert max(map(len, lines(small(), line_length=width))) <= (width or 100)


def test_options() -> None:
    outer = keras.Sequential([Input((4,)), small(), Dense(1, name="last")])
    text = "\n".join(lines(outer, expand_nested=True, show_trainable=True, line_length=100))
    assert "└ frozen (Dense)" in text and "Trainable" in text
    assert [line.split("│")[4].strip() for line in text.splitlines() if "(Dense)" in line] == ["N", "Y", "Y"]
    text = "\n".join(lines(small(), layer_range=["out", "out"]))
    assert "out (Dense)" in text and "frozen" not in text
    with pytest.raises(ValueError, match="no such layer"):
        lines(small(), layer_range=["x", "y"])
    with pytest.raises(ValueError, match="too few"):
        lines(small(), line_length=8)


def test_what_is_not_built() -> None:
    text = "\n".join(lines(keras.Sequential([Dense(2, name="d")])))
    assert "0 (unbuilt)" in text and "?" in text


def test_sizes() -> None:
    sizes = [0, 1023, 1024, 216650 * 4, 3 * 1024**3]
    assert [readable_size(n) for n in sizes] == ["0.00 B", "1023.00 B", "1.00 KB", "846.29 KB", "3.00 GB"]
