"""The outputs of many batches, put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._nest import flatten, pack_like
from foldgate._tape import Tensor


class Predictions:
    """Arrays that batches are written into; where the number of samples is known, they are made once."""

    def __init__(self, samples: int | None) -> None:
        self._samples = samples
        self._done = 0
        self._nest: Any = None
        self._whole: list[Any] | None = None
        self._parts: list[list[Any]] = []

    def add(self, outputs: Any) -> None:
        """Takes a batch of outputs."""
        leaves = [x.numpy() if isinstance(x, Tensor) else np.asarray(x) for x in flatten(outputs)]
        if self._nest is None:
            self._nest = outputs
            if self._samples is not None and all(leaf.ndim for leaf in leaves):
                self._whole = [np.empty((self._samples, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
            else:
                self._parts = [[] for _ in leaves]
        if self._whole is None:
            for parts, leaf in zip(self._parts, leaves, strict=True):
                parts.append(leaf)
            return
        start = self._done
        self._done += len(leaves[0])
        for whole, leaf in zip(self._whole, leaves, strict=True):
            if leaf.shape[1:] != whole.shape[1:]:
                raise ValueError(
                    f"predict: a batch has outputs of shape {leaf.shape[1:]}; expected {whole.shape[1:]}, "
                    "as in the first"
                )
            whole[start : start + len(leaf)] = leaf

    def arrays(self) -> Any:
        """All of them, in the structure of a batch's outputs."""
        if self._nest is None:
            raise ValueError("predict: the data has no batches")
        if self._whole is not None:
            return pack_like(self._nest, [whole[: self._done] for whole in self._whole])
        return pack_like(self._nest, [np.concatenate(parts) for parts in self._parts])
