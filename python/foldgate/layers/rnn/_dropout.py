"""Dropout masks that a cell keeps for all steps of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._typing import FloatArray
from foldgate.random import SeedGenerator

Masks = FloatArray | list[FloatArray]
"""One mask for all gates, or one a gate."""


class DropoutMasks:
    """The part of a cell that makes masks, and keeps them until it is told that the batch is over.

    `RNN` tells it after every call. In a loop of one's own call `reset_dropout_mask` and
    `reset_recurrent_dropout_mask` between batches.
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: SeedGenerator
    dropout_mask_count: int | None = None
    _dropout_mask: Masks | None = None
    _recurrent_dropout_mask: Masks | None = None

    def get_dropout_mask(self, step_input: FloatArray) -> Masks | None:
        """Of the inputs of a step, (N, D): one mask, or `dropout_mask_count`; None without dropout."""
        if self._dropout_mask is None and self.dropout > 0:
            self._dropout_mask = self._new_masks(step_input, self.dropout)
        return self._dropout_mask

    def get_recurrent_dropout_mask(self, state: FloatArray) -> Masks | None:
        """The same of a state, (N, U)."""
        if self._recurrent_dropout_mask is None and self.recurrent_dropout > 0:
            self._recurrent_dropout_mask = self._new_masks(state, self.recurrent_dropout)
        return self._recurrent_dropout_mask

    def reset_dropout_mask(self) -> None:
        """Lets the next batch have new masks of its inputs."""
        self._dropout_mask = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Lets the next batch have new masks of its states."""
        self._recurrent_dropout_mask = None

    def _new_masks(self, like: FloatArray, rate: float) -> Masks:
        ones = np.ones(like.shape, like.dtype)
        if self.dropout_mask_count is None:
            return self._drop(ones, rate)
        return [self._drop(ones, rate) for _ in range(self.dropout_mask_count)]

    def _drop(self, ones: FloatArray, rate: float) -> FloatArray:
        raise NotImplementedError


def active(rate: float, training: Any) -> bool:
    """Whether a rate drops anything in this call."""
    return bool(training) and 0.0 < rate < 1.0
