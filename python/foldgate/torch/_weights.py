"""Weights of convolutions in the kernels' layout and back.

torch has (O, I, *k), or (O, *k, I) where channels are last, foldgate (*k, I, O); transposed convolutions have
input and output the other way round in both, so that one permutation serves all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from foldgate.ops._layout import kernel_from_weights, weights_from_kernel
from foldgate.torch._layout import is_dense


def kernel_of(weight: Any) -> Any:
    """A copy of a dense weight as the array that the kernels read."""
    array = weight.detach().numpy()
    if weight.is_contiguous():
        return kernel_from_weights(array)
    outputs, inputs, *taps = array.shape
    rows = np.moveaxis(array, 1, -1).reshape(outputs, -1)
    return kernel_from_weights(rows).reshape(*taps, inputs, outputs)


def weight_gradient(dkernel: Any, weight: Any) -> Any:
    """The gradient of a weight, in the weight's own layout, of that of its kernel."""
    if not is_dense(weight):  # as hooks on what autograd saves may hand it back
        weight = weight.contiguous()
    if not weight.is_contiguous():
        dkernel = dkernel.reshape(-1, dkernel.shape[-1])
    return torch.from_numpy(weights_from_kernel(dkernel)).as_strided(weight.shape, weight.stride())
