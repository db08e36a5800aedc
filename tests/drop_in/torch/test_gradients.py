"""gradcheck and gradgradcheck, and small models trained as torch trains them."""

from __future__ import annotations

import copy
import sys
import weakref

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence  # noqa: E402
from torch_modules import by_foldgate, tensors  # noqa: E402

import foldgate.torch  # noqa: E402
from foldgate.torch import _sequence  # noqa: E402

CASES = {
    "conv": (nn.Conv2d(2, 2, 2, padding=1, dtype=torch.float64), (1, 2, 3, 3)),
    "transposed": (nn.ConvTranspose1d(2, 2, 2, 2, dtype=torch.float64), (1, 2, 3)),
    "max pool": (nn.MaxPool2d(2), (1, 2, 4, 4)),
    "average pool": (nn.AvgPool1d(2), (1, 2, 4)),
    "adaptive average": (nn.AdaptiveAvgPool2d(2), (1, 2, 3, 3)),
    "adaptive max": (nn.AdaptiveMaxPool2d(2), (1, 2, 3, 3)),
    "lstm": (nn.LSTM(2, 2, bidirectional=True, dtype=torch.float64), (2, 2, 2)),
    "gru": (nn.GRU(2, 2, 2, batch_first=True, dtype=torch.float64), (2, 2, 2)),
    "rnn": (nn.RNN(2, 2, dtype=torch.float64), (2, 2, 2)),
    "lstm cell": (nn.LSTMCell(2, 2, dtype=torch.float64), (2, 2)),
    "gru cell": (nn.GRUCell(2, 2, dtype=torch.float64), (2, 2)),
    "rnn cell": (nn.RNNCell(2, 2, dtype=torch.float64), (2, 2)),
    "packed": (nn.GRU(2, 2, batch_first=True, dtype=torch.float64), (2, 3, 2)),
}


@pytest.mark.parametrize(("module", "shape"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("check", (torch.autograd.gradcheck, torch.autograd.gradgradcheck))
def test_gradients_of_both_orders(module, shape, check, request):
    fast = foldgate.torch.accelerate(copy.deepcopy(module))
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    packed = "packed" in request.node.callspec.id
    names = [name for name, _ in fast.named_parameters()]

    def function(x, *weights):
        if packed:
            x = pack_padded_sequence(x, torch.tensor([2, 3]), batch_first=True, enforce_sorted=False)
        return tuple(tensors(torch.func.functional_call(fast, dict(zip(names, weights, strict=True)), (x,))))

    weights = [p.detach().clone().requires_grad_() for p in fast.parameters()]
    with by_foldgate():
        assert check(function, (x.requires_grad_(), *weights))


@pytest.mark.parametrize("kind", ("LSTMCell", "GRUCell", "RNNCell"))
def test_gradients_of_gradients_where_a_state_is_the_input(kind):
    cell = getattr(nn, kind)(3, 3, dtype=torch.float64)

    def second_order(cell):
        x = torch.linspace(-1, 1, 6, dtype=torch.float64).view(2, 3).requires_grad_()
        y = cell(x, (x, x) if kind == "LSTMCell" else x)
        (dx,) = torch.autograd.grad(tensors(y)[0].sin().sum(), x, create_graph=True)
        return dx, *torch.autograd.grad(dx.square().sum(), (x, *cell.parameters()))

    expected = second_order(copy.deepcopy(cell))
    with by_foldgate():
        found = second_order(foldgate.torch.accelerate(cell))
    torch.testing.assert_close(found, expected)


def test_gradients_of_gradients_read_one_filter_with_channels_last_as_it_lies():
    """torch refuses a gradient in another layout where its weight's is neither of two."""
    plain = nn.Conv2d(3, 1, (3, 2), dtype=torch.float64).to(memory_format=torch.channels_last)
    x = torch.randn(2, 4, 5, 3, dtype=torch.float64, requires_grad=True).movedim(-1, 1)
    dy = torch.randn(4, 1, 2, 2, dtype=torch.float64).transpose(0, -1)

    def first_order(module):
        return torch.autograd.grad(module(x), (x, module.weight), dy, create_graph=True)

    expected = first_order(plain)
    with by_foldgate():
        torch.testing.assert_close(first_order(foldgate.torch.accelerate(plain)), expected)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)])
        self.way = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if stride > 1 else nn.Identity()

    def forward(self, x):
        y = self.norms[0](self.first(x)).relu_()
        return (self.norms[1](self.second(y)) + self.way(x)).relu_()


