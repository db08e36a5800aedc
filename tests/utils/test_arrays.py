"""Sequences, labels, splits, windows: known values, edges, wrong use."""

from __future__ import annotations

import numpy as np
import pytest

from foldgate import utils


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({}, [[0, 0, 1], [0, 0, 0], [2, 3, 4]]),
        ({"padding": "post"}, [[1, 0, 0], [0, 0, 0], [2, 3, 4]]),
        ({"maxlen": 2}, [[0, 1], [0, 0], [3, 4]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [0, 0], [2, 3]]),
        ({"maxlen": 0}, [[], [], []]),
        ({"value": -1, "dtype": "float64"}, [[-1, -1, 1], [-1, -1, -1], [2, 3, 4]]),
    ],
)
def test_pad_sequences(options, rows):
    padded = utils.pad_sequences([[1], [], [2, 3, 4]], **options)
    assert padded.tolist() == rows and padded.dtype == options.get("dtype", "int32")


def test_pad_sequences_of_steps_and_of_words(rng):
    a, b = rng.standard_normal((2, 3)), rng.standard_normal((4, 3))
    padded = utils.pad_sequences([a, b], dtype="float64", padding="post")
    assert padded.shape == (2, 4, 3)
    np.testing.assert_array_equal(padded[0], np.concatenate([a, np.zeros((2, 3))]))
    words = utils.pad_sequences([["a"], ["b", "c"]], dtype=object, value="-")
    assert words.tolist() == [["-", "a"], ["b", "c"]]
    assert utils.pad_sequences([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("sequences", "options", "words"),
    [
        ([1, 2], {}, r"sequences\[0\] is 1; expected a sequence"),
        ([[1]], {"padding": "left"}, "padding is 'left'"),
        ([[1]], {"truncating": "left"}, "truncating is 'left'"),
        ([[1]], {"maxlen": -1}, "maxlen is -1"),
        ([[1]], {"value": "x"}, "value 'x' for dtype int32"),
        ([[[1, 2]], [[1, 2, 3]]], {}, r"steps of sequences\[1\] have shape \(3,\); expected \(2,\)"),
    ],
)
def test_pad_sequences_refuses(sequences, options, words):
    with pytest.raises(ValueError, match=words):
        utils.pad_sequences(sequences, **options)


def test_to_categorical():
    assert utils.to_categorical([[1], [0]], 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert utils.to_categorical(2).tolist() == [0, 0, 1]
    assert utils.to_categorical(np.zeros((2, 3, 4), int)).shape == (2, 3, 4, 1)
    assert utils.to_categorical([], 3).shape == (0, 3)
    for wrong, words in (([3], r"3 \.\. 3; expected 0 \.\. 2"), ([-1], r"-1"), ([0.5], "fractions")):
        with pytest.raises(ValueError, match=words):
            utils.to_categorical(wrong, 3)


def test_normalize(rng, dtype):
    x = rng.standard_normal((3, 4, 5)).astype(dtype)
    for axis in (0, 1, 2, -1):
        lengths = np.linalg.norm(utils.normalize(x, axis), axis=axis)
        np.testing.assert_allclose(lengths, 1, rtol=8 * np.finfo(dtype).eps)
    assert utils.normalize(x).dtype == dtype
    assert utils.normalize([[1.0, -3.0]], order=1).tolist() == [[0.25, -0.75]]
    with pytest.raises(IndexError, match="axis is 3"):
        utils.normalize(x, 3)


def test_three_parts_hold_everything_once():
    x, y = np.arange(50), [f"{i}" for i in range(50)]
    parts = utils.train_validation_test_split(x, y, validation=0.2, test=5, seed=3)
    assert [len(part[0]) for part in parts] == [35, 10, 5]
    assert sorted(np.concatenate([part[0] for part in parts])) == list(range(50))
    for a, b in parts:
        assert isinstance(b, list) and [str(i) for i in a] == b
    again = utils.train_validation_test_split(x, y, validation=0.2, test=5, seed=3)
    np.testing.assert_array_equal(parts[0][0], again[0][0])


def test_parts_of_classes_have_their_shares():
    classes = np.repeat([0, 1, 2], [100, 40, 10])
    for part, counts in zip(
        utils.train_validation_test_split(classes, validation=0.2, test=0.1, stratify=classes, seed=0),
        ([70, 28, 7], [20, 8, 2], [10, 4, 1]),
        strict=True,
    ):
        assert np.bincount(part).tolist() == counts
        assert (np.diff(part) < 0).any()  # not one class after the other


@pytest.mark.parametrize(
    ("arrays", "options", "words"),
    [
        ((), {}, "lengths"),
        (([1, 2], [1]), {}, r"lengths \[2, 1\]"),
        (([1, 2],), {"test": -1}, "test is -1"),
        (([1, 2, 3],), {"validation": 2, "test": 1}, "leave none"),
        (([1, 2, 3],), {"validation": 1.5}, "validation is 1.5; expected a share"),
        (([1, 2],), {"stratify": [0, 1], "shuffle": False}, "needs shuffle"),
        (([1, 2],), {"stratify": [0, 1, 1]}, r"shape \(3,\)"),
    ],
)
def test_three_parts_refuse(arrays, options, words):
    with pytest.raises(ValueError, match=words):
        utils.train_validation_test_split(*arrays, **options)


def test_split_dataset():
    left, right = utils.split_dataset((np.arange(10), np.arange(10.0)), right_size=0.3)
    assert left[0].tolist() == [*range(7)] and right[1].tolist() == [7.0, 8.0, 9.0]
    left, right = utils.split_dataset(np.arange(10), 2, 3, shuffle=True, seed=1)
    assert len(left) == 2 and len(right) == 3 and not set(left) & set(right)
    for sizes in ((None, None), (8, 3), (None, 11), (-0.1, None)):
        with pytest.raises(ValueError, match=r"size|entries"):
            utils.split_dataset(np.arange(10), *sizes)


def slow_windows(data, targets, length, stride, rate, start, end):
    """The windows by their definition, one after the other."""
    found = []
    begin = start
    while begin + (length - 1) * rate < end and (targets is None or begin < len(targets)):
        found.append(
            (data[begin : begin + length * rate : rate], None if targets is None else targets[begin])
        )
        begin += stride
    return found


@pytest.mark.parametrize("options", [(4, 1, 1, 0, 23), (3, 2, 1, 0, 23), (3, 1, 4, 2, 20), (1, 5, 1, 3, 23)])
@pytest.mark.parametrize("targets", [None, 23, 15])
def test_timeseries(rng, options, targets):
    data = rng.standard_normal((23, 2))
    goals = None if targets is None else np.arange(targets)
    length, stride, rate, start, end = options
    expected = slow_windows(data, goals, *options)
    batches = utils.timeseries_dataset_from_array(
        data, goals, length, stride, rate, 4, start_index=start, end_index=end
    )
    windows = [w for batch in batches for w in (batch if goals is None else batch[0])]
    np.testing.assert_array_equal(windows, [w for w, _ in expected])
    if goals is not None:
        assert [t for _, ts in batches for t in ts] == [t for _, t in expected]
    assert len(batches) == -(-len(expected) // 4)


def test_shuffled_timeseries():
    def order(batches):
        return [int(x) for batch, _ in batches for x in batch[:, 0]]

    steps = np.arange(40)
    batches = utils.timeseries_dataset_from_array(steps, steps, 3, batch_size=7, shuffle=True, seed=5)
    first = order(batches)
    assert first == order(batches) and sorted(first) == list(range(38)) and first != sorted(first)
    batches.on_epoch_end()
    assert order(batches) != first and sorted(order(batches)) == sorted(first)
    (whole,) = utils.timeseries_dataset_from_array(steps, None, 3, batch_size=None)
    assert whole.shape == (38, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sequence_length": 0}, "sequence_length is 0"),
        ({"sequence_stride": 0}, "sequence_stride is 0"),
        ({"sampling_rate": 0}, "sampling_rate is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"sequence_length": 11}, "no window of 11"),
        ({"start_index": 10}, "start_index 10"),
        ({"end_index": 11}, "end_index 11"),
        ({"start_index": 5, "end_index": 5}, "end_index 5"),
        ({"targets": np.zeros(0)}, "0 targets"),
    ],
)
def test_timeseries_refuses(options, words):
    with pytest.raises(ValueError, match=words):
        utils.timeseries_dataset_from_array(
            np.zeros(10), **{"targets": None, "sequence_length": 2, **options}
        )


def test_batches_beyond_the_last():
    batches = utils.timeseries_dataset_from_array(np.zeros(10), None, 2, batch_size=4)
    for index in (-1, 3):
        with pytest.raises(IndexError, match=f"batch {index}"):
            batches[index]
