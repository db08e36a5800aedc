"""Texts, reviews, sequences and series from files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from foldgate.datasets import imdb, sequences, series, texts

TRAIN = [("A good, good film!", 1), ("a bad film<br />bad", 0), ("good", 1)]
TEST = [("a film unseen", 0)]


def write_reviews(folder: Path) -> None:
    for name, rows in (("train", TRAIN), ("test", TEST)):
        lines = "".join(json.dumps({"text": t, "label": y}) + "\n" for t, y in rows)
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))


def test_imdb_of_json_lines(tmp_path):
    write_reviews(tmp_path)
    assert imdb.get_word_index(tmp_path) == {"good": 1, "a": 2, "bad": 3, "film": 4}
    (x, y), (x_test, y_test) = imdb.load_data(tmp_path)
    numbers = {tuple(row): label for row, label in zip(x, y, strict=True)}
    assert numbers == {(1, 5, 4, 4, 7): 1, (1, 5, 6, 7, 6): 0, (1, 4): 1}
    assert x_test[0] == [1, 5, 7] and y_test.tolist() == [0]


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({"num_words": 6}, {(1, 5, 4, 4, 2), (1, 5, 2, 2, 2), (1, 4)}),
        ({"num_words": 6, "oov_char": None}, {(1, 5, 4, 4), (1, 5), (1, 4)}),
        ({"skip_top": 5}, {(2, 5, 2, 2, 7), (2, 5, 6, 7, 6), (2, 2)}),
        ({"start_char": None, "index_from": 0}, {(2, 1, 1, 4), (2, 3, 4, 3), (1,)}),
        ({"maxlen": 5}, {(1, 4)}),
    ],
)
def test_imdb_options(tmp_path, options, rows):
    write_reviews(tmp_path)
    (x, _), _ = imdb.load_data(tmp_path, **options)
    assert {tuple(row) for row in x} == rows


def test_imdb_of_folders_and_of_numbers(tmp_path):
    for part, rows in (("train", TRAIN), ("test", TEST)):
        for name in ("neg", "pos", "unsup"):
            (tmp_path / "aclImdb" / part / name).mkdir(parents=True)
        for i, (text, label) in enumerate(rows):
            (tmp_path / "aclImdb" / part / ("pos" if label else "neg") / f"{i}.txt").write_text(text)
    (tmp_path / "aclImdb/test/pos/9.txt").write_text("good")
    (tmp_path / "aclImdb/imdb.vocab").write_text("good\n")
    assert imdb.get_word_index(tmp_path)["good"] == 1
    (x, _), (_, y_test) = imdb.load_data(tmp_path)
    assert len(x) == 3 and sorted(y_test) == [0, 1]
    matrix = np.array([[1, 2, 0], [4, 0, 0]])
    np.savez(tmp_path / "ranks.npz", x_train=matrix, y_train=[0, 1], x_test=matrix, y_test=[0, 1])
    (x, y), _ = imdb.load_data(tmp_path / "ranks.npz")
    assert sorted(x) == [[1, 4, 5], [1, 7]] and sorted(y) == [0, 1]
    with pytest.raises(ValueError, match="not the words"):
        imdb.get_word_index(tmp_path / "ranks.npz")
    objects = np.array([[1], [2, 3]], object)
    np.savez(tmp_path / "keras.npz", x_train=objects, y_train=[0, 1], x_test=objects, y_test=[0, 1])
    with pytest.raises(ValueError, match="only pickle reads"):
        imdb.load_data(tmp_path / "keras.npz")


def test_maxlen_that_leaves_nothing(tmp_path):
    write_reviews(tmp_path)
    with pytest.raises(ValueError, match="maxlen=1"):
        imdb.load_data(tmp_path, maxlen=1)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2: no JSON"),
        ('{"text": "x"}', "line 2: expected an object"),
        ('{"text": 3, "label": 1}', "line 2: expected"),
        ('{"text": "x", "label": true}', "line 2: expected"),
        ("[" * 100000, "line 2"),
    ],
)
def test_json_lines_that_are_wrong(tmp_path, line, words):
    file = tmp_path / "x.jsonl"
    file.write_text('{"text": "x", "label": 1}\n' + line)
    with pytest.raises(ValueError, match=words):
        texts.load_jsonl(file)


def test_folders_that_are_wrong(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        texts.load_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no files"):
        texts.load_folder(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder spam"):
        texts.load_folder(tmp_path, class_names=["spam"])
    (tmp_path / "spam").mkdir()
    (tmp_path / "spam/1.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ValueError, match="not utf-8"):
        texts.load_folder(tmp_path)


def test_tables(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text('label,text\nb,"one, two"\na,three\n')
    assert texts.load_table(file, delimiter=",", header=True)[0] == ["one, two", "three"]
    assert texts.load_table(file, delimiter=",", header=True)[1].tolist() == [1, 0]
    with pytest.raises(ValueError, match="class 'label'; expected one of"):
        texts.load_table(file, delimiter=",", class_names=["a", "b"])
    with pytest.raises(ValueError, match="line 1: 2 columns; expected 6"):
        texts.load_table(file, text=5, delimiter=",")


def test_pairs_of_other_lengths(tmp_path):
    (tmp_path / "a").write_text("x\ny\u2028z\n")  # a separator of lines within a sentence
    (tmp_path / "b").write_bytes(b"1\r\n2\r\n")
    assert texts.load_pairs(tmp_path / "a", tmp_path / "b") == [("x", "1"), ("y\u2028z", "2")]
    (tmp_path / "b").write_text("1\n")
    with pytest.raises(ValueError, match=r"has 2 lines and .* has 1"):
        texts.load_pairs(tmp_path / "a", tmp_path / "b")


def test_vocabularies():
    letters = sequences.Vocabulary("abc")
    assert letters.decode(letters.encode("abcab")) == "abcab" and len(letters) == 3
    with pytest.raises(ValueError, match="'x' is none of the 3"):
        letters.encode("ax")
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match=rf"id {wrong}; expected 0 \.\. 2"):
            letters.decode([wrong])
    with pytest.raises(ValueError, match="twice"):
        sequences.Vocabulary("aba")
    with pytest.raises(ValueError, match="unknown"):
        sequences.Vocabulary("ab", unknown="?")


def test_windows_of_a_sequence():
    x, y = sequences.next_windows(np.arange(10), length=3, stride=2)
    assert x.tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6], [6, 7, 8]] and np.array_equal(x + 1, y)
    with pytest.raises(ValueError, match="more than length=10"):
        sequences.next_windows(np.arange(10), length=10)
    with pytest.raises(ValueError, match="at least 1"):
        sequences.next_windows(np.arange(10), length=0)


def test_series(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("when;wind;heat\n2020-02;N;NA\n2020-01;S;1.5\n2020-03;S;4\n", "utf-8-sig")
    values, names = series.load_csv(file, order_by="when")
    assert names == ["heat"] and series.fill_gaps(values).ravel().tolist() == [1.5, 2.75, 4.0]
    for columns, words in ((["heat", "cold"], "no column 'cold'"), (["wind"], "column 'wind'")):
        with pytest.raises(ValueError, match=words):
            series.load_csv(file, columns)
    file.write_text("a,b\n1,2\n3\n")
    with pytest.raises(ValueError, match="line 3: 1 columns; expected 2"):
        series.load_csv(file)
    file.write_text("")
    with pytest.raises(ValueError, match="0 rows"):
        series.load_csv(file)
    with pytest.raises(ValueError, match="column 1 holds nothing but NaN"):
        series.fill_gaps([[1.0, np.nan], [2.0, np.nan]])


def test_windows_of_a_series(rng):
    values, targets = rng.standard_normal((20, 3)), rng.standard_normal(20)
    x, y = series.forecast_windows(values, targets, length=5, horizon=4)
    assert x.shape == (12, 5, 3)
    for i in range(12):
        np.testing.assert_array_equal(x[i], values[i : i + 5])
        assert y[i] == targets[i + 4 + 4]
    with pytest.raises(ValueError, match="20 steps; expected at least length 20"):
        series.forecast_windows(values, targets, length=20)
    with pytest.raises(ValueError, match=r"values \(20, 3\) and targets \(19,\)"):
        series.forecast_windows(values, targets[1:], length=2)


def test_the_real_files(shared_data, monkeypatch):
    monkeypatch.setenv("FOLDGATE_DATA", str(shared_data))
    ids, vocabulary = sequences.load_characters("tinyshakespeare.txt")
    assert len(ids) == 1115394 and len(vocabulary) == 65
    values, names = series.load_csv("beijing_pollution.csv", ["pm2.5", "TEMP"])
    assert values.shape == (43824, 2) and names == ["pm2.5", "TEMP"] and np.isnan(values[0, 0])
    assert texts.load_table("sms_spam.tsv")[2] == ["ham", "spam"]
    english_french = texts.load_pairs("multi30k/val.en.gz", "multi30k/val.fr.gz")
    assert len(english_french) == 1014
