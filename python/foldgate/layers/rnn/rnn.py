"""The layer that runs any cell over a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._nest import flatten, map_nest
from foldgate._tape import Tensor, Variable
from foldgate._typing import BoolArray, FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.rnn._call_cell import check_cell, initial_states, output_size, restored, stored
from foldgate.layers.rnn._run_cell import reset_dropout, run_cell, starts_from_zeros
from foldgate.layers.rnn._walk import Result, State, Walk, whole_walk
from foldgate.layers.rnn.stacked_rnn_cells import StackedRNNCells


class RNN(Layer):
    """Runs a cell over the time axis of (N, T, ...).

    `LSTMCell`, `GRUCell` and `SimpleRNNCell` run as one fused op over the whole sequence, a list of them one
    after the other; any other cell step by step.

    Args:
      cell: a cell, or a list of cells on top of each other. A cell has `call(inputs, states)`, which returns
        `(output, new_states)`, and `state_size`, an int or a list of ints; it may have `output_size`,
        `get_initial_state(batch_size)` and, as a layer, weights.
      return_sequences: whether to return the outputs of all steps rather than the last; default False.
      return_state: whether to return the last states too; default False.
      go_backwards: whether to start at the last step, and return outputs in that order; default False.
      stateful: whether a batch starts from the states that the one before it ended with; default False.
        The batch size is then fixed. `reset_state` starts anew.
      unroll: accepted; it changes no result, not even with a mask, where in Keras it does.
      zero_output_for_mask: whether to put out 0 at masked steps; default False: the output before them.
      **kwargs: `name`, `dtype`, `trainable`, `activity_regularizer`.

    Call arguments:
      sequences: (N, T, ...); or a list of it and the initial states.
      initial_state: an array per state, (N, size); None for zeros.
      mask: (N, T) of bool, False where a step does not count: states are carried over it. Before the first
        step that counts the output is the initial state, as with Keras on NumPy and JAX; Keras on TensorFlow
        and PyTorch has 0 there.
      training: passed on to a cell that takes it.

    Returns:
      (N, size), or (N, T, size) with `return_sequences`; with `return_state` a tuple of it and the states.

    Raises:
      ValueError: the cell is none; the batch is not that of the states of a stateful layer; a mask or state
        does not fit.

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> class Sum:
      ...   state_size = 3
      ...   def call(self, inputs, states):
      ...     total = inputs + states[0]
      ...     return total, [total]
      >>> layers.RNN(Sum())(np.ones((1, 5, 3)))
      array([[5., 5., 5.]], dtype=float32)
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(type(self).__name__, cell)
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences, self.return_state = bool(return_sequences), bool(return_state)
        self.go_backwards, self.stateful = bool(go_backwards), bool(stateful)
        self.unroll, self.zero_output_for_mask = bool(unroll), bool(zero_output_for_mask)
        self.supports_masking = True
        size = cell.state_size
        if not isinstance(size, (int, list, tuple)):
            raise ValueError(f"{self.name}: cell.state_size is {size!r}; expected an int or a list of ints")
        self.single_state = isinstance(size, int)
        self.state_size = [size] if isinstance(size, int) else list(size)
        self.states: Any = None
        self._own_start = type(self).get_initial_state is not RNN.get_initial_state

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Builds the cell, and the states of a stateful layer."""
        batch = sequences_shape[0]
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((batch, *sequences_shape[2:]))
            self.cell.built = True
        if self.stateful and self.states is None:
            if batch is None:
                raise ValueError(
                    f"{self.name}: stateful=True, and the inputs have shape {tuple(sequences_shape)}; "
                    "expected a fixed batch size, as Input(batch_shape=(N, T, D)) has it"
                )
            start = map_nest(lambda s: Variable(s, trainable=False, name="rnn_state"), self._start(batch))
            self.__dict__["states"] = start  # no weights: neither saved nor counted
        self.built = True

    def get_initial_state(self, batch_size: int) -> list[State]:
        """What a sequence starts from where no states are given: the cell's."""
        start = initial_states(self.cell, batch_size, self.compute_dtype)
        return list(start) if isinstance(start, (list, tuple)) else [start]

    def _start(self, batch_size: int) -> list[State]:
        return self.get_initial_state(batch_size)

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to zeros."""
        for state in flatten(self.states) if self.states is not None else ():
            state.assign(np.zeros(state.shape, state.dtype))

    reset_states = reset_state

    def _spread(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """A list holds the sequences and their initial states."""
        given = args[0] if args else kwargs.get("sequences")
        if len(args) > 1 or not isinstance(given, (list, tuple)) or "initial_state" in kwargs:
            return args, kwargs
        sequences, *states = given
        others = {name: value for name, value in kwargs.items() if name != "sequences"}
        return (sequences,), {**others, "initial_state": states} if states else others

    def call(
        self, sequences: FloatArray, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """Runs the cell."""
        y, last, states = self.walk(sequences, initial_state, mask, training)
        if self.return_sequences:
            last = y[:, ::-1] if self.go_backwards else y  # type: ignore[index,assignment]
        return (last, *states) if self.return_state else last

    def walk(self, sequences: FloatArray, initial_state: Any, mask: Any, training: bool) -> Result:
        """(outputs at their own times, also of a layer that goes backwards; the last output; the states)."""
        if sequences.dtype.kind != "f":
            sequences = sequences.astype(self.compute_dtype)
        if mask is not None:
            mask = checked_mask(self.name, mask, sequences)
        states = self._first_states(sequences, initial_state)
        cell = self.cell
        how = self.go_backwards, self.zero_output_for_mask, self.return_sequences, bool(training)
        walk = whole_walk(*how) if mask is None else Walk(mask, *how)
        try:
            y, last, states = run_cell(cell, sequences, states, walk)
        finally:
            if training:
                reset_dropout(cell)
        if self.stateful:
            for variable, state in zip(flatten(self.states), flatten(states), strict=True):
                variable.assign(state.numpy() if isinstance(state, Tensor) else state)
        return y, last, states

    def _first_states(self, sequences: FloatArray, initial_state: Any) -> list[State]:
        batch = sequences.shape[0]
        if self.stateful:
            expected = flatten(self.states)[0].shape[0]
            if batch != expected:
                raise ValueError(
                    f"{self.name}: stateful=True, and the sequences have batch size {batch}; expected"
                    f" {expected}, that of the states"
                )
        if initial_state is None:
            if self.stateful:
                states: list[State] = map_nest(lambda s: s.value, self.states)
                return states
            start = None if self._own_start else starts_from_zeros(self.cell)
            return self.get_initial_state(batch) if start is None else start
        return self.given_states(initial_state)

    def given_states(self, initial_state: Any) -> list[State]:
        """Initial states as a list, one for each of the cell's, of the layer's dtype."""
        if not isinstance(initial_state, (list, tuple)):
            initial_state = [initial_state]
        if len(initial_state) != len(self.state_size):
            raise ValueError(
                f"{self.name}: initial_state holds {len(initial_state)} arrays; expected "
                f"{len(self.state_size)}"
            )
        return [map_nest(self._as_state, state) for state in initial_state]

    def _as_state(self, state: Any) -> FloatArray:
        if not isinstance(state, (np.ndarray, Tensor)):
            state = np.asarray(state)
        kind = self.compute_dtype
        found: FloatArray = state if state.dtype == kind else state.astype(kind)
        return found

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """(N, size) or (N, T, size), in a tuple with the states' where they are returned."""
        batch, size = sequences_shape[0], output_size(self.cell)
        shape = (batch, sequences_shape[1], size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return shape
        return shape, *(
            [(batch, s) for s in size] if isinstance(size, (list, tuple)) else (batch, size)
            for size in self.state_size
        )

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the inputs, for outputs of all steps; None for states."""
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        mask = mask if self.return_sequences else None
        return [mask, *(None for _ in self.state_size)] if self.return_state else mask

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        names = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll")
        config = {name: getattr(self, name) for name in (*names, "zero_output_for_mask")}
        return {**super().get_config(), **config, "cell": stored(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> RNN:
        """Makes it from what `get_config` gave."""
        others = {name: value for name, value in config.items() if name != "cell"}
        return cls(restored(config["cell"], custom_objects), **others)


def checked_mask(layer: str, mask: Any, sequences: FloatArray) -> BoolArray:
    """A mask as an array (N, T) of bool.

    Raises:
      ValueError: it has another shape.
    """
    if isinstance(mask, (list, tuple)) and not isinstance(mask[0], (bool, list, tuple)):
        mask = mask[0]
    found: BoolArray = np.asarray(mask, bool)
    if found.ndim == 3 and found.shape[2] == 1:
        found = found[:, :, 0]
    if found.shape != sequences.shape[:2]:
        raise ValueError(
            f"{layer}: mask has shape {found.shape}; expected {tuple(sequences.shape[:2])}, the batch and "
            "the steps of the sequences"
        )
    return found
