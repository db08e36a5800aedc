"""Accelerated LSTM, GRU, RNN and cells against torch's: every option, packed sequences, dropout."""

from __future__ import annotations

import copy
import itertools

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence  # noqa: E402
from torch.profiler import profile  # noqa: E402
from torch_modules import by_foldgate, compare, tensors  # noqa: E402

import foldgate.torch  # noqa: E402

LENGTHS = {3: [3, 7, 5], 7: [1, 3, 2, 3, 1, 2, 1]}


class Called(nn.Module):
    """A recurrent module, called on a packed sequence or a tensor, with states or without."""

    def __init__(self, module, packed):
        super().__init__()
        self.module, self.packed = module, packed

    def forward(self, x, *states):
        if self.packed:
            first = self.module.batch_first
            lengths = torch.tensor(LENGTHS[x.shape[0 if first else 1]])
            x = pack_padded_sequence(x, lengths, batch_first=first, enforce_sorted=False)
        hx = () if not states else (states,) if self.module.mode == "LSTM" else states
        return self.module(x, *hx)


def made(kind, layers, both, first, dropout, bias, projection=0):
    options = {"proj_size": projection} if projection else {}
    if kind == "RNN":
        options["nonlinearity"] = "relu" if both else "tanh"
    options |= {"bias": bias, "batch_first": first, "dropout": dropout, "bidirectional": both}
    return getattr(nn, kind)(4, 5, layers, dtype=torch.float64, **options)


def states_of(module, batch):
    depth = module.num_layers * (1 + module.bidirectional)
    widths = (module.proj_size or 5, 5) if module.mode == "LSTM" else (5,)
    return [torch.randn(depth, batch, width, dtype=torch.float64) for width in widths]


OPTIONS = [
    (layers, both, first, dropout, bias)
    for layers, both, first, dropout, bias in itertools.product(
        (1, 2), (False, True), (False, True), (0, 0.5), (True, False)
    )
    if layers > 1 or not dropout
]


@pytest.mark.parametrize("kind", ("LSTM", "GRU", "RNN"))
@pytest.mark.parametrize("packed", (False, True), ids=("plain", "packed"))
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_sequences_are_torchs(kind, options, packed):
    module = made(kind, *options)
    x = torch.randn(3, 7, 4, dtype=torch.float64)
    compare(Called(module, packed), x)
    compare(Called(module, packed), x, *states_of(module, 3 if module.batch_first else 7))
    if not packed:
        compare(module, x[0])


@pytest.mark.parametrize("packed", (False, True), ids=("plain", "packed"))
@pytest.mark.parametrize("layers", (1, 2))
@pytest.mark.parametrize("both", (False, True))
def test_projections_are_torchs(layers, both, packed):
    module = made("LSTM", layers, both, True, 0, True, projection=3)
    x = torch.randn(3, 7, 4, dtype=torch.float64)
    compare(Called(module, packed), x)
    compare(Called(module, packed), x, *states_of(module, 3))


@pytest.mark.parametrize("kind", ("LSTM", "GRU", "RNN"))
def test_unbatched_states(kind):
    module = made(kind, 2, True, False, 0, True)
    states = [s[:, 0] for s in states_of(module, 1)]
    compare(Called(module, False), torch.randn(7, 4, dtype=torch.float64), *states)


@pytest.mark.parametrize("kind", ("LSTM", "GRU", "RNN"))
def test_float32_within_its_rounding(kind):
    compare(getattr(nn, kind)(8, 16, 2, bidirectional=True), torch.randn(20, 4, 8), tolerance=1e-5)


@pytest.mark.parametrize(
    ("kind", "options"), (("LSTM", {}), ("LSTM", {"proj_size": 2}), ("GRU", {}), ("RNN", {}))
)
@pytest.mark.parametrize("gradient", (False, True))
def test_last_states_have_torchs_strides(kind, options, gradient):
    plain = getattr(nn, kind)(4, 5, dtype=torch.float64, **options)
    x = torch.ones(7, 3, 4, dtype=torch.float64)
    with torch.set_grad_enabled(gradient):
        expected = tensors(plain(x)[1])
        with by_foldgate():
            found = tensors(foldgate.torch.accelerate(plain)(x)[1])
    assert [s.stride() for s in found] == [s.stride() for s in expected]


@pytest.mark.parametrize("kind", ("LSTM", "GRU", "RNN"))
@pytest.mark.parametrize("first", (False, True))
@pytest.mark.parametrize("batch", (1, 3))
def test_results_can_be_viewed_and_written_to(kind, first, batch):
    """With the gradients of a multiplication out of place, also where the result is the kernels' own."""

    class Doubled(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = made(kind, 2, False, first, 0, True)
            self.in_place = False

        def forward(self, x):
            y = self.module(x)[0]
            return y.mul_(2).view(-1, 5) if self.in_place else (y * 2).reshape(-1, 5)

    plain = Doubled()
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    fast.in_place = True
    x = torch.randn(*((batch, 7) if first else (7, batch)), 4, dtype=torch.float64)
    plain(x).square().sum().backward()
    with by_foldgate():
        fast(x).square().sum().backward()
    for p, e in zip(fast.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(p.grad, e.grad, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ("LSTM", "GRU", "RNN"))
@pytest.mark.parametrize("bias", (True, False))
def test_cells_are_torchs(kind, bias):
    for options in ({}, {"nonlinearity": "relu"}) if kind == "RNN" else ({},):
        cell = getattr(nn, f"{kind}Cell")(4, 5, bias=bias, dtype=torch.float64, **options)
        compare(cell, torch.randn(3, 4, dtype=torch.float64))
        compare(cell, torch.randn(4, dtype=torch.float64))
        if kind != "LSTM":
            compare(cell, torch.randn(3, 4, dtype=torch.float64), torch.randn(3, 5, dtype=torch.float64))


def test_cells_walk_as_torchs():
    class Walk(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.LSTMCell(4, 5, dtype=torch.float64)

        def forward(self, x, h, c):
            for t in range(x.shape[1]):
                h, c = self.cell(x[:, t], (h, c))
            return h, c

    state = torch.randn(2, 3, 5, dtype=torch.float64)
    compare(Walk(), torch.randn(3, 6, 4, dtype=torch.float64), state[0], state[1])


@pytest.mark.parametrize("kind", ("LSTM", "GRU"))
def test_gradients_of_the_last_states_alone(kind):
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = made(kind, 1, True, True, 0, True)

        def forward(self, x):
            return tensors(self.module(x)[1])[0]

    compare(Last(), torch.randn(3, 7, 4, dtype=torch.float64))


@pytest.mark.parametrize("kind", ("LSTM", "GRU", "RNN"))
@pytest.mark.parametrize("both", (False, True))
def test_no_sequence_with_its_steps_first_is_copied(kind, both):
    module = foldgate.torch.accelerate(getattr(nn, kind)(4, 5, 2, bidirectional=both))
    x = torch.randn(7, 3, 4, requires_grad=True)

    def infer():
        with torch.no_grad():
            return module(x)[0]

    with by_foldgate():
        infer()  # keeps copies of the weights
        with profile() as profiled:
            results = module(x)[0], infer()
            results[0].backward(torch.ones_like(results[0]))
    assert all(a.is_contiguous() for a in (*results, x.grad))
    assert not {"aten::clone", "aten::copy_"} & {event.name for event in profiled.events()}
