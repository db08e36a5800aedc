"""The normalisations against torch and its autograd; torch's batch norm has its channels at axis 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support import assert_close

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)


def operands(rng: np.random.Generator, shape: Any, weights: Any, dtype: Any) -> list[Any]:
    """x, dy, gamma and beta."""
    x, dy = rng.standard_normal((2, *shape)).astype(dtype)
    return [x, dy, *rng.standard_normal((2, *weights)).astype(dtype)]


def gradients(function: Any, dy: Any, *arrays: Any) -> list[Any]:
    """The result of a torch function of arrays, and their gradients."""
    tensors = [torch.tensor(np.ascontiguousarray(a), requires_grad=True) for a in arrays]
    y = function(*tensors)
    y.backward(torch.tensor(np.ascontiguousarray(dy)))
    return [y.detach().numpy(), *(t.grad.numpy() for t in tensors)]


def compare(found: Any, expected: Any, dtype: Any) -> None:
    for name, a, b in zip(("y", "dx", "dgamma", "dbeta"), found, expected, strict=False):
        assert_close(a, b, 100 * float(np.finfo(dtype).eps) * max(1.0, float(np.abs(b).max())), name)


def last(array: Any) -> Any:
    return np.ascontiguousarray(np.moveaxis(array, 1, -1))


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("shape", [(9, 5), (4, 17, 6), (3, 6, 5, 7), (2, 3, 4, 5, 6)])
def test_batch_norm(shape: Any, channels_last: bool, ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    x, dy, gamma, beta = operands(rng, shape, (shape[1],), dtype)
    norm = torch.nn.functional.batch_norm

    def function(x: Any, gamma: Any, beta: Any) -> Any:
        return norm(x, None, None, gamma, beta, training=True, eps=1e-3)

    expected = gradients(function, dy, x, gamma, beta)
    mean, variance = x.mean(axis=(0, *range(2, x.ndim))), np.ones(shape[1], dtype)
    frozen = gradients(
        lambda x, g, b: norm(x, torch.tensor(mean), torch.tensor(variance), g, b, eps=1e-3),
        dy,
        x,
        gamma,
        beta,
    )
    axis = 1
    if channels_last:
        x, dy, axis = last(x), last(dy), -1
        for results in (expected, frozen):
            results[:2] = last(results[0]), last(results[1])
    y, *statistics = ops.batch_norm(x, gamma, beta, axis=axis)
    compare([y, *ops.batch_norm_backward(dy, x, *statistics, gamma, axis=axis)], expected, dtype)
    y = ops.batch_norm_inference(x, mean, variance, gamma, beta, axis=axis)
    found = ops.batch_norm_inference_backward(dy, x, mean, variance, gamma, axis=axis)
    compare([y, *found], frozen, dtype)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("shape", [(4, 6, 7), (3, 6, 5, 7)])
def test_group_norm(
    shape: Any, groups: int, channels_last: bool, ops: Any, dtype: Any, rng: np.random.Generator
) -> None:
    x, dy, gamma, beta = operands(rng, shape, (shape[1],), dtype)
    expected = gradients(
        lambda x, g, b: torch.nn.functional.group_norm(x, groups, g, b, eps=1e-3), dy, x, gamma, beta
    )
    axis = 1
    if channels_last:
        x, dy, axis = last(x), last(dy), -1
        expected[:2] = last(expected[0]), last(expected[1])
    y, *statistics = ops.group_norm(x, gamma, beta, groups=groups, axis=axis, return_statistics=True)
    found = ops.group_norm_backward(dy, x, *statistics, gamma, groups=groups, axis=axis)
    compare([y, *found], expected, dtype)


@pytest.mark.parametrize("shape, axes", [((9, 5), 1), ((4, 6, 33), 1), ((4, 6, 7), 2), ((700,), 1)])
def test_layer_and_rms_norm(shape: Any, axes: int, ops: Any, dtype: Any, rng: np.random.Generator) -> None:
    width = shape[len(shape) - axes :]
    x, dy, gamma, beta = operands(rng, shape, width, dtype)
    axis = tuple(range(-axes, 0))
    functional = torch.nn.functional
    expected = gradients(lambda x, g, b: functional.layer_norm(x, width, g, b, eps=1e-3), dy, x, gamma, beta)
    y, *statistics = ops.layer_norm(x, gamma, beta, axis=axis, return_statistics=True)
    compare([y, *ops.layer_norm_backward(dy, x, *statistics, gamma, axis=axis)], expected, dtype)
    expected = gradients(lambda x, g: functional.rms_norm(x, width, g, eps=1e-6), dy, x, gamma)
    y, _, rstd = ops.rms_norm(x, gamma, axis=axis, return_statistics=True)
    compare([y, *ops.rms_norm_backward(dy, x, rstd, gamma, axis=axis)[:2]], expected, dtype)
