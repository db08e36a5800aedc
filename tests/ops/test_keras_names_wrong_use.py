"""What is wrong in a call of an op by Keras' name: the op, the argument, what it is and what it should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from foldgate import ops

IMAGES, ROWS, STEPS = np.ones((2, 8, 8, 3), np.float32), np.ones(3), np.ones((1, 2, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ops.nn.depth_to_space(IMAGES, 4), "depth_to_space: block_size is 4; expected at least 2"),
        (lambda: ops.nn.space_to_depth(IMAGES, 3), "space_to_depth: block_size is 3; .* a divisor of 8"),
        (lambda: ops.image.resize(IMAGES, (0, 3)), r"resize: size is \(0, 3\); expected \(height, width\)"),
        (lambda: ops.image.resize(IMAGES, (4,)), r"resize: size is \(4,\); expected \(height, width\)"),
        (lambda: ops.segment_sum(ROWS, np.array([0, 1])), r"segment_sum: segment_ids have shape \(2,\); exp"),
        (
            lambda: ops.segment_max(ROWS, np.zeros((3, 1), int)),
            r"segment_max: segment_ids have shape \(3, 1\)",
        ),
        (lambda: ops.ctc_decode(STEPS, [5]), "ctc_decode: sequence_lengths are from 5 to 5; expected 0 to 2"),
        (lambda: ops.ctc_decode(STEPS, [-1]), "ctc_decode: sequence_lengths are from -1 to -1; expected"),
    ],
)
def test_wrong_values_are_named(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
