"""Going on after a crash."""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import Any

from foldgate._checks import path
from foldgate.callbacks.callback import Callback


class BackupAndRestore(Callback):
    """Keeps checkpoints, from which a training that was killed goes on to the bit when it is started again.

    A checkpoint has weights, the optimizer's slots and step, random states, the order of samples and the
    callbacks' states; see `saving.Checkpoints`. It is told last, so that a checkpoint holds what the other
    callbacks did at the same batch or epoch.

    Args:
      backup_dir: the folder of the checkpoints; it is made.
      save_freq: `"epoch"`, or the number of batches from one checkpoint to the next.
      double_checkpoint: accepted: two checkpoints are always kept.
      delete_checkpoint: whether they are removed when the training has ended. Defaults to True.

    Raises:
      ValueError: an argument is none of these.

    Example:
      >>> from foldgate import callbacks
      >>> callbacks.BackupAndRestore("backup").save_freq
      'epoch'
    """

    keeps_others = True  # so it is told last

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not path(self, backup_dir=backup_dir):
            raise ValueError("BackupAndRestore: backup_dir is empty; expected a folder")
        if save_freq != "epoch" and (type(save_freq) is not int or save_freq < 1):
            raise ValueError(f"BackupAndRestore: save_freq is {save_freq!r}; expected 'epoch' or an int")
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        if save_freq != "epoch":  # a callback that looks at batches makes their metrics' results computed
            self.__dict__["on_train_batch_end"] = self._after_batch

    def _others(self) -> list[Any]:
        """The callbacks beside this one whose state goes on."""
        told = self.model.__dict__.get("_fit_callbacks")
        return (
            []
            if told is None
            else [c for c in told.callbacks if c is not self and type(c).__name__ not in _SEEN]
        )

    def on_train_begin(self, logs: Any = None) -> None:
        from foldgate.saving import Checkpoints

        self._checkpoints = Checkpoints(self.backup_dir)
        progress = self._checkpoints.restore(self.model, self._others())
        self._epoch, self._batches = 0, 0
        if progress is None:
            return
        own, data = self.model.__dict__, self._data()
        self.model._initial_epoch, self._batches = progress["epoch"], progress["batches"]
        if progress["batch"]:
            bring_back = partial(self._checkpoints.restore_within_epoch, self.model)
            own["_resume_within"] = progress["batch"], bring_back
        if data is not None and hasattr(data, "seed"):
            data.seed = progress["seed"]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

    def _after_batch(self, batch: int, logs: Any = None) -> None:
        self._batches += 1
        if self._batches % int(self.save_freq) == 0:
            self._save(self._epoch, batch + 1)

    def _save(self, epoch: int, batch: int) -> None:
        seed = getattr(self._data(), "seed", 0)
        progress = {"epoch": epoch, "batch": batch, "batches": self._batches, "seed": seed}
        self._checkpoints.save(self.model, progress, self._others())

    def _data(self) -> Any:
        return self.model.__dict__.get("_fit_data")

    def on_train_end(self, logs: Any = None) -> None:
        if self.delete_checkpoint:
            shutil.rmtree(self.backup_dir, ignore_errors=True)


_SEEN = ("ProgbarLogger",)
