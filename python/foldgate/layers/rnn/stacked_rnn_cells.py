"""Cells on top of each other, as one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foldgate.layers.layer import Layer
from foldgate.layers.rnn._call_cell import (
    call_cell,
    check_cell,
    initial_states,
    output_size,
    restored,
    stored,
)
from foldgate.layers.rnn._walk import State


class StackedRNNCells(Layer):
    """Several cells as one: each gets the output of the one below. `RNN([cells])` makes it by itself.

    Cells of this library run fused over whole sequences, one after the other.

    Args:
      cells: a list of cells, the first one at the input.
      **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
      inputs: (N, D).
      states: a list with the states of each cell: a list of arrays, or an array for a cell with one state.
      training: passed on to cells that take it.

    Returns:
      `(output of the last cell, the new states)`.

    Raises:
      ValueError: there is no cell, or one has no `call` or no `state_size`.

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> cells = layers.StackedRNNCells([layers.LSTMCell(8), layers.GRUCell(4)])
      >>> layers.RNN(cells)(np.ones((2, 5, 3))).shape, cells.state_size
      ((2, 4), [[8, 8], 4])
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"StackedRNNCells: cells is {cells!r}; expected a list of at least one cell")
        for i, cell in enumerate(cells):
            check_cell("StackedRNNCells", cell, f"cells[{i}]")
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """Those of the cells."""
        return [
            list(cell.state_size) if isinstance(cell.state_size, (list, tuple)) else cell.state_size
            for cell in self.cells
        ]

    @property
    def output_size(self) -> int:
        """That of the last cell."""
        return int(output_size(self.cells[-1]))

    def get_initial_state(self, batch_size: int | None = None) -> list[State]:
        """What the cells start from where no states are given."""
        return [initial_states(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        """Builds the cells for inputs (N, D)."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (input_shape[0], output_size(cell))
        self.built = True

    def call(
        self, inputs: Any, states: Any, training: bool = False, **kwargs: Any
    ) -> tuple[Any, list[State]]:
        """One step of every cell."""
        new_states = []
        for cell, state in zip(self.cells, states, strict=True):
            inputs, new_state = call_cell(cell, inputs, state, training, **kwargs)
            new_states.append(new_state)
        return inputs, new_states

    def compute_output_shape(self, input_shape: Any, states_shape: Any = None) -> Any:
        """((N, U of the last cell), states_shape)."""
        return (input_shape[0], self.output_size), states_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "cells": [stored(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> StackedRNNCells:
        """Makes it from what `get_config` gave."""
        others = {name: value for name, value in config.items() if name != "cells"}
        return cls([restored(cell, custom_objects) for cell in config["cells"]], **others)
