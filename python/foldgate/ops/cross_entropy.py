"""Cross-entropies of logits, with their softmax or sigmoid fused in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import cast

import numpy as np

from foldgate import _native
from foldgate._arrays import operand
from foldgate._typing import FloatArray, IntArray
from foldgate.ops._ids import ids_operand
from foldgate.ops._record import Backward, Needs, any_tensor, record
from foldgate.ops._scalars import int_argument
from foldgate.ops.softmax import softmax


def softmax_cross_entropy(
    logits: FloatArray, labels: IntArray | FloatArray, *, ignore_index: int | None = None
) -> tuple[FloatArray, FloatArray]:
    """The cross-entropy of every row of logits with its label.

        loss = log(sum_k e^x[k]) - x[label]   or   sum_k p[k] (log(sum_j e^x[j]) - x[k])

    Args:
      logits: (..., K), float32 or float64; the last axis counts the classes.
      labels: (...) integers from 0 to K - 1, or probabilities (..., K) of the dtype of `logits`. One of 0
        adds nothing, also where the logit is -inf.
      ignore_index: integer labels of this value have no loss and no gradient.

    Returns:
      (loss, log_sum_exp), both (...): what `softmax_cross_entropy_backward` needs is the second. On a tape
      both have gradients.

    Raises:
      TypeError: an operand is not an array of these dtypes; `ignore_index` is not an int.
      ValueError: the shapes do not fit; `ignore_index` is given with probabilities.
      IndexError: a label is not a class.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.softmax_cross_entropy(np.log([[1.0, 3.0], [2.0, 2.0]]), np.array([1, 0]))[0]
      array([0.28768207, 0.69314718])
    """
    if any_tensor(logits):
        return record(softmax_cross_entropy, _recorded_softmax, ("logits",), locals())
    op = "softmax_cross_entropy"
    logits = operand(op, "logits", logits)
    labels, ignored = _labels(op, logits, labels), _ignored(op, ignore_index)
    return _native.softmax_cross_entropy(logits, labels, ignored)


def _recorded_softmax(
    logits: FloatArray, labels: IntArray | FloatArray, ignore_index: int | None
) -> tuple[tuple[FloatArray, FloatArray], Backward]:
    loss, log_sum_exp = softmax_cross_entropy(logits, labels, ignore_index=ignore_index)

    def backward(
        needs: Needs, dloss: FloatArray | None, dlog_sum_exp: FloatArray | None
    ) -> Sequence[FloatArray]:
        gradients = []
        if dloss is not None:
            options = {"ignore_index": ignore_index}
            gradients.append(softmax_cross_entropy_backward(dloss, logits, labels, log_sum_exp, **options))
        if dlog_sum_exp is not None:
            gradients.append(dlog_sum_exp[..., None] * softmax(logits))
        return (reduce(np.add, gradients),)

    return (loss, log_sum_exp), backward


def softmax_cross_entropy_backward(
    dloss: FloatArray,
    logits: FloatArray,
    labels: IntArray | FloatArray,
    log_sum_exp: FloatArray,
    *,
    ignore_index: int | None = None,
) -> FloatArray:
    """The gradient of `sum(dloss * loss)` to the logits.

        dx[k] = dloss (softmax(x)[k] - [k is the label])   or   dloss (softmax(x)[k] sum(p) - p[k])

    Args:
      dloss: (...), the gradient of every row's loss.
      logits: (..., K), as given to `softmax_cross_entropy`.
      labels: as given to it.
      log_sum_exp: (...), as it returned it.
      ignore_index: as given to it.

    Returns:
      The gradient, of the shape and dtype of `logits`.

    Raises:
      TypeError, ValueError, IndexError: as `softmax_cross_entropy`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> x, labels = np.log([[1.0, 3.0]]), np.array([1])
      >>> loss, log_sum_exp = ops.softmax_cross_entropy(x, labels)
      >>> ops.softmax_cross_entropy_backward(np.ones(1), x, labels, log_sum_exp)
      array([[ 0.25, -0.25]])
    """
    op = "softmax_cross_entropy_backward"
    logits = operand(op, "logits", logits)
    dloss = operand(op, "dloss", dloss, logits, "logits")
    labels, ignored = _labels(op, logits, labels), _ignored(op, ignore_index)
    log_sum_exp = operand(op, "log_sum_exp", log_sum_exp, logits, "logits")
    return _native.softmax_cross_entropy_backward(dloss, logits, labels, log_sum_exp, ignored)


def sigmoid_cross_entropy(logits: FloatArray, labels: FloatArray) -> FloatArray:
    """The binary cross-entropy of every logit: -z log(s) - (1 - z) log(1 - s), s = sigmoid(x).

    Args:
      logits: any shape, float32 or float64.
      labels: z, the probabilities of what a positive logit stands for, of the shape and dtype of `logits`.

    Returns:
      The loss of every value.

    Raises:
      TypeError: an operand is not a float32 or float64 array, or they differ in dtype.
      ValueError: the shapes differ.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.sigmoid_cross_entropy(np.array([0.0, 100.0]), np.array([1.0, 0.0]))
      array([  0.69314718, 100.        ])
    """
    if any_tensor(logits):
        return record(sigmoid_cross_entropy, _recorded_sigmoid, ("logits",), locals())
    op = "sigmoid_cross_entropy"
    logits = operand(op, "logits", logits)
    return _native.sigmoid_cross_entropy(logits, operand(op, "labels", labels, logits, "logits"))


def _recorded_sigmoid(logits: FloatArray, labels: FloatArray) -> tuple[FloatArray, Backward]:
    def backward(needs: Needs, dloss: FloatArray) -> Sequence[FloatArray]:
        return (sigmoid_cross_entropy_backward(dloss, logits, labels),)

    return sigmoid_cross_entropy(logits, labels), backward


def sigmoid_cross_entropy_backward(dloss: FloatArray, logits: FloatArray, labels: FloatArray) -> FloatArray:
    """The gradient of `sum(dloss * loss)` to the logits: dloss (sigmoid(x) - z).

    Args:
      dloss: the gradient of every loss, of the shape and dtype of `logits`.
      logits: as given to `sigmoid_cross_entropy`.
      labels: as given to it.

    Returns:
      The gradient, of the shape and dtype of `logits`.

    Raises:
      TypeError, ValueError: as `sigmoid_cross_entropy`.

    Example:
      >>> import numpy as np
      >>> from foldgate import ops
      >>> ops.sigmoid_cross_entropy_backward(np.ones(2), np.array([0.0, 100.0]), np.array([1.0, 0.0]))
      array([-0.5,  1. ])
    """
    op = "sigmoid_cross_entropy_backward"
    logits = operand(op, "logits", logits)
    dloss = operand(op, "dloss", dloss, logits, "logits")
    return _native.sigmoid_cross_entropy_backward(
        dloss, logits, operand(op, "labels", labels, logits, "logits")
    )


def _labels(op: str, logits: FloatArray, labels: IntArray | FloatArray) -> IntArray | FloatArray:
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "iu":
        return ids_operand(op, "labels", cast(IntArray, labels))
    return operand(op, "labels", labels, logits, "logits")


def _ignored(op: str, ignore_index: int | None) -> int | None:
    if ignore_index is None:
        return None
    ignored = int_argument(op, "ignore_index", ignore_index, expected="an int or None")
    if not -(2**63) <= ignored < 2**63:
        raise ValueError(f"{op}: ignore_index is {ignore_index}; expected a 64-bit integer")
    return ignored
