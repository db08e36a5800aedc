"""The weights of layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from foldgate._tape import Variable
from foldgate.layers._changes import changed


class Weight(Variable):
    """A Variable that a layer owns: made by `Layer.add_weight`.

    Args:
      initial_value: an array.
      trainable: whether an optimizer changes it. Defaults to True.
      name: within the layer, `"kernel"`.
      dtype: None for that of the array.
      regularizer: None, or a function whose value of the weight is added to the loss.
      constraint: None, or a function that gives the weight's value after each update.
      initializer: what made the first value; `initialize` calls it again.
      path: the names of the layers around it and its own: `"sequential/dense/kernel"`.

    Example:
      >>> import numpy as np
      >>> from foldgate.layers import Weight
      >>> Weight(np.zeros((2, 3)), name="kernel").shape
      (2, 3)
    """

    def __init__(
        self,
        initial_value: Any,
        *,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
        regularizer: Callable[[Any], Any] | None = None,
        constraint: Callable[[Any], Any] | None = None,
        initializer: Callable[..., Any] | None = None,
        path: str | None = None,
    ) -> None:
        super().__init__(initial_value, trainable=trainable, name=name, dtype=dtype)
        self._trainable = bool(trainable)
        self._regularizer = regularizer
        self.constraint = constraint
        self.initializer = initializer
        self.path = self.name if path is None else path

    @property
    def trainable(self) -> bool:
        """Whether an optimizer changes it; a layer's `trainable` sets it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        if value != self._trainable:
            self._trainable = value
            changed()
            # The tape asks the Variable itself, which is told when it is made: once more, then.
            super().__init__(self.numpy(), trainable=value, name=self.name)

    @property
    def regularizer(self) -> Callable[[Any], Any] | None:
        """None, or the function whose value of the weight is added to the loss."""
        return self._regularizer

    @regularizer.setter
    def regularizer(self, value: Callable[[Any], Any] | None) -> None:
        self._regularizer = value
        changed()

    def initialize(self) -> None:
        """Gives it new first values by its initializer."""
        if self.initializer is None:
            raise ValueError(
                f"Weight {self.path!r}: initialize needs an initializer, and it was made without"
            )
        self.assign(np.asarray(self.initializer(self.shape, dtype=self.dtype)))

    def __repr__(self) -> str:
        return f"<Weight path={self.path}, shape={self.shape}, dtype={self.dtype}, value={self.numpy()}>"

    def __deepcopy__(self, memo: dict[int, Any] | None) -> Weight:
        return _restore(self.numpy().copy(), self._options())

    def __reduce__(self) -> Any:
        return _restore, (self.numpy(), self._options())

    def _options(self) -> dict[str, Any]:
        return {
            "trainable": self._trainable,
            "name": self.name,
            "regularizer": self.regularizer,
            "constraint": self.constraint,
            "initializer": self.initializer,
            "path": self.path,
        }


def _restore(value: Any, options: dict[str, Any]) -> Weight:
    return Weight(value, **options)
