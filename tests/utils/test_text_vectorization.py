"""Texts as numbers: known values, saving, wrong use."""

from __future__ import annotations

import json
import math
import os
import pickle

import numpy as np
import pytest

from foldgate.utils import TextVectorization

TEXTS = ["The cat, the hat.", "a CAT!", "hat\tand coat"]


def test_ids_follow_frequency_then_the_alphabet_backwards():
    layer = TextVectorization()
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == ["", "[UNK]", "the", "hat", "cat", "coat", "and", "a"]
    assert layer.get_vocabulary(include_special_tokens=False)[0] == "the"
    assert layer(["the dog", "cat"]).tolist() == [[2, 1], [4, 0]]
    assert layer("the dog").tolist() == [2, 1] and layer([["hat"], ["a"]]).tolist() == [[3], [7]]
    assert layer([]).shape == (0, 0) and layer([b"hat"]).tolist() == [[3]]


@pytest.mark.parametrize(
    ("options", "tokens"),
    [
        ({"standardize": "lower"}, ["it's", "a", "cat-hat."]),
        ({"standardize": "strip_punctuation"}, ["Its", "A", "cathat"]),
        ({"standardize": None, "split": None}, ["It's A cat-hat."]),
        ({"split": "character", "standardize": lambda text: text[:2]}, ["I", "t"]),
        ({"split": lambda text: text.split("a")}, ["its ", " c", "th", "t"]),
        ({"ngrams": 2}, ["its", "a", "cathat", "its a", "a cathat"]),
        ({"ngrams": (2, 3)}, ["its a", "a cathat", "its a cathat"]),
    ],
)
def test_tokens(options, tokens):
    layer = TextVectorization(**options)
    layer.adapt(["It's A cat-hat."])
    assert sorted(layer.get_vocabulary(False)) == sorted(tokens)
    assert layer.get_vocabulary()[layer("It's A cat-hat.")[-1]] == tokens[-1]


def test_lengths_and_sizes():
    layer = TextVectorization(max_tokens=4, output_sequence_length=2)
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == ["", "[UNK]", "the", "hat"] and layer.vocabulary_size() == 4
    assert layer(["hat hat hat", ""]).tolist() == [[3, 3], [0, 0]]
    padded = TextVectorization(max_tokens=9, output_mode="count", pad_to_max_tokens=True)
    padded.adapt(TEXTS)
    assert padded(TEXTS).shape == (3, 9)


def test_vectors():
    counts = TextVectorization(output_mode="count", vocabulary=["cat", "hat"])
    assert counts(["cat dog cat", "hat"]).tolist() == [[1, 2, 0], [0, 0, 1]]
    occurs = TextVectorization(output_mode="multi_hot", vocabulary=["cat", "hat"])
    assert occurs(["cat dog cat", ""]).tolist() == [[1, 1, 0], [0, 0, 0]]
    assert occurs(["cat"]).dtype == np.float32


def test_tf_idf():
    layer = TextVectorization(output_mode="tf_idf")
    layer.adapt(TEXTS)
    vocabulary = layer.get_vocabulary()
    idf = {"the": math.log(1 + 3 / 2), "cat": math.log(1 + 3 / 3), "coat": math.log(1 + 3 / 2)}
    vector = layer("the the cat dog")
    assert vector[vocabulary.index("the")] == pytest.approx(2 * idf["the"])
    assert vector[vocabulary.index("cat")] == pytest.approx(idf["cat"])
    # six tokens: hat and cat in two texts, the others in one
    assert vector[0] == pytest.approx((2 * idf["cat"] + 4 * idf["coat"]) / 6)


@pytest.mark.parametrize("mode", ["int", "count", "tf_idf"])
def test_saved_and_loaded(tmp_path, mode):
    layer = TextVectorization(max_tokens=7, ngrams=(1, 2), output_mode=mode)
    layer.adapt([*TEXTS, "été – naïve\n"])
    layer.save(tmp_path / "text.json")
    other = TextVectorization.load(tmp_path / "text.json")
    np.testing.assert_array_equal(layer(TEXTS), other(TEXTS))
    assert other.get_config() == json.loads(json.dumps(layer.get_config()))


