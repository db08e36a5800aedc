"""Recurrent modules and cells of torch, brought over."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import torch_models as modules  # noqa: E402
from from_torch_checks import floats  # noqa: E402
from torch import nn  # noqa: E402

from foldgate.models import from_torch  # noqa: E402


class Unrolled(nn.Module):
    """A loop of one's own over a cell."""

    def __init__(self, cell):
        super().__init__()
        self.cell, self.states = cell, 2 if isinstance(cell, nn.LSTMCell) else 1

    def forward(self, x):
        state = None
        for t in range(4):
            state = self.cell(x[:, t], state)
        return state[0] * state[1] if self.states == 2 else state


@pytest.mark.parametrize(
    "cell",
    [
        nn.LSTMCell(3, 5),
        nn.GRUCell(3, 5),
        nn.RNNCell(3, 5, bias=False),
        nn.RNNCell(3, 5, nonlinearity="relu"),
    ],
    ids=str,
)
def test_cells(cell):
    module, x = modules.settle(Unrolled(cell)), floats(2, 4, 3)
    model = from_torch(module, x)
    with torch.no_grad():
        np.testing.assert_allclose(model(x.numpy()), module(x).numpy(), rtol=1e-5, atol=1e-5)
    assert len(model.weights) == (3 if cell.bias else 2)  # one layer for all steps


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bias": False, "dropout": 0.3}])
def test_projected_lstm(bidirectional, options):
    ways, depth = 2 if bidirectional else 1, options.get("num_layers", 1)

    class All(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 6, proj_size=2, batch_first=True, bidirectional=bidirectional, **options)

        def forward(self, x, h, c):
            y, (h, c) = self.lstm(x, (h, c))
            again, _ = self.lstm(x)
            return y, h, c, again

    module = modules.settle(All())
    given = [floats(2, 5, 3), floats(ways * depth, 2, 2, seed=1), floats(ways * depth, 2, 6, seed=2)]
    model = from_torch(module, tuple(given), free_axes=((0, 1), (1,), (1,)))
    given = [floats(3, 7, 3), floats(ways * depth, 3, 2, seed=1), floats(ways * depth, 3, 6, seed=2)]
    with torch.no_grad():
        for a, b in zip(model([x.numpy() for x in given]), module(*given), strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bias": False, "dropout": 0.3}])
def test_recurrent_modules(kind, bidirectional, batch_first, options):
    class All(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = getattr(nn, kind)(
                3, 4, bidirectional=bidirectional, batch_first=batch_first, **options
            )

        def forward(self, x):
            y, states = self.rnn(x)
            h, c = states if kind == "LSTM" else (states, states)
            return y, h, c

    module = modules.settle(All())
    x, longer = floats(2, 5, 3), floats(3, 7, 3)
    model = from_torch(module, x, free_axes=(0, 1))
    with torch.no_grad():
        for a, b in zip(model(longer.numpy()), module(longer), strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-5, atol=1e-5)


def test_recurrent_module_with_states_and_relu():
    class Given(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.RNN(3, 4, 2, nonlinearity="relu", batch_first=True)
            self.lstm = nn.LSTM(4, 4, 2, batch_first=True)

        def forward(self, x, h):
            y, h = self.rnn(x, h)
            zeros = torch.zeros(2, x.size(0), 4)
            return self.lstm(y, (zeros, zeros))[0], h

    module = modules.settle(Given())
    x, h = floats(2, 5, 3), floats(2, 2, 4, seed=1)
    model = from_torch(module, (x, h), free_axes=((0, 1), (1,)))
    with torch.no_grad():
        for a, b in zip(model([x.numpy(), h.numpy()]), module(x, h), strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-5, atol=1e-5)
