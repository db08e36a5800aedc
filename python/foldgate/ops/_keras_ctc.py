"""The labels that a network of connectionist temporal classification says."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate._tape import Tensor
from foldgate._typing import FloatArray

Prefix = tuple[int, ...]


def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Any, Any]:
    """The most probable labels of each sequence.

    Args:
      inputs: (N, T, K) logits, or probabilities with `"greedy"`.
      sequence_lengths: (N,), the steps of each that count.
      strategy: `"greedy"` takes the best class of every step, `"beam_search"` sums up all ways to the same
        labels, over the `beam_width` best beginnings.
      beam_width: of the search.
      top_paths: how many labellings the search gives, best first.
      merge_repeated: whether one class in neighbouring steps is one label.
      mask_index: the blank.

    Returns:
      Labels (paths, N, T) of int32, filled up with -1; and a score: of `"greedy"` (N, 1), less the sum of the
      best values; of `"beam_search"` (N, paths), the logarithm of the probability.

    Raises:
      ValueError: `strategy` is none of these, or the shapes do not fit.
    """
    values = inputs.numpy() if isinstance(inputs, Tensor) else np.asarray(inputs)
    lengths = np.asarray(sequence_lengths).astype(np.int64)
    if values.ndim != 3 or lengths.shape != values.shape[:1]:
        raise ValueError(
            f"ctc_decode: inputs have shape {values.shape} and sequence_lengths {lengths.shape}; expected "
            "(N, T, K) and (N,)"
        )
    if lengths.size and not 0 <= lengths.min() <= lengths.max() <= values.shape[1]:
        raise ValueError(
            f"ctc_decode: sequence_lengths are from {lengths.min()} to {lengths.max()}; expected 0 to "
            f"{values.shape[1]}, the steps of inputs"
        )
    if strategy == "greedy":
        labels = [
            _merged(sample[:n].argmax(-1).tolist(), mask_index, merge_repeated)
            for sample, n in zip(values, lengths, strict=True)
        ]
        counted = np.arange(values.shape[1]) < lengths[:, None]
        score = -np.sum(values.max(-1) * counted, axis=1, keepdims=True)
        return _filled([labels], values.shape[1]), score.astype(values.dtype)
    if strategy != "beam_search":
        raise ValueError(f"ctc_decode: strategy is {strategy!r}; expected 'greedy' or 'beam_search'")
    found = [
        _search(_log_shares(sample[:n]), beam_width, mask_index)[:top_paths]
        for sample, n in zip(values, lengths, strict=True)
    ]
    paths = [[list(one[i][0]) if i < len(one) else [] for one in found] for i in range(top_paths)]
    scores = [[one[i][1] if i < len(one) else -np.inf for i in range(top_paths)] for one in found]
    return _filled(paths, values.shape[1]), np.array(scores, values.dtype)


def _merged(classes: list[int], blank: int, merge: bool) -> list[int]:
    before: list[int | None] = [None, *classes]
    kept = [c for c, last in zip(classes, before, strict=False) if not (merge and c == last)]
    return [c for c in kept if c != blank]


def _filled(paths: list[list[list[int]]], steps: int) -> Any:
    made = np.full((len(paths), len(paths[0]), steps), -1, np.int32)
    for i, path in enumerate(paths):
        for j, labels in enumerate(path):
            made[i, j, : len(labels)] = labels
    return made


def _log_shares(logits: Any) -> FloatArray:
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    shares: FloatArray = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return shares


def _search(log_shares: FloatArray, width: int, blank: int) -> list[tuple[Prefix, float]]:
    """Prefix search: of each beginning the logarithms of its ways that end in the blank, and in its last."""
    beams: dict[Prefix, tuple[float, float]] = {(): (0.0, -np.inf)}
    for step in log_shares:
        grown: dict[Prefix, tuple[float, float]] = {}
        for prefix, (in_blank, in_label) in beams.items():
            either = np.logaddexp(in_blank, in_label)
            _add(grown, prefix, either + step[blank], -np.inf)
            for c, share in enumerate(step):
                if c == blank:
                    continue
                if prefix and c == prefix[-1]:
                    _add(grown, prefix, -np.inf, in_label + share)
                    _add(grown, (*prefix, c), -np.inf, in_blank + share)
                else:
                    _add(grown, (*prefix, c), -np.inf, either + share)
        best = sorted(grown, key=lambda prefix: -np.logaddexp(*grown[prefix]))[:width]
        beams = {prefix: grown[prefix] for prefix in best}
    ranked = ((prefix, float(np.logaddexp(*ends))) for prefix, ends in beams.items())
    return sorted(ranked, key=lambda one: -one[1])


def _add(beams: dict[Prefix, tuple[float, float]], prefix: Prefix, in_blank: float, in_label: float) -> None:
    before = beams.get(prefix, (-np.inf, -np.inf))
    beams[prefix] = float(np.logaddexp(before[0], in_blank)), float(np.logaddexp(before[1], in_label))