def test_what_cannot_be_saved_or_loaded(tmp_path):
    path = tmp_path / "text.json"
    with pytest.raises(ValueError, match="split is a function"):
        TextVectorization(split=str.split, vocabulary=["a"]).save(path)
    good = {"format": "foldgate.TextVectorization", "version": 1, "config": {"vocabulary": ["a"]}}
    for wrong in (
        "{",
        "[]",
        json.dumps({**good, "version": 2}),
        json.dumps({**good, "config": {"vocabulary": "/etc/passwd"}}),
        json.dumps({**good, "config": {"vocabulary": [1]}}),
        json.dumps({**good, "config": {"vocabulary": ["a", "a"]}}),
        json.dumps({**good, "config": {"vocabulary": ["a"], "nothing": 1}}),
        json.dumps({**good, "config": {"vocabulary": ["a"], "split": "os.system"}}),
        json.dumps({"format": good["format"], "version": 1}),
        "[" * 100000,
    ):
        path.write_text(wrong)
        with pytest.raises(ValueError, match=r"text\.json is"):
            TextVectorization.load(path)
    path.write_text(json.dumps(good))
    assert TextVectorization.load(path).get_vocabulary() == ["", "[UNK]", "a"]


@pytest.mark.parametrize("standardize", ["lower_and_strip_punctuation", "lower", "strip_punctuation", None])
def test_it_can_be_pickled(standardize):
    layer = pickle.loads(pickle.dumps(TextVectorization(vocabulary=["cat"], standardize=standardize)))
    assert layer(["dog cat"]).tolist() == [[1, 2]]


def test_a_save_that_fails_leaves_the_file_before(tmp_path, monkeypatch):
    path = tmp_path / "text.json"
    TextVectorization(vocabulary=["cat"]).save(path)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        TextVectorization(vocabulary=["dog"]).save(path)
    assert TextVectorization.load(path).get_vocabulary(False) == ["cat"]
    assert os.listdir(tmp_path) == ["text.json"]


def test_a_saved_file_with_any_byte_changed(tmp_path, rng):
    path = tmp_path / "text.json"
    layer = TextVectorization(max_tokens=7, output_mode="tf_idf")
    layer.adapt(TEXTS)
    layer.save(path)
    good = np.frombuffer(path.read_bytes(), np.uint8)
    for position in range(0, len(good), 3):
        bad = good.copy()
        bad[position] ^= rng.integers(1, 256, dtype=np.uint8)
        for content in (bad.tobytes(), good[:position].tobytes()):
            path.write_bytes(content)
            try:
                TextVectorization.load(path)(TEXTS)
            except (ValueError, RuntimeError) as error:  # RuntimeError: it says that it has no vocabulary
                assert str(error)


def test_a_vocabulary_in_a_file(tmp_path):
    (tmp_path / "words.txt").write_text("cat\nhat\n")
    for path in (tmp_path / "words.txt", str(tmp_path / "words.txt")):
        assert TextVectorization(vocabulary=path).get_vocabulary() == ["", "[UNK]", "cat", "hat"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"output_mode": "hot"}, "output_mode is 'hot'"),
        ({"output_mode": "count", "output_sequence_length": 3}, "output_sequence_length is for"),
        ({"standardize": "upper"}, "standardize is 'upper'"),
        ({"split": "words"}, "split is 'words'"),
        ({"ngrams": 0}, "ngrams is 0"),
        ({"ngrams": (0,)}, r"ngrams is \(0,\)"),
        ({"max_tokens": 2}, "max_tokens is 2"),
        ({"pad_to_max_tokens": True}, "needs max_tokens"),
        ({"vocabulary": ["a", "a"]}, "'a' twice"),
        ({"vocabulary": ["a", ""]}, "'' twice"),
        ({"vocabulary": ["a", "b"], "max_tokens": 3}, "max_tokens is 3"),
        ({"vocabulary": ["a"], "idf_weights": [1.0]}, "idf_weights belong"),
        ({"vocabulary": ["a"], "output_mode": "tf_idf"}, "idf_weights belong"),
        ({"vocabulary": ["a"], "output_mode": "tf_idf", "idf_weights": [1, 2]}, r"\(2,\); expected \(1,\)"),
    ],
)
def test_wrong_arguments(options, words):
    with pytest.raises(ValueError, match=f"TextVectorization: .*{words}"):
        TextVectorization(**options)


def test_wrong_use():
    with pytest.raises(RuntimeError, match="no vocabulary yet"):
        TextVectorization()(["a"])
    layer = TextVectorization(vocabulary=["a"])
    with pytest.raises(TypeError, match="found a int"):
        layer([1])
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        layer([["a", "b"]])
