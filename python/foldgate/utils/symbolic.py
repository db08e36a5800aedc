"""Questions about tensors without values."""

from __future__ import annotations

from typing import Any

from foldgate._symbolic.keras_tensor import KerasTensor


def is_keras_tensor(x: Any) -> bool:
    """Whether something is a tensor of a functional model.

    Example:
      >>> import foldgate as keras
      >>> keras.utils.is_keras_tensor(keras.Input((3,))), keras.utils.is_keras_tensor(3.0)
      (True, False)
    """
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor: Any) -> list[Any]:
    """The inputs that a tensor of a functional model is computed from, each once.

    Raises:
      TypeError: it is no such tensor.

    Example:
      >>> import foldgate as keras
      >>> x = keras.Input((3,))
      >>> keras.utils.get_source_inputs(keras.layers.Dense(2)(x))[0] is x
      True
    """
    if not isinstance(tensor, KerasTensor):
        raise TypeError(f"get_source_inputs: tensor is {type(tensor).__name__}; expected a KerasTensor")
    found: list[Any] = []
    seen: set[int] = set()
    pending = [tensor]
    while pending:
        one = pending.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        history = one._keras_history
        if history is None or history.node.is_input:
            found.append(one)
        else:
            pending += history.node.input_tensors
    return found
