"""Initializers that scale by the number of inputs and outputs of a weight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import DTypeLike

from foldgate._checks import axes, numbers
from foldgate._typing import FloatArray
from foldgate.initializers.initializer import standard_dtype
from foldgate.initializers.random import RandomInitializer, normal, truncated_normal, uniform

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal")
_TRUNCATED_STDDEV = 0.8796256610342398
"""The standard deviation of a normal distribution that ends at two of its standard deviations."""


class VarianceScaling(RandomInitializer):
    """Numbers whose variance is `scale` over the number of inputs, of outputs, or the mean of both.

    Of a kernel (*kernel_size, inputs, outputs) the numbers are those of a window's inputs, and of the
    windows' outputs.

    Args:
      scale: above 0. Defaults to 1.0.
      mode: `"fan_in"` (the inputs), `"fan_out"` or `"fan_avg"`. Defaults to `"fan_in"`.
      distribution: `"truncated_normal"` (or `"normal"`), `"untruncated_normal"` or `"uniform"`. Defaults to
        `"truncated_normal"`.
      seed: None, an int or a `SeedGenerator`. Defaults to None.
      input_axes: the axes whose product is the number of inputs, None by the rule above.
      output_axes: those of the outputs; both are given, or neither.

    Raises:
      ValueError: `scale` is not above 0, or a name is none of these.

    Example:
      >>> from foldgate import initializers
      >>> initializers.VarianceScaling(2.0, "fan_out", "uniform", seed=3)((3, 3, 4, 8)).shape
      (3, 3, 4, 8)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        name = type(self).__name__
        numbers(self, "(0, inf)", scale=scale)
        axes(self, input_axes=input_axes, output_axes=output_axes)
        if mode not in _MODES:
            raise ValueError(f"{name}: mode is {mode!r}; expected one of {_MODES}")
        found = "truncated_normal" if str(distribution).lower() == "normal" else str(distribution).lower()
        if found not in _DISTRIBUTIONS:
            raise ValueError(f"{name}: distribution is {distribution!r}; expected one of {_DISTRIBUTIONS}")
        self.scale, self.mode, self.distribution = scale, mode, found
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> FloatArray:
        fan_in, fan_out = fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        generator, kind = self.generator(), standard_dtype(dtype)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return uniform(generator, shape, -limit, limit, kind)
        if self.distribution == "untruncated_normal":
            return normal(generator, shape, 0.0, math.sqrt(variance), kind)
        return truncated_normal(generator, shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, kind)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Named(VarianceScaling):
    """One of the scalings that have names."""

    _scaling: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self._scaling, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


_DOC = """{what}.

    Args:
      seed: None, an int or a `SeedGenerator`. Defaults to None.
      input_axes: as in `VarianceScaling`.
      output_axes: as in `VarianceScaling`.

    Example:
      >>> from foldgate import initializers
      >>> initializers.{name}(seed=3)((4, 8)).shape
      (4, 8)
    """


class GlorotUniform(_Named):
    __doc__ = _DOC.format(name="GlorotUniform", what="Uniform, of variance 2 / (inputs + outputs)")
    _scaling = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Named):
    __doc__ = _DOC.format(name="GlorotNormal", what="Truncated normal, of variance 2 / (inputs + outputs)")
    _scaling = (1.0, "fan_avg", "truncated_normal")


class LecunUniform(_Named):
    __doc__ = _DOC.format(name="LecunUniform", what="Uniform, of variance 1 / inputs")
    _scaling = (1.0, "fan_in", "uniform")


class LecunNormal(_Named):
    __doc__ = _DOC.format(name="LecunNormal", what="Truncated normal, of variance 1 / inputs")
    _scaling = (1.0, "fan_in", "truncated_normal")


class HeUniform(_Named):
    __doc__ = _DOC.format(name="HeUniform", what="Uniform, of variance 2 / inputs")
    _scaling = (2.0, "fan_in", "uniform")


class HeNormal(_Named):
    __doc__ = _DOC.format(name="HeNormal", what="Truncated normal, of variance 2 / inputs")
    _scaling = (2.0, "fan_in", "truncated_normal")


def fans(
    shape: Sequence[int], input_axes: Sequence[int] | None, output_axes: Sequence[int] | None
) -> tuple[int, int]:
    """How many inputs an output of the weight sums, and how many outputs an input goes to."""
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        both = shape[0] if shape else 1
        return both, both
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window
