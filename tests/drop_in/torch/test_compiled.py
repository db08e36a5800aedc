"""Under torch.compile swapped modules stay foldgate's: one graph, equal numbers and gradients."""

from __future__ import annotations

import copy
import os

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch_modules import at_any_size, by_foldgate, close, tensors  # noqa: E402

import foldgate.torch  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
OPS = torch.ops.foldgate
CONVOLUTION = ([1, 1], [1, 1], [0, 0], [1, 1], 1)


@pytest.fixture(autouse=True)
def _graphs():
    """Fresh graphs, with recurrent modules in them: torch's compiler leaves those out unless it is told."""
    torch.compiler.reset()
    with torch._dynamo.config.patch(allow_rnn=True):
        yield


class Convolutions(nn.Module):
    """Every kind of convolution and pool, in both layouts."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv1d(2, 4, 3, padding="same"), nn.ReLU(True), nn.MaxPool1d(2))
        self.second = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), nn.AvgPool2d(2))
        self.third = nn.Sequential(nn.ConvTranspose2d(2, 2, 2, 2), nn.AdaptiveAvgPool2d(3))
        self.pairs = nn.AdaptiveMaxPool2d(2, return_indices=True)

    def forward(self, x):
        y = self.second(self.first(x).unsqueeze(1)).contiguous(memory_format=torch.channels_last)
        y, indices = self.pairs(self.third(y))
        return y, indices


class Recurrences(nn.Module):
    """LSTM with projection and states, GRU of two layers and directions, RNN."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, proj_size=2)
        self.gru = nn.GRU(2, 3, 2, bidirectional=True, batch_first=True)
        self.rnn = nn.RNN(6, 2, nonlinearity="relu", bias=False)

    def forward(self, x, h, c):
        y, last = self.lstm(x, (h, c))
        y, other = self.gru(y.transpose(0, 1))
        return self.rnn(y)[0], *last, other


CASES = {
    "convolutions": (Convolutions, [(2, 2, 12)]),
    "recurrences": (Recurrences, [(4, 2, 3), (1, 2, 2), (1, 2, 4)]),
}


def outcome(module, inputs, gradient):
    inputs = [x.detach().clone().requires_grad_(gradient) for x in inputs]
    module.zero_grad()
    with torch.set_grad_enabled(gradient):
        results = tensors(module(*inputs))
    if gradient:
        sum((y.sin() * 1.5).sum() for y in results if y.is_floating_point()).backward()
        results += [x.grad for x in inputs] + [p.grad for p in module.parameters()]
    return results


def held_equal(backend, model, shapes, dtype, **options):
    torch.manual_seed(0)
    plain = model().to(dtype)
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    inputs = [torch.randn(shape, dtype=dtype) for shape in shapes]
    for gradient in (True, False):
        expected = outcome(plain, inputs, gradient)
        with by_foldgate():
            compiled = torch.compile(fast, backend=backend, fullgraph=True, **options)
            for _ in range(2):
                for y, e in zip(outcome(compiled, inputs, gradient), expected, strict=True):
                    assert y.shape == e.shape and y.dtype == e.dtype
                    close(y, e, 1e-9 if dtype == torch.float64 else 1e-5)


@pytest.mark.parametrize("backend", ("eager", "aot_eager"))
@pytest.mark.parametrize(("model", "shapes"), CASES.values(), ids=CASES)
def test_one_graph_of_equal_numbers(backend, model, shapes):
    held_equal(backend, model, shapes, torch.float64)


@pytest.mark.skipif(
    "FOLDGATE_TEST_INDUCTOR" not in os.environ,
    reason="inductor compiles C++ for a minute: FOLDGATE_TEST_INDUCTOR=1",
)
@pytest.mark.parametrize(("model", "shapes"), CASES.values(), ids=CASES)
def test_inductor(model, shapes):
    held_equal("inductor", model, shapes, torch.float32)


