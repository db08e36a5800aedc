"""Normalization by the statistics of a data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from foldgate._checks import axes
from foldgate._defaults import epsilon
from foldgate._typing import FloatArray
from foldgate.layers.layer import Layer
from foldgate.layers.preprocessing.rescaling import Shape
from foldgate.layers.weight import Weight


class Normalization(Layer):
    """(x - mean) / sqrt(variance), by a mean and variance that are given or taken from data by `adapt`.

    Args:
      axis: of the features, each with a mean and variance of its own; several, or None for one mean and
        variance of all values.
      mean: a number, or one for each feature; None where `adapt` finds it.
      variance: the same.
      invert: whether to compute mean + sqrt(variance) x instead.
      **kwargs: of `Layer`.

    Raises:
      ValueError: only one of mean and variance is given, an axis is none of the inputs' or has an unknown
        extent, or the layer is called with neither given nor adapted.

    Example:
      >>> import numpy as np
      >>> import foldgate as keras
      >>> layer = keras.layers.Normalization()
      >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
      >>> layer(np.array([[3.0, 10.0]]))
      array([[ 1., -1.]], dtype=float32)
    """

    adapt_mean: Weight
    adapt_variance: Weight
    count: Weight

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        axes(self, axis=axis)
        super().__init__(**kwargs)
        if (mean is None) != (variance is None):
            raise ValueError(
                f"Normalization: mean is {mean!r} and variance {variance!r}; expected both or neither"
            )
        named = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if 0 in named:
            raise ValueError(f"Normalization: axis is {axis}; expected axes other than the batch's 0")
        self.axis = named
        self.input_mean = None if mean is None else _numbers("mean", mean)
        self.input_variance = None if variance is None else _numbers("variance", variance, least=0.0)
        self.invert = invert
        self.supports_masking = True
        self.mean: FloatArray | None = None
        self.variance: FloatArray | None = None
        self._build_input_shape: Shape | None = None

    def build(self, input_shape: Shape) -> None:
        """Makes mean, variance and count, where none were given."""
        shape: Any = tuple(input_shape)
        rank = len(shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise ValueError(f"Normalization: axis is {self.axis}; expected axes of inputs of shape {shape}")
        self._keep = tuple(sorted(axis % rank for axis in self.axis))
        extents = tuple(shape[axis] for axis in self._keep)
        if None in extents:
            raise ValueError(
                f"Normalization: inputs have shape {shape}; expected known extents on axes {self.axis}"
            )
        self._build_input_shape = shape
        self._reduced = tuple(axis for axis in range(rank) if axis not in self._keep)
        self._broadcast = tuple(1 if n in self._reduced else shape[n] for n in range(rank))
        if self.input_mean is not None and self.input_variance is not None:
            self._take(self.input_mean, self.input_variance)
            return
        for name, start in (("mean", "zeros"), ("variance", "ones")):
            weight = self.add_weight(name=name, shape=extents, initializer=start, trainable=False)
            setattr(self, f"adapt_{name}", weight)
        self.count = self.add_weight(
            name="count", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        self.finalize_state()

    def _take(self, mean: FloatArray, variance: FloatArray) -> None:
        """Lays mean and variance along the kept axes, aligned at the last."""
        found = []
        for values in (mean, variance):
            laid = [1] * len(self._broadcast)
            for i in range(1, values.ndim + 1):
                laid[self._keep[-i] if i <= len(self._keep) else -i] = values.shape[-i]
            found.append(np.broadcast_to(values.reshape(laid), self._broadcast).astype(self.compute_dtype))
        self.mean, self.variance = found

    def adapt(self, data: Any) -> None:
        """Takes mean and variance from data, forgetting those of data before.

        Args:
          data: an array, or an iterable of batches: arrays, or tuples whose first is taken.

        Raises:
          ValueError: mean and variance were given to the constructor, there is no batch, or the extents are
            others than those that the layer was built for.
        """
        if self.input_mean is not None:
            raise ValueError("Normalization: adapt needs a layer whose mean and variance were not given")
        mean: Any = 0.0
        variance: Any = 0.0
        total = 0
        for batch in [data] if hasattr(data, "shape") else _batches(data):
            batch = np.asarray(batch)
            self._accept(batch.shape)
            values = batch.astype(np.float64)
            count = int(np.prod([batch.shape[axis] for axis in self._reduced]))
            if count == 0:
                continue
            total += count
            share = count / total
            own, spread = values.mean(self._reduced), values.var(self._reduced)
            joint = mean * (1 - share) + own * share
            variance = (variance + (mean - joint) ** 2) * (1 - share) + (spread + (own - joint) ** 2) * share
            mean = joint
        if total == 0:
            raise ValueError("Normalization: adapt got no values; expected an array or batches of them")
        self.adapt_mean.assign(np.asarray(mean))
        self.adapt_variance.assign(np.asarray(variance))
        self.finalize_state()

    def _accept(self, shape: tuple[int, ...]) -> None:
        if not self.built:
            self.build(shape)
        built = self._build_input_shape or ()
        if len(shape) != len(built) or any(shape[axis] != built[axis] for axis in self._keep):
            raise ValueError(f"Normalization: adapt got shape {shape}; the layer was built for {built}")

    def finalize_state(self) -> None:
        """Takes over what `adapt` found, or a file brought."""
        if self.input_mean is None and self._build_input_shape is not None:
            self.mean = self.adapt_mean.value.reshape(self._broadcast)
            self.variance = self.adapt_variance.value.reshape(self._broadcast)

    def call(self, inputs: Any) -> Any:
        """Normalizes."""
        if self.mean is None or self.variance is None:
            raise ValueError("Normalization: the layer has neither mean and variance nor been built")
        if inputs.dtype.name != self.compute_dtype:
            inputs = inputs.astype(self.compute_dtype)
        spread = np.maximum(np.sqrt(self.variance), self.variance.dtype.type(epsilon()))
        return inputs * spread + self.mean if self.invert else (inputs - self.mean) / spread

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the inputs."""
        return tuple(input_shape)

    def load_own_variables(self, store: Mapping[str, FloatArray]) -> None:
        """Reads what `save_own_variables` wrote."""
        super().load_own_variables(store)
        self.finalize_state()

    def set_weights(self, weights: Sequence[FloatArray]) -> None:
        """Takes over mean, variance and count."""
        super().set_weights(weights)
        self.finalize_state()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the same layer."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": None if self.input_mean is None else self.input_mean.tolist(),
            "variance": None if self.input_variance is None else self.input_variance.tolist(),
        }


def _numbers(argument: str, given: Any, least: float = -np.inf) -> Any:
    found = np.asarray(given)
    if found.dtype.kind not in "fiub" or not (found >= least).all():
        bound = "" if least else " of at least 0"
        raise ValueError(f"Normalization: {argument} is {given!r}; expected numbers{bound}")
    return found


def _batches(data: Any) -> Iterable[Any]:
    if not hasattr(data, "__iter__"):
        raise TypeError(
            f"Normalization: adapt got {type(data).__name__}; expected an array or an iterable of batches"
        )
    for batch in data:
        yield batch[0] if isinstance(batch, tuple) else batch
