"""A loss of embeddings: samples of one class near each other, others apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from foldgate import ops
from foldgate._masks import set_mask
from foldgate._tape import Tensor
from foldgate.losses._inputs import prediction
from foldgate.losses.loss import takes_ids


@takes_ids
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """The circle loss of embeddings of length 1 (Y. Sun et al., CVPR 2020), with distances d = 1 - cosine.

        loss = softplus(logsumexp over samples of the same class of -gamma (margin + d) (margin - d)
                        + logsumexp over the others of gamma max(1 + margin - d, 0) (1 - margin - d))

    A sample that has no other of its class, or none of another, has the loss 0 and does not count in a mean.

    Args:
      y_true: (N,) or (N, 1), the classes.
      y_pred: (N, D), embeddings of length 1, such as `UnitNormalization` gives.
      ref_labels: (M,) or (M, 1), the classes of `ref_embeddings`. Defaults to None: `y_true`.
      ref_embeddings: (M, D), what samples are compared with. Defaults to None: `y_pred`.
      remove_diagonal: whether sample i is not compared with reference i. Defaults to True.
      gamma: the scale. Defaults to 80.
      margin: how far from the best a distance may stay. Defaults to 0.4.

    Returns:
      One loss a sample, (N,).

    Raises:
      ValueError: the shapes do not fit.

    Example:
      >>> import numpy as np
      >>> from foldgate import losses
      >>> losses.circle([0, 0, 1], np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])).round(2)
      array([ 0. , 38.4,  0. ])
    """
    y_pred = prediction(y_pred)
    others = y_pred if ref_embeddings is None else prediction(ref_embeddings)
    labels = _labels("y_true", y_true, y_pred)
    same = labels[:, None] == (labels if ref_labels is None else _labels("ref_labels", ref_labels, others))
    apart = ~same
    if same.shape != (y_pred.shape[0], others.shape[0]):
        raise ValueError(
            f"circle: ref_embeddings has shape {others.shape}; expected ({same.shape[1]}, {y_pred.shape[1]})"
        )
    if remove_diagonal:
        same = same & ~np.eye(*same.shape, dtype=np.bool_)
    distance = np.maximum(1.0 - ops.matmul(y_pred, others, transpose_b=True), 0.0)
    near = -gamma * (margin + distance) * (margin - distance)
    far = gamma * np.maximum(1.0 + margin - distance, 0.0) * (1.0 - margin - distance)
    both = same.any(1) & apart.any(1)
    loss = ops.softplus(_log_sum_exp(near, same) + _log_sum_exp(far, apart))
    loss = np.where(both, loss, loss.dtype.type(0))
    set_mask(loss, (loss.numpy() if isinstance(loss, Tensor) else loss) > 0)
    return loss


def _labels(argument: str, given: Any, embeddings: Any) -> Any:
    labels = given.numpy() if isinstance(given, Tensor) else np.asarray(given)
    if embeddings.ndim != 2 or labels.shape not in ((len(embeddings),), (len(embeddings), 1)):
        raise ValueError(
            f"circle: {argument} has shape {labels.shape} and the embeddings {embeddings.shape}; expected "
            "(N,) and (N, D)"
        )
    return labels.reshape(-1).astype(np.int64)


def _log_sum_exp(x: Any, kept: Any) -> Any:
    """Of each row's kept places; 0 where there are none."""
    values = np.where(kept, x.numpy() if isinstance(x, Tensor) else x, -np.inf)
    top = np.where(kept.any(1), values.max(1, initial=-np.inf), 0.0).astype(x.dtype)[:, None]
    shares = np.where(kept, np.exp(np.where(kept, x - top, x.dtype.type(0))), x.dtype.type(0))
    total = np.where(kept.any(1), np.sum(shares, 1), x.dtype.type(1))
    return np.log(total) + top[:, 0]
