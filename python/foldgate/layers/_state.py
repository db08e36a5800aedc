"""A layer's state as lists: its own weights, those of the layers in it, its losses."""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from foldgate import _budget, constraints, initializers, regularizers
from foldgate._checks import flags
from foldgate._tape import Variable
from foldgate._typing import FloatArray
from foldgate.layers._changes import changed
from foldgate.layers._context import context
from foldgate.layers.weight import Weight

if TYPE_CHECKING:
    from foldgate.layers.layer import Layer


class LayerState:
    """The part of Layer that holds weights. The order of all lists is Keras': own trainable weights, own
    others, then those of the sublayers, each in the order of assignment."""

    name: str
    built: bool
    dtype: str
    _trainable: bool
    _trainable_variables: list[Variable]
    _non_trainable_variables: list[Variable]
    _layers: list[Layer]
    _metrics: list[Any]
    _seed_generators: list[Any]

    def add_weight(
        self,
        shape: Sequence[int] | int | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = None,
        name: str | None = None,
    ) -> Weight:
        """Makes a weight of this layer.

        Args:
          shape: its sizes, all known; None for a scalar.
          initializer: a name, a configuration or an initializer; None for `"glorot_uniform"`, or `"zeros"`
          for
            integers and bools.
          dtype: None for the layer's.
          trainable: whether optimizers change it. Defaults to True.
          autocast: accepted; weights and computations have one dtype here.
          regularizer: None, a name, a configuration or a regularizer.
          constraint: None, a name, a configuration or a constraint.
          aggregation: accepted; there is one replica here.
          name: None for `"variable"`.

        Returns:
          The Weight, which `weights` lists from now on.

        Raises:
          ValueError: a size is None or negative, or the initializer gives another shape.
        """
        flags(self.name, trainable=trainable)
        sizes = _sizes(self.name, shape)
        kind = np.dtype(self.dtype if dtype is None else dtype)
        if initializer is None:
            initializer = "glorot_uniform" if kind.kind == "f" else "zeros"
        make = initializers.get(initializer)
        _budget.spend(self.name, math.prod(sizes) * kind.itemsize)
        value = np.asarray(make(sizes, dtype=kind.name))
        if value.shape != sizes:
            raise ValueError(f"{self.name}: initializer of {name} gave shape {value.shape}; expected {sizes}")
        weight = Weight(
            value.astype(kind, copy=False),
            trainable=trainable,
            name=name,
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
            initializer=make,
            path="/".join([*context.scope, name or "variable"]),
        )
        members = self._trainable_variables if trainable else self._non_trainable_variables
        members.append(weight)
        changed()
        if not self._trainable:
            weight.trainable = False
        return weight

    add_variable = add_weight

    @property
    def trainable(self) -> bool:
        """Whether optimizers change the weights; setting it sets it for all sublayers."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        flags(self, trainable=value)
        value = bool(value)
        object.__setattr__(self, "_trainable", value)
        changed()
        for variable in self._trainable_variables:
            if isinstance(variable, Weight):
                variable.trainable = value
        for layer in self._layers:
            layer.trainable = value

    @property
    def weights(self) -> list[Variable]:
        """All weights, each once."""
        return _unique(self._walk_weights())

    @property
    def variables(self) -> list[Variable]:
        """All weights, and the states of random streams, each once."""
        return _unique(self._walk_variables())

    def _walk_weights(self) -> list[Variable]:
        found = self._trainable_variables + self._non_trainable_variables
        for layer in self._layers:
            found = found + layer._walk_weights()
        return found

    def _walk_variables(self) -> list[Variable]:
        found = self._trainable_variables + self._non_trainable_variables
        found = found + [stream.state for stream in self._seed_generators]
        for layer in self._layers:
            found = found + layer._walk_variables()
        return found

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that optimizers change."""
        return [w for w in self.weights if w.trainable] if self._trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that optimizers leave alone."""
        return [w for w in self.weights if not w.trainable] if self._trainable else self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that optimizers change."""
        return [v for v in self.variables if v.trainable] if self._trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that optimizers leave alone, states of random streams among them."""
        return [v for v in self.variables if not v.trainable] if self._trainable else self.variables

    def get_weights(self) -> list[FloatArray]:
        """Copies of the weights' arrays, in the order of `weights`."""
        return [weight.numpy().copy() for weight in self.weights]

    def set_weights(self, weights: Sequence[FloatArray]) -> None:
        """Takes over arrays in the order of `weights`.

        Raises:
          ValueError: their number or a shape is another.
        """
        own = self.weights
        if len(weights) != len(own):
            raise ValueError(f"{self.name}: set_weights got {len(weights)} arrays; expected {len(own)}")
        arrays = [np.asarray(value) for value in weights]
        for weight, value in zip(own, arrays, strict=True):
            if value.shape != weight.shape:
                raise ValueError(
                    f"{self.name}: set_weights got shape {value.shape} for {weight.name}; expected "
                    f"{weight.shape}"
                )
        for weight, value in zip(own, arrays, strict=True):
            weight.assign(value.astype(weight.dtype, copy=False))

    def count_params(self) -> int:
        """The number of values in all weights.

        Raises:
          ValueError: the layer has not been built.
        """
        if not self.built:
            raise ValueError(f"{self.name}: count_params needs a built layer; call it, or build(input_shape)")
        return sum(weight.size for weight in self.weights)

    def save_own_variables(self, store: MutableMapping[str, FloatArray]) -> None:
        """Writes the weights that this layer itself owns into `store`, as "0", "1", ..."""
        for i, variable in enumerate(self._trainable_variables + self._non_trainable_variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, FloatArray]) -> None:
        """Reads what `save_own_variables` wrote.

        Raises:
          ValueError: the number of arrays or a shape is another.
        """
        own = self._trainable_variables + self._non_trainable_variables
        if len(store) != len(own):
            unbuilt = "" if self.built else "; the layer has not been built"
            raise ValueError(f"{self.name}: found {len(store)} saved variables; expected {len(own)}{unbuilt}")
        for i, variable in enumerate(own):
            value = np.asarray(store[str(i)])
            if value.shape != variable.shape:
                raise ValueError(
                    f"{self.name}: saved {variable.name} has shape {value.shape}; expected {variable.shape}"
                )
            variable.assign(value.astype(variable.dtype, copy=False))


def _sizes(layer: str, shape: Sequence[int] | int | None) -> tuple[int, ...]:
    sizes = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 0:
            raise ValueError(f"{layer}: add_weight: shape is {shape}; expected sizes of at least 0")
    return tuple(int(size) for size in sizes)


def _unique(variables: list[Variable]) -> list[Variable]:
    return list({id(variable): variable for variable in variables}.values())
