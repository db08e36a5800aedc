"""What a layer expects of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foldgate._nest import flatten


class InputSpec:
    """The rank, shape and dtype that a layer expects of an input. Set `layer.input_spec` to one or a list.

    Args:
      dtype: a dtype's name, or None for any.
      shape: the shape with None for any size, or None for any shape.
      ndim: the number of axes.
      max_ndim: at most so many.
      min_ndim: at least so many.
      axes: axis -> its size.
      allow_last_axis_squeeze: whether a last axis of size 1 may be left out or added.
      name: the key of the input where inputs come in a dict.
      optional: whether None may be given.

    Raises:
      TypeError: `axes` is no mapping of ints.
      ValueError: an axis is not below `ndim`.

    Example:
      >>> import foldgate as keras
      >>> keras.layers.InputSpec(min_ndim=2, axes={-1: 16})
      InputSpec(min_ndim=2, axes={-1: 16})
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype, self.name, self.optional = dtype, name, optional
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        try:
            self.axes = {int(axis): size for axis, size in dict(axes or {}).items()}
        except (TypeError, ValueError):
            raise TypeError(f"InputSpec: axes is {axes!r}; expected a dict of axis -> size") from None
        bound = self.ndim if self.ndim is not None else max_ndim
        if self.axes and bound is not None and max(self.axes) >= bound:
            raise ValueError(f"InputSpec: axes has axis {max(self.axes)}; expected one below {bound}")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """Makes it from what `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return f"InputSpec({', '.join(f'{n}={getattr(self, n)}' for n in names if getattr(self, n))})"


def check_inputs(spec: Any, inputs: Any, layer: str) -> None:
    """Raises a ValueError that names the layer where the inputs are not what its `input_spec` says."""
    specs = flatten(spec)
    if isinstance(inputs, dict) and all(one is not None and one.name for one in specs):
        missing = [one.name for one in specs if one.name not in inputs]
        if missing:
            raise ValueError(f"{layer}: inputs has the keys {sorted(inputs)}; {missing[0]!r} is missing")
        inputs = [inputs[one.name] for one in specs]
    given = flatten(inputs)
    if len(given) != len(specs):
        raise ValueError(f"{layer}: inputs holds {len(given)} arrays; expected {len(specs)}")
    for i, (x, one) in enumerate(zip(given, specs, strict=True)):
        if one is None or (x is None and one.optional):
            continue
        label = f"{layer}: inputs" if len(specs) == 1 else f"{layer}: inputs[{i}]"
        if not hasattr(x, "shape"):
            raise TypeError(f"{label} is {type(x).__name__}; expected an array")
        _check_one(one, tuple(x.shape), str(x.dtype), label)


def _check_one(spec: InputSpec, shape: tuple[int | None, ...], dtype: str, label: str) -> None:
    rank, squeeze = len(shape), spec.allow_last_axis_squeeze
    if spec.ndim is not None and rank != spec.ndim and not squeeze:
        raise ValueError(f"{label} has shape {shape}, {rank} axes; expected {spec.ndim} axes")
    if spec.max_ndim is not None and rank > spec.max_ndim:
        raise ValueError(f"{label} has shape {shape}, {rank} axes; expected at most {spec.max_ndim} axes")
    if spec.min_ndim is not None and rank < spec.min_ndim:
        raise ValueError(f"{label} has shape {shape}, {rank} axes; expected at least {spec.min_ndim} axes")
    if spec.dtype is not None and dtype != spec.dtype:
        raise ValueError(f"{label} has dtype {dtype}; expected {spec.dtype}")
    for axis, size in spec.axes.items():
        if size is not None and (not -rank <= axis < rank or shape[axis] not in (size, None)):
            raise ValueError(f"{label} has shape {shape}; expected {size} on axis {axis}")
    if spec.shape is not None:
        expected, found = spec.shape, shape
        if squeeze:
            expected = expected[:-1] if expected and expected[-1] == 1 else expected
            found = found[:-1] if found and found[-1] == 1 else found
        pairs = zip(expected, found, strict=False)
        if len(expected) != len(found) or any(a != b for a, b in pairs if a is not None and b is not None):
            raise ValueError(f"{label} has shape {shape}; expected {spec.shape}")
