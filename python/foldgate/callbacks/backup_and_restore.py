"""Going on after a crash."""

from __future__ import annotations

import os
import shutil
from typing import Any

from foldgate.callbacks.callback import Callback


class BackupAndRestore(Callback):
    """Keeps checkpoints, from which a training that was killed goes on to the bit when it is started again.

    A checkpoint has weights, the optimizer's slots and step, random states, the order of samples and the
    callbacks' states; see `saving.Checkpoints`.

    Args:
      backup_dir: the folder of the checkpoints; it is made.
      save_freq: `"epoch"`, or the number of epochs from one checkpoint to the next.
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
        if not os.fspath(backup_dir):
            raise ValueError("BackupAndRestore: backup_dir is empty; expected a folder")
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(f"BackupAndRestore: save_freq is {save_freq!r}; expected 'epoch' or an int")
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint

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
        if progress is not None:
            self.model._initial_epoch = progress["epoch"]
            data = self.model.__dict__.get("_fit_data")
            if data is not None and hasattr(data, "seed"):
                data.seed = progress["seed"]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        every = 1 if self.save_freq == "epoch" else int(self.save_freq)
        if (epoch + 1) % every == 0:
            data = self.model.__dict__.get("_fit_data")
            progress = {"epoch": epoch + 1, "seed": getattr(data, "seed", 0)}
            self._checkpoints.save(self.model, progress, self._others())

    def on_train_end(self, logs: Any = None) -> None:
        if self.delete_checkpoint:
            shutil.rmtree(self.backup_dir, ignore_errors=True)


_SEEN = ("ProgbarLogger",)