CALLS = {
    "convolution": (OPS.convolution, [(2, 3, 5, 5), (4, 3, 3, 3), (4,), True, *CONVOLUTION, False, False]),
    "channels last": (OPS.convolution, [(2, 3, 5, 5), (4, 3, 3, 3), None, True, *CONVOLUTION, False, True]),
    "inference": (OPS.convolution, [(2, 3, 5), (4, 3, 3), (4,), False, [1], [-1], [0], [1], 1, False, False]),
    "transposed": (
        OPS.convolution,
        [(2, 3, 5), (3, 4, 3), (4,), True, [2], [1], [1], [1], 1, True, False],
    ),
    "max pool": (OPS.pool, [(2, 3, 4, 4), "max_pool", [2, 2, 2, 2, 0, 0, 1, 1], [False], True, "taps"]),
    "average pool": (OPS.pool, [(2, 3, 4), "average_pool", [2, 2, 0], [False, True], False, ""]),
    "adaptive max pool": (OPS.pool, [(2, 3, 4), "adaptive_max_pool", [2], [], False, "positions"]),
    "lstm": (
        OPS.recurrent_layer,
        [
            (2, 3, 4), (2, 2, 5), (2, 2, 5), [(20, 4), (20, 5), (20,), (20,)] * 2,
            True, "LSTM", 2, True, False, False,
        ],
    ),
    "gru": (
        OPS.recurrent_layer,
        [(2, 3, 4), (1, 3, 5), None, [(15, 4), (15, 5)], True, "GRU", 1, False, False, True],
    ),
    "rnn": (
        OPS.recurrent_layer,
        [(2, 3, 4), None, None, [(5, 4), (5, 5)], False, "RNN_TANH", 1, False, False, True],
    ),
}  # fmt: skip


def operand(value, gradient):
    """A tensor of a shape; what is no tuple is itself."""
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return [operand(v, gradient) for v in value]
    if not isinstance(value, tuple):
        return value
    return torch.randn(value, dtype=torch.float64, requires_grad=gradient)


@pytest.mark.parametrize(("name", "op", "values"), [(n, *c) for n, c in CALLS.items()], ids=CALLS)
def test_ops_are_what_torch_is_told_of_them(name, op, values):
    arguments = tuple(operand(value, name not in ("inference", "rnn")) for value in values)
    torch.library.opcheck(op.default, arguments)


def test_gradients_of_gradients_of_a_compiled_model():
    plain = nn.Conv1d(2, 2, 2, dtype=torch.float64)
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    x = torch.randn(1, 2, 4, dtype=torch.float64, requires_grad=True)

    def second_order(module):
        (dx,) = torch.autograd.grad(module(x).sin().sum(), x, create_graph=True)
        return torch.autograd.grad(dx.square().sum(), (x, module.weight, module.bias))

    expected = second_order(plain)
    with by_foldgate():
        fast.compile(backend="eager", fullgraph=True)
        for g, e in zip(second_order(fast), expected, strict=True):
            close(g, e, 1e-9)


def test_what_goes_to_torch_goes_there_when_compiled():
    model = foldgate.torch.accelerate(nn.Sequential(nn.Conv1d(3, 4, 3), nn.MaxPool1d(2)))
    plain = foldgate.torch.restore(copy.deepcopy(model))
    x = torch.randn(2, 3, 12)
    with at_any_size():
        compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
        with torch.autocast("cpu"):
            torch.testing.assert_close(compiled(x), plain(x))
        program = torch.export.export(model, (x,))
    assert "foldgate" not in str(program.graph)


class Tagger(nn.Module):
    """A convolution, and two recurrent modules over which torch's compiler breaks its graph."""

    def __init__(self):
        super().__init__()
        self.conv, self.pool = nn.Conv1d(3, 4, 3, padding=1), nn.MaxPool1d(2)
        self.gru = nn.GRU(4, 5, 2, batch_first=True, bidirectional=True)
        self.lstm = nn.LSTM(10, 3, batch_first=True)

    def forward(self, x):
        y, _ = self.gru(self.pool(self.conv(x)).transpose(1, 2))
        return self.lstm(y)[0]


def test_compiled_training_steps_compile_once_and_nothing_of_foldgate():
    torch.manual_seed(0)
    plain = Tagger()
    xs = torch.randn(4, 2, 3, 12)

    def losses(model, compiled):
        optimizer = torch.optim.SGD(model.parameters(), 0.1)

        def step(x):
            optimizer.zero_grad()
            loss = model(x).square().sum()
            loss.backward()
            optimizer.step()
            return loss

        run = torch.compile(step, backend="eager") if compiled else step
        found = [run(xs[0])]
        with torch._dynamo.config.patch(error_on_recompile=True):
            return found + [run(x) for x in xs[1:]]

    expected = losses(copy.deepcopy(plain), compiled=False)
    with by_foldgate(), torch._dynamo.config.patch(allow_rnn=False):
        torch._dynamo.utils.counters.clear()
        fast = foldgate.torch.accelerate(plain)
        close(torch.stack(losses(fast, compiled=True)), torch.stack(expected), 1e-5)
    # The step up to the loss is split at the two; the optimizer has a graph of its own.
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] <= 4