def residual():
    return nn.Sequential(
        nn.Conv2d(3, 8, 7, 2, 3, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
        *(
            Block(*sizes)
            for sizes in ((8, 8, 1), (8, 8, 1), (8, 16, 2), (16, 16, 1), (16, 24, 2), (24, 24, 1))
        ),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 5),
    )


class Speech(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(10, 16, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool1d(2))
        self.gru = nn.GRU(16, 12, 2, batch_first=True, bidirectional=True, dropout=0.2)
        self.head = nn.Linear(24, 5)

    def forward(self, x):
        y = self.conv(x).transpose(1, 2)
        packed = pack_padded_sequence(y, torch.tensor([12, 9, 4, 11]), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.head(torch.cat((h[-2], h[-1]), 1))


def losses(model, x, target):
    torch.manual_seed(5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    found = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("last", (False, True), ids=("first", "last"))
@pytest.mark.parametrize(("dtype", "tolerance"), ((torch.float64, 1e-9), (torch.float32, 2e-3)), ids=str)
def test_a_residual_network_learns_as_torchs(last, dtype, tolerance):
    torch.manual_seed(0)
    plain = residual().to(dtype)
    x, target = torch.randn(4, 3, 32, 32, dtype=dtype), torch.arange(4)
    if last:
        plain, x = plain.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    expected = losses(plain, x, target)
    with by_foldgate():
        assert losses(fast, x, target) == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), ((torch.float64, 1e-9), (torch.float32, 1e-4)), ids=str)
def test_a_speech_network_learns_as_torchs(dtype, tolerance):
    torch.manual_seed(0)
    plain = Speech().to(dtype)
    x, target = torch.randn(4, 10, 24, dtype=dtype), torch.arange(4)
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    expected = losses(plain, x, target)
    with by_foldgate():
        assert losses(fast, x, target) == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize("kind", (nn.Conv2d, nn.ConvTranspose2d))
def test_a_loss_that_is_kept_keeps_no_weights(kind, monkeypatch):
    """Of a sum of the losses of all steps torch keeps nodes, and nothing that backward has read."""
    module, kernels = foldgate.torch.accelerate(kind(3, 4, 3)), []
    room = sys.modules[type(module).__module__]

    def kernel_of(weight):
        kernel = made(weight)
        kernels.append(weakref.ref(kernel))
        return kernel

    made = room.kernel_of
    monkeypatch.setattr(room, "kernel_of", kernel_of)
    with by_foldgate():
        loss = module(torch.randn(2, 3, 6, 6)).sum()
    loss.backward(retain_graph=True)
    assert kernels[0]() is not None
    loss.backward()
    assert kernels[0]() is None and len(kernels) == 1


@pytest.mark.parametrize("kind", (nn.Conv2d, nn.ConvTranspose2d))
def test_saved_tensors_may_come_back_with_gaps(kind):
    """As from hooks that keep them packed with others."""
    plain, x = kind(3, 4, 3), torch.randn(2, 3, 6, 6)
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    plain(x).square().sum().backward()
    pack, unpack = (lambda t: torch.stack((t, t), -1)), (lambda t: t[..., 0])
    with by_foldgate(), torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        fast(x).square().sum().backward()
    torch.testing.assert_close(fast.weight.grad, plain.weight.grad)


@pytest.mark.parametrize("kind", (nn.LSTM, nn.GRU, nn.RNN))
def test_a_loss_that_is_kept_keeps_neither_results_nor_weights_of_a_sequence(kind, monkeypatch):
    module, arrays = foldgate.torch.accelerate(kind(3, 4, bidirectional=True)), []

    def noted(function, arrays_of):
        def wrapper(*given):
            found = function(*given)
            arrays.extend(map(weakref.ref, arrays_of(found)))
            return found

        return wrapper

    monkeypatch.setattr(
        _sequence, "prepared", noted(_sequence.prepared, lambda found: [d.kernel for d in found])
    )
    monkeypatch.setattr(_sequence, "forward", noted(_sequence.forward, lambda found: [found[0]]))
    with by_foldgate():
        loss = module(torch.randn(5, 2, 3))[0].sum()
    loss.backward(retain_graph=True)
    first = module.weight_ih_l0.grad.clone()
    loss.backward()  # y is computed again
    torch.testing.assert_close(module.weight_ih_l0.grad, 2 * first, rtol=0, atol=0)
    assert [array() is None for array in arrays[:3]] == [True] * 3
