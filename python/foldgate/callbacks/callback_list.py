"""The callbacks of one training, told together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from foldgate.callbacks.callback import Callback
from foldgate.callbacks.history import History
from foldgate.callbacks.progbar_logger import ProgbarLogger

_PER_BATCH = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class CallbackList(Callback):
    """Tells several callbacks what happens, in their order.

    Results of metrics are computed after a batch only where a callback looks at batches.

    Args:
      callbacks: None, a callback or a list of them.
      add_history: whether to add a `History`, which becomes the model's `history`.
      add_progbar: whether to add a `ProgbarLogger`.
      model: the model.
      **params: `epochs`, `steps` and `verbose`.

    Example:
      >>> from foldgate import callbacks
      >>> begins = callbacks.LambdaCallback(on_train_begin=lambda logs: print("begins"))
      >>> told = callbacks.CallbackList([begins])
      >>> told.on_train_begin()
      begins
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = _listed(callbacks)
        self._history: Any = next((c for c in self.callbacks if isinstance(c, History)), None)
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        if add_history and self._history is None:
            self._history = History()
            self.callbacks.append(self._history)
        # What keeps the others' states comes last: they have changed them, or have begun anew, before it.
        self.callbacks.sort(key=lambda callback: bool(getattr(callback, "keeps_others", False)))
        if model is not None:
            self.set_model(model)
        self.set_params(params)
        self.of_train_batches, self.of_test_batches, self.of_predict_batches = (
            any(_overrides(callback, names) for callback in self.callbacks) for names in _PER_BATCH.values()
        )
        self._wants_logs = any(
            _overrides(callback, ("on_train_batch_end", "on_batch_end", "on_test_batch_end"))
            and not isinstance(callback, ProgbarLogger)
            for callback in self.callbacks
        )

    def append(self, callback: Callback) -> None:
        """Adds a callback."""
        self.__init__([*self.callbacks, callback], model=self._model, **self.params)  # type: ignore[misc]

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def _tell(self, name: str, *args: Any, logs: Any = None) -> None:
        for callback in self.callbacks:
            getattr(callback, name)(*args, logs)

    def _batch_logs(self, logs: Any) -> Any:
        if logs is None and self._wants_logs and self._model is not None:
            found = self._model.get_metrics_result()
            return {name: found[name] for name in sorted(found)}
        return logs

    def on_train_begin(self, logs: Any = None) -> None:
        self._tell("on_train_begin", logs=logs)

    def on_train_end(self, logs: Any = None) -> None:
        self._tell("on_train_end", logs=logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._tell("on_epoch_begin", epoch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._tell("on_epoch_end", epoch, logs=logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._tell("on_train_batch_begin", batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._tell("on_train_batch_end", batch, logs=self._batch_logs(logs))

    def on_test_begin(self, logs: Any = None) -> None:
        self._tell("on_test_begin", logs=logs)

    def on_test_end(self, logs: Any = None) -> None:
        self._tell("on_test_end", logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._tell("on_test_batch_begin", batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._tell("on_test_batch_end", batch, logs=self._batch_logs(logs))

    def on_predict_begin(self, logs: Any = None) -> None:
        self._tell("on_predict_begin", logs=logs)

    def on_predict_end(self, logs: Any = None) -> None:
        self._tell("on_predict_end", logs=logs)

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._tell("on_predict_batch_begin", batch, logs=logs)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self._tell("on_predict_batch_end", batch, logs=logs)


def _listed(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    given = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for callback in given:
        if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
            raise TypeError(f"callbacks: there is {callback!r}; expected instances of Callback")
    return given


def _overrides(callback: Any, names: tuple[str, ...]) -> bool:
    """Whether a callback has a method of its own by one of these names."""
    base = {name: getattr(Callback, name) for name in names}
    return any(
        getattr(type(callback), name, None) is not method or name in vars(callback)
        for name, method in base.items()
    )
