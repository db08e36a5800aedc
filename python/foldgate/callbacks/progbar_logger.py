"""Progress in the terminal."""

from __future__ import annotations

from typing import Any

from foldgate.callbacks._progress import ProgressLine, duration, shown
from foldgate.callbacks.callback import Callback


class ProgbarLogger(Callback):
    """Shows how far an epoch is, with the metrics so far; `fit`, `evaluate` and `predict` add one.

    Where the output is no terminal, one line an epoch.

    Example:
      >>> from foldgate import callbacks
      >>> bar = callbacks.ProgbarLogger()
      >>> bar.set_params({"verbose": 1, "epochs": 2, "steps": 10})
      >>> bar.on_epoch_begin(0)
      Epoch 1/2
    """

    def __init__(self) -> None:
        super().__init__()
        self._line: ProgressLine | None = None
        self._seen = 0
        self._in_fit = False

    def _verbose(self) -> int:
        verbose = self.params.get("verbose", 1)
        return 1 if verbose in ("auto", True) else int(verbose)

    def _begin(self) -> None:
        import time

        self._seen, self._line = 0, None
        self._started = time.perf_counter()
        if self._verbose() == 1:
            self._line = ProgressLine(self.params.get("steps"))

    def on_train_begin(self, logs: Any = None) -> None:
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        epochs = self.params.get("epochs", 1)
        if self._verbose() and epochs > 1:
            print(f"Epoch {epoch + 1}/{epochs}")
        self._begin()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._update(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._end(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        if not self._in_fit:
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if not self._in_fit:
            self._update(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        if not self._in_fit:
            self._end(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self._update(batch, {})

    def on_predict_end(self, logs: Any = None) -> None:
        self._end({})

    def _update(self, batch: int, logs: Any) -> None:
        self._seen = batch + 1
        line = self._line
        if line is not None and line.due():
            if logs is None and self.model is not None:
                found = self.model.get_metrics_result()
                logs = {name: found[name] for name in sorted(found)}
            line.draw(self._seen, logs or {})

    def _end(self, logs: Any) -> None:
        if self._line is not None:
            self._line.draw(self._seen, dict(logs or {}), last=True)
        elif self._verbose() == 2:
            import time

            seconds = time.perf_counter() - self._started
            steps, each = self.params.get("steps") or self._seen, duration(seconds / max(self._seen, 1))
            values = "".join(f" - {name}: {shown(value)}" for name, value in (logs or {}).items())
            print(f"{self._seen}/{steps} - {seconds:.0f}s - {each}/step{values}")
        self._line = None
