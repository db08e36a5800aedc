"""A callback of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foldgate._checks import functions
from foldgate.callbacks.callback import Callback


class LambdaCallback(Callback):
    """A callback whose methods are functions.

    Args:
      on_epoch_begin, on_epoch_end: None, or functions of (epoch, logs).
      on_train_begin, on_train_end: None, or functions of (logs).
      on_train_batch_begin, on_train_batch_end: None, or functions of (batch, logs).
      **kwargs: other methods of `Callback`, by their names.

    Raises:
      ValueError: a name is no method of `Callback`.

    Example:
      >>> from foldgate import callbacks
      >>> told = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
      >>> told.on_epoch_end(3, {"loss": 1.0})
      3 {'loss': 1.0}
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any],
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in given.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                raise ValueError(f"LambdaCallback: {name} is not a method of callbacks")
            functions(self, or_none=True, **{name: function})
            if function is not None:
                setattr(self, name, function)
