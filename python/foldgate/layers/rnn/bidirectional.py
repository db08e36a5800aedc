"""A sequence read in both directions."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.rnn._both_directions import run_as_one, run_both
from foldgate.layers.rnn._call_cell import restored, stored
from foldgate.layers.rnn.rnn import RNN, checked_mask

_MODES = ("sum", "mul", "ave", "concat", None)


class Bidirectional(Layer):
    """Reads sequences forwards with one recurrent layer and backwards with another.

    Both run fused; the backward one's outputs are joined at their own times.

    Args:
      layer: an `RNN`, `LSTM`, `GRU`, ..., which is not used itself: two new ones are made of its arguments.
        Or another layer of sequences with `go_backwards`, `return_sequences` and `return_state`.
      merge_mode: how outputs are joined: `"concat"` (default), `"sum"`, `"mul"`, `"ave"`, or None: both.
      weights: initial weights of both, as `get_weights` gives them; default None.
      backward_layer: the one to read backwards; default None: made like the other.
      **kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
      sequences: (N, T, D).
      initial_state: the states of the forward layer, then those of the backward one.
      mask: (N, T) of bool. With `return_sequences` both layers put out 0 at masked steps, as in Keras.
      training: passed on.

    Returns:
      (N, 2U) or (N, T, 2U) for `"concat"`, (N, U) or (N, T, U) otherwise, two of them for None; with
      `return_state` a tuple of that, the forward states and the backward states.

    Raises:
      ValueError: `merge_mode` is another; the two layers do not fit each other; the number of states is odd.

    Example:
      >>> import numpy as np
      >>> from foldgate import layers
      >>> y, *states = layers.Bidirectional(layers.LSTM(4, return_state=True))(np.ones((2, 5, 3)))
      >>> y.shape, [state.shape for state in states]
      ((2, 8), [(2, 4), (2, 4), (2, 4), (2, 4)])
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        for argument, value in (("layer", layer), ("backward_layer", backward_layer)):
            if not isinstance(value, Layer) and (value is not None or argument == "layer"):
                raise ValueError(f"Bidirectional: {argument} is {value!r}; expected a layer")
            if value is not None and not hasattr(value, "go_backwards"):
                raise ValueError(
                    f"Bidirectional: {argument} is {value!r}; expected a recurrent layer, with go_backwards"
                )
        if merge_mode not in _MODES:
            raise ValueError(
                f"Bidirectional: merge_mode is {merge_mode!r}; expected one of {', '.join(map(repr, _MODES))}"
            )
        super().__init__(**kwargs)
        self.forward_layer = _remade(layer, "forward_")
        self.backward_layer = backward_layer or _remade(layer, "backward_", go_backwards=True)
        self._check_layers()
        for one in (self.forward_layer, self.backward_layer):
            if hasattr(one, "zero_output_for_mask"):
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode = merge_mode
        self.stateful = layer.stateful
        self.return_sequences, self.return_state = layer.return_sequences, layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec
        self._initial_weights = list(weights) if weights else None

    def _check_layers(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                f"{self.name}: go_backwards is {forward.go_backwards} in both layers; expected it in one"
            )
        for name in ("stateful", "return_sequences", "return_state"):
            values = getattr(forward, name), getattr(backward, name)
            if values[0] != values[1]:
                raise ValueError(
                    f"{self.name}: {name} is {values[0]} in the forward layer and {values[1]} in the backward"
                    " one; expected the same"
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Builds both layers."""
        for one in (self.forward_layer, self.backward_layer):
            if not one.built:
                one.build(sequences_shape)
                one.built = True
        if self._initial_weights is not None:
            half = len(self._initial_weights) // 2
            self.forward_layer.set_weights(self._initial_weights[:half])
            self.backward_layer.set_weights(self._initial_weights[half:])
            self._initial_weights = None
        self.built = True

    def call(
        self, sequences: FloatArray, initial_state: Any = None, mask: Any = None, training: Any = None
    ) -> Any:
        """Runs both layers and joins what they put out."""
        forward, backward = self.forward_layer, self.backward_layer
        if sequences.dtype.kind != "f":
            sequences = sequences.astype(self.compute_dtype)
        if mask is not None:
            mask = checked_mask(self.name, mask, sequences)
        if run_as_one(forward, backward, bool(training)):
            return self._as_one(sequences, initial_state, mask)
        first, second = self._halves(initial_state)
        y, *states = _outputs(self.forward_layer, sequences, first, mask, training)
        back, *back_states = _outputs(self.backward_layer, sequences, second, mask, training)
        if self.return_sequences and forward.go_backwards:  # the steps are those of the forward layer
            y, back = y[:, ::-1], back[:, ::-1]
        joined = self._joined(y, back)
        if not self.return_state:
            return joined
        return (*(joined if self.merge_mode is None else (joined,)), *states, *back_states)

    def _as_one(self, sequences: FloatArray, initial_state: Any, mask: Any) -> Any:
        states = None
        if initial_state is not None:
            first, second = self._halves(initial_state)
            states = self.forward_layer.given_states(first) + self.backward_layer.given_states(second)
        y, last = run_both(self.forward_layer, self.backward_layer, sequences, states, mask)
        if self.merge_mode == "concat":
            return (y, *last) if self.return_state else y
        U = y.shape[-1] // 2
        joined = self._joined(y[..., :U], y[..., U:])
        if not self.return_state:
            return joined
        return (*(joined if self.merge_mode is None else (joined,)), *last)

    def _halves(self, initial_state: Any) -> tuple[Any, Any]:
        if initial_state is None:
            return None, None
        if not isinstance(initial_state, (list, tuple)) or len(initial_state) % 2:
            raise ValueError(
                f"{self.name}: initial_state is {type(initial_state).__name__}; expected a list of the"
                " states of the forward layer, then as many of the backward one"
            )
        half = len(initial_state) // 2
        return list(initial_state[:half]), list(initial_state[half:])

    def _joined(self, y: FloatArray, back: FloatArray) -> Any:
        if self.merge_mode == "concat":
            return np.concatenate([y, back], axis=-1)
        if self.merge_mode == "sum":
            return y + back
        if self.merge_mode == "ave":
            return (y + back) * 0.5
        return y * back if self.merge_mode == "mul" else (y, back)

    @property
    def states(self) -> Any:
        """The states of both layers where they are stateful, else None."""
        if not self.forward_layer.states or not self.backward_layer.states:
            return None
        return (*self.forward_layer.states, *self.backward_layer.states)

    def reset_state(self) -> None:
        """Sets the states of stateful layers to zeros.

        Raises:
          AttributeError: the layers are not stateful.
        """
        if not self.stateful:
            raise AttributeError(f"{self.name}: reset_state needs stateful=True")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """As `call` returns them."""
        shape, states = self.forward_layer.compute_output_shape(sequences_shape), ()
        if self.return_state:
            shape, *states = shape
        if self.merge_mode == "concat":
            shape = (*shape[:-1], shape[-1] * 2)
        joined = (shape, shape) if self.merge_mode is None else (shape,)
        if self.return_state or self.merge_mode is None:
            return (*joined, *states, *states)
        return shape

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the inputs, for outputs of all steps."""
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        mask = mask if self.return_sequences else None
        masks = [mask, mask] if self.merge_mode is None else [mask]
        if self.return_state:
            masks += [None] * (2 * len(self.forward_layer.state_size))
        return masks[0] if len(masks) == 1 else masks

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {"merge_mode": self.merge_mode, "layer": stored(self.forward_layer)}
        return {**super().get_config(), **config, "backward_layer": stored(self.backward_layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Bidirectional:
        """Makes it from what `get_config` gave."""
        config = copy.copy(config)
        for name in ("layer", "backward_layer"):
            if config.get(name) is not None:
                config[name] = restored(config[name], custom_objects)
        return cls(**config)


def _remade(layer: Any, prefix: str, **other: Any) -> Any:
    """A layer of the same arguments under another name, with weights of its own."""
    config = stored(layer)
    name = prefix + layer.name.removeprefix(prefix)
    made = restored({**config, "config": {**config["config"], "name": name, **other}})
    if hasattr(layer, "use_cudnn"):
        made.use_cudnn = layer.use_cudnn
    return made


def _outputs(
    layer: Any, sequences: FloatArray, initial_state: Any, mask: Any, training: Any
) -> tuple[Any, ...]:
    """The output of a layer at its own times, and its states if it returns any."""
    if isinstance(layer, RNN) and type(layer).call is RNN.call and layer.activity_regularizer is None:
        y, last, states = layer.walk(sequences, initial_state, mask, bool(training))
        return (y if layer.return_sequences else last, *(states if layer.return_state else ()))
    given = {"initial_state": initial_state} if initial_state is not None else {}
    found = layer(sequences, mask=mask, training=training, **given)
    y, *states = found if layer.return_state else (found,)
    return (y[:, ::-1] if layer.return_sequences and layer.go_backwards else y, *states)
