"""What goes before and after each spatial axis: the argument of the layers that pad and crop."""

from __future__ import annotations

from typing import Any

from foldgate import _defaults
from foldgate.layers._windows import ints
from foldgate.layers.input_spec import InputSpec
from foldgate.layers.layer import Layer

Pairs = tuple[tuple[int, int], ...]


class MarginLayer(Layer):
    """A layer that adds or takes positions at the ends of its spatial axes."""

    rank = 0
    _argument = ""

    def __init__(self, value: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = _defaults.standardize_data_format(data_format)
        self._pairs = self._read(value)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.built = True

    def _read(self, value: Any) -> Pairs:
        """An int for all sides; of one axis two ints; of several an int or two ints an axis."""
        name = self._argument
        if self.rank == 1:
            before, after = ints(self.name, name, value, 2, least=0)
            return ((before, after),)
        if isinstance(value, (tuple, list)):
            if len(value) != self.rank:
                raise ValueError(f"{self.name}: {name} is {value!r}; expected an int or one entry an axis")
            pairs = [ints(self.name, f"{name}[{i}]", entry, 2, least=0) for i, entry in enumerate(value)]
        else:
            pairs = [ints(self.name, name, value, 2, least=0)] * self.rank
        return tuple((before, after) for before, after in pairs)

    @property
    def _first(self) -> int:
        """The number of the first spatial axis."""
        return 1 if self.data_format == "channels_last" else 2

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        return {
            **super().get_config(),
            self._argument: getattr(self, self._argument),
            "data_format": self.data_format,
        }
