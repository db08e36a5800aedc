"""Results for TensorBoard, through tensorboardX."""

from __future__ import annotations

import os
from typing import Any

from foldgate._checks import integers, path
from foldgate.callbacks.callback import Callback


class TensorBoard(Callback):
    """Writes results, and histograms of weights, for TensorBoard. It needs the package `tensorboardX`.

    Args:
      log_dir: the folder; `train` and `validation` are made in it.
      histogram_freq: 0, or after every how many epochs histograms of the weights are written.
      write_graph, write_images, write_steps_per_second, profile_batch, embeddings_freq, embeddings_metadata:
        have no meaning here.
      update_freq: `"epoch"`, `"batch"`, or after every how many batches results are written.

    Raises:
      ImportError: tensorboardX is not installed; raised when the training begins.

    Example:
      >>> from foldgate import callbacks
      >>> callbacks.TensorBoard("logs", histogram_freq=1).log_dir
      'logs'
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        integers(self, 0, histogram_freq=histogram_freq)
        if update_freq not in ("epoch", "batch"):
            integers(self, 1, update_freq=update_freq)
        self.log_dir, self.histogram_freq = path(self, log_dir=log_dir), histogram_freq
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._writers: dict[str, Any] = {}
        self._step = 0

    def _writer(self, name: str) -> Any:
        if name not in self._writers:
            try:
                from tensorboardX import SummaryWriter
            except ImportError as error:
                raise ImportError("TensorBoard: it needs tensorboardX; pip install tensorboardX") from error
            self._writers[name] = SummaryWriter(os.path.join(self.log_dir, name))
        return self._writers[name]

    def on_train_begin(self, logs: Any = None) -> None:
        self._writer("train")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._step += 1
        if isinstance(self.update_freq, int) and self._step % self.update_freq == 0:
            for name, value in (logs or {}).items():
                self._writer("train").add_scalar(f"batch_{name}", float(value), self._step)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for name, value in (logs or {}).items():
            of_validation = name.startswith("val_")
            writer = self._writer("validation" if of_validation else "train")
            writer.add_scalar(f"epoch_{name.removeprefix('val_')}", float(value), epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for weight in self.model.weights:
                self._writer("train").add_histogram(f"{weight.path}/histogram", weight.numpy(), epoch)

    def on_train_end(self, logs: Any = None) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}
