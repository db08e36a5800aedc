"""Weights that are computed at every reading, by parametrizations, hooks and pruning."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.utils import parametrize  # noqa: E402
from torch_modules import at_any_size, close, tensors  # noqa: E402

import foldgate.torch  # noqa: E402

PLANES, STEPS = (3, 4, 8, 8), (5, 3, 4)
MODULES = {
    "conv": (lambda: nn.Conv2d(4, 8, 3), "weight", PLANES),
    "reflected": (lambda: nn.Conv2d(4, 8, 3, padding=1, padding_mode="reflect"), "weight", PLANES),
    "transposed": (lambda: nn.ConvTranspose2d(4, 8, 3), "weight", PLANES),
    "lstm": (lambda: nn.LSTM(4, 5), "weight_hh_l0", STEPS),
    "gru": (lambda: nn.GRU(4, 5, 2, bidirectional=True), "weight_ih_l1", STEPS),
    "lstm cell": (lambda: nn.LSTMCell(4, 5), "weight_hh", (8, 4)),
    "rnn cell": (lambda: nn.RNNCell(4, 5), "weight_ih", (8, 4)),
}
every_module = pytest.mark.parametrize(("made", "name", "shape"), MODULES.values(), ids=MODULES)


class Counted(nn.Module):
    """The transposed storage of a weight: what it computes is not contiguous."""

    calls = 0

    def forward(self, weight):
        type(self).calls += 1
        return (2 * weight).transpose(0, 1).contiguous().transpose(0, 1)


@every_module
@pytest.mark.parametrize("gradient", (False, True))
@pytest.mark.parametrize("cast", (False, True))
def test_a_weight_is_computed_as_often_as_by_torch(made, name, shape, gradient, cast):
    plain = made()
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    x, counts = torch.randn(shape), []
    for module in (plain, fast):
        parametrize.register_parametrization(module, name, Counted())
        Counted.calls = 0
        with at_any_size(), torch.autocast("cpu", enabled=cast), torch.set_grad_enabled(gradient):
            module(x)
            module(x[:1])
        counts.append(Counted.calls)
    assert counts[0] == counts[1] > 0


@every_module
def test_a_spectral_norm_goes_the_same_steps(made, name, shape):
    x, results = torch.randn(shape), []
    torch.manual_seed(0)
    plain = made()
    for module in (copy.deepcopy(plain), foldgate.torch.accelerate(plain)):
        torch.manual_seed(1)
        nn.utils.parametrizations.spectral_norm(module, name)
        with at_any_size():
            module(x)
            results.append(tensors(module(x)))
    for y, e in zip(*results, strict=True):
        close(y, e, 1e-5)
