"""Composite graphs on the tape against torch.autograd, in float64: values, gradients, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import foldgate
from foldgate import GradientTape, ops

torch = pytest.importorskip(
    "torch", reason="torch is the oracle here; `pip install torch` to run these tests"
)

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.standard_normal(shape)


def perceptron(np_, x, w, b, v):
    h = np_.tanh(x @ w + b)
    return ((h @ v) ** 2).mean() + np_.exp(-np_.abs(h)).sum()


def scores(np_, q, k, v):
    s = np_.einsum("btd,bsd->bts", q, k) / 2.0
    e = np_.exp(s)
    return (np_.einsum("bts,bsd->btd", e / e.sum(-1)[..., None], v) ** 3).sum()


def pieces(np_, x, y):
    a, b = x[:, ::2], x[:, 1::2]
    joined = np_.stack([a * y[0], b / (1.0 + y[1] ** 2)], 1).reshape(-1, 3)
    picked = joined[np_.where(joined[:, 0] > 0.0)]
    return (np_.log1p(np_.square(picked)) * np_.maximum(picked, joined[:1])).sum() + picked.max() * x.var()


def rows(np_, x, gamma, beta):
    centred = x - x.mean(-1)[..., None]
    scaled = centred / np_.sqrt(np_.square(centred).mean(-1)[..., None] + 1e-3)
    return np_.sin(scaled * gamma + beta).sum() + np_.clip(x, -0.5, 0.5).sum() + x.prod()


GRAPHS = {
    perceptron: (normal(5, 3), normal(3, 4), normal(4), normal(4, 2)),
    scores: (normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 4)),
    pieces: (normal(4, 6), normal(2, 3)),
    rows: (normal(3, 2), normal(2), normal(2)),
}


@pytest.fixture(autouse=True)
def numpy_variance(monkeypatch):
    """numpy's var has no correction, torch's has one."""
    plain = torch.Tensor.var
    monkeypatch.setattr(
        torch.Tensor, "var", lambda self, **options: plain(self, **{"correction": 0, **options})
    )


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.__name__)
def test_first_order(graph):
    arrays = GRAPHS[graph]
    with GradientTape() as tape:
        inputs = tape.watch(arrays)
        y = graph(np, *inputs)
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    expected = graph(torch, *tensors)
    expected.backward()
    np.testing.assert_allclose(float(y), expected.item(), rtol=1e-12)
    for gradient, tensor in zip(tape.gradient(y, inputs), tensors, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("graph", [perceptron, scores, pieces], ids=lambda graph: graph.__name__)
def test_second_order(graph):
    """The gradient of the squared norm of the gradient, as in a gradient penalty."""
    arrays = GRAPHS[graph]
    with GradientTape() as outer:
        inputs = outer.watch(arrays)
        with GradientTape() as inner:
            y = graph(np, *inner.watch(inputs))
        penalty = sum(np.sum(np.square(g)) for g in inner.gradient(y, inputs))
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    first = torch.autograd.grad(graph(torch, *tensors), tensors, create_graph=True)
    expected = torch.autograd.grad(sum((g * g).sum() for g in first), tensors)
    for gradient, other in zip(outer.gradient(penalty, inputs), expected, strict=True):
        np.testing.assert_allclose(gradient, other.numpy(), rtol=1e-9, atol=1e-10)


def test_a_small_network():
    """Convolution, pooling, an LSTM over the rows and a softmax's cross-entropy, each one node."""
    x, kernel, bias = normal(2, 8, 6, 3), normal(3, 3, 3, 4), normal(4)
    weights = [normal(12, 20), normal(5, 20), normal(20)]
    dense, labels = normal(5, 3), np.array([2, 0])
    variables = [foldgate.Variable(value) for value in (kernel, bias, *weights, dense)]
    with GradientTape() as tape:
        k, b, *lstm, d = variables
        pooled = ops.max_pool(ops.conv(x, k, b, padding="same", activation="relu"))
        _, h, _ = ops.lstm(np.reshape(pooled, (2, 4, 12)), *lstm)
        loss = np.mean(ops.softmax_cross_entropy(ops.matmul(h, d), labels)[0])
    found = tape.gradient(loss, variables)

    tensors = [torch.tensor(value, requires_grad=True) for value in (kernel, bias, *weights, dense)]
    k, b, w, r, c, d = tensors
    y = torch.conv2d(torch.tensor(x).permute(0, 3, 1, 2), k.permute(3, 2, 0, 1), b, padding=1).relu()
    steps = torch.max_pool2d(y, 2).permute(0, 2, 3, 1).reshape(2, 4, 12)
    h, cell = torch.zeros(2, 5, dtype=torch.float64), torch.zeros(2, 5, dtype=torch.float64)
    for t in range(4):
        i, f, g, o = (steps[:, t] @ w + h @ r + c).chunk(4, 1)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        h = o.sigmoid() * cell.tanh()
    expected = torch.nn.functional.cross_entropy(h @ d, torch.tensor(labels))
    expected.backward()
    np.testing.assert_allclose(float(loss), expected.item(), rtol=1e-10)
    for gradient, tensor in zip(found, tensors, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-8, atol=1e-11)
