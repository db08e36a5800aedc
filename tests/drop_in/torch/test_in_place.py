"""Operands and results written to between forward and backward: torch's error, or the right gradient."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence  # noqa: E402
from torch_modules import by_foldgate, tensors  # noqa: E402

import foldgate.torch  # noqa: E402

RECURRENT = ("LSTM", "GRU", "RNN")
LAYOUTS = {
    "as made": lambda x: x,
    "axes exchanged": lambda x: x.transpose(0, 1).contiguous().transpose(0, 1),
    "every other row": lambda x: x.repeat_interleave(2, 0)[::2],
}


def gradients(module, x, states, write):
    """Of all operands after `write(leaves, results)`, or None where autograd raises its error."""
    x = x._replace(data=x.data.clone()) if isinstance(x, PackedSequence) else x
    leaves = [t.detach().requires_grad_() for t in (*tensors(x), *states)]
    given = PackedSequence(leaves[0], *x[1:]) if isinstance(x, PackedSequence) else leaves[0]
    hx = tuple(leaves[1:]) if len(states) > 1 else leaves[1] if states else None
    results = tensors(module(given, hx) if states else module(given))
    loss = sum((y * y.detach().cos()).sum() for y in results if y.is_floating_point())
    with torch.no_grad():
        write(leaves, results)
    try:
        loss.backward()
    except RuntimeError as error:
        assert "modified" in str(error) and "inplace" in str(error)
        return None
    return [t.grad for t in (*leaves, *module.parameters())]


def outcomes(module, x, write, states=()):
    """What torch's module and foldgate's have for gradients."""
    found = []
    for accelerated in (False, True):
        called = copy.deepcopy(module)
        operands = copy.deepcopy((x, states))
        if not accelerated:
            found.append(gradients(called, *operands, lambda a, b, m=called: write(m, a, b)))
            continue
        foldgate.torch.accelerate(called)
        with by_foldgate():
            found.append(gradients(called, *operands, lambda a, b, m=called: write(m, a, b)))
    return found


def check(module, x, write, states=()):
    """Both raise, or both have the same gradients."""
    expected, found = outcomes(module, x, write, states)
    assert (found is None) == (expected is None)
    if expected is not None:
        torch.testing.assert_close(found, expected)


def write_to_operand(index):
    return lambda module, operands, results: operands[index].add_(1)


def write_to_weight(module, operands, results):
    """As an optimizer's step does."""
    for weight in module.parameters():
        weight.add_(1)


def made(kind, **options):
    return getattr(nn, kind)(4, 5, dtype=torch.float64, **options)


def states_of(kind, depth=1, layout=LAYOUTS["as made"]):
    return tuple(
        layout(torch.randn(depth, 3, 5, dtype=torch.float64)) for _ in range(2 if kind == "LSTM" else 1)
    )


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("layout", ("as made", "axes exchanged"))
@pytest.mark.parametrize("first", (False, True), ids=("steps first", "batch first"))
@pytest.mark.parametrize("batch", (1, 3))
@pytest.mark.parametrize("depth", (1, 2))
def test_inputs_of_recurrent_modules(kind, layout, first, batch, depth):
    x = LAYOUTS[layout](torch.randn(*((batch, 7) if first else (7, batch)), 4, dtype=torch.float64))
    module = made(kind, batch_first=first, num_layers=depth, bidirectional=depth == 2)
    check(module, x, write_to_operand(0))


@pytest.mark.parametrize("kind", RECURRENT)
def test_inputs_of_one_sequence(kind):
    check(made(kind), torch.randn(7, 4, dtype=torch.float64), write_to_operand(0))


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("sort", (False, True))
def test_packed_sequences(kind, sort):
    lengths = torch.tensor([7, 5, 3] if sort else [3, 7, 5])
    rows = torch.randn(3, 7, 4, dtype=torch.float64)
    packed = pack_padded_sequence(rows, lengths, batch_first=True, enforce_sorted=sort)
    for index in range(1 + len(states_of(kind))):
        check(made(kind), packed, write_to_operand(index), states_of(kind))


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("first", (False, True), ids=("steps first", "batch first"))
def test_initial_states(kind, first):
    x = torch.randn(*((3, 7) if first else (7, 3)), 4, dtype=torch.float64)
    for index, _ in enumerate(states_of(kind), 1):
        check(made(kind, batch_first=first), x, write_to_operand(index), states_of(kind))
        check(made(kind, batch_first=first, num_layers=2), x, write_to_operand(index), states_of(kind, 2))


@pytest.mark.parametrize("kind", ("GRU", "RNN"))
def test_initial_states_that_the_kernels_copy(kind):
    states = states_of(kind, 2, LAYOUTS["axes exchanged"])
    x = torch.randn(7, 3, 4, dtype=torch.float64)
    check(made(kind, num_layers=2), x, write_to_operand(1), states)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("index", (0, 1))
def test_results_of_recurrent_modules(kind, index):
    def write(module, operands, results):
        results[index].add_(1)

    check(made(kind, num_layers=2), torch.randn(7, 3, 4, dtype=torch.float64), write)


@pytest.mark.parametrize("kind", [*RECURRENT, "LSTMCell", "GRUCell", "RNNCell"])
def test_weights_that_an_optimizer_steps(kind):
    shape = (3, 4) if kind.endswith("Cell") else (7, 3, 4)
    check(made(kind), torch.randn(shape, dtype=torch.float64), write_to_weight)


@pytest.mark.parametrize("kind", RECURRENT)
def test_biases_of_recurrent_modules(kind):
    def write(module, operands, results):
        module.bias_hh_l0.add_(1)

    check(made(kind), torch.randn(7, 3, 4, dtype=torch.float64), write)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("name", ("bias_ih_l0", "bias_hh_l0_reverse"))
def test_gradients_of_gradients_are_of_the_biases_as_they_were(kind, name):
    module = made(kind, bidirectional=True)
    x = torch.randn(7, 3, 4, dtype=torch.float64, requires_grad=True)

    def second_order(module):
        y, _ = module(x)
        with torch.no_grad():
            getattr(module, name).mul_(1.5).add_(1)
        (dx,) = torch.autograd.grad(y.sin().sum(), x, create_graph=True)
        return torch.autograd.grad(dx.square().sum(), (x, *module.parameters()))

    expected = second_order(copy.deepcopy(module))
    with by_foldgate():
        found = second_order(foldgate.torch.accelerate(module))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("kind", ("LSTMCell", "GRUCell", "RNNCell"))
@pytest.mark.parametrize("layout", ("as made", "every other row"))
def test_operands_of_cells(kind, layout):
    x = LAYOUTS[layout](torch.randn(3, 4, dtype=torch.float64))
    states = tuple(LAYOUTS[layout](s[0]) for s in states_of(kind[:-4]))
    for index in range(1 + len(states)):
        check(made(kind), x, write_to_operand(index), states)


CONVOLUTIONS = {
    "conv": nn.Conv2d(3, 4, 3),
    "conv, weight last": nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last),
    "transposed": nn.ConvTranspose2d(3, 4, 3),
    "transposed, weight last": nn.ConvTranspose2d(3, 4, 3).to(memory_format=torch.channels_last),
}
POOLS = {
    "max pool": nn.MaxPool2d(2),
    "max pool with indices": nn.MaxPool2d(2, return_indices=True),
    "average pool": nn.AvgPool2d(2),
    "adaptive average": nn.AdaptiveAvgPool2d(2),
    "adaptive max": nn.AdaptiveMaxPool2d(2),
}
IMAGES = {
    **LAYOUTS,
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "one image": lambda x: x[0],
}


@pytest.mark.parametrize("module", (*CONVOLUTIONS.values(), *POOLS.values()), ids=(*CONVOLUTIONS, *POOLS))
@pytest.mark.parametrize("layout", IMAGES)
def test_inputs_of_convolutions_and_pools(module, layout):
    check(module, IMAGES[layout](torch.randn(2, 3, 6, 6)), write_to_operand(0))


@pytest.mark.parametrize("module", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
@pytest.mark.parametrize("name", ("weight", "bias"))
def test_weights_of_convolutions(module, name):
    def write(module, operands, results):
        getattr(module, name).add_(1)

    check(module, torch.randn(2, 3, 6, 6), write)


@pytest.mark.parametrize("module", (*CONVOLUTIONS.values(), *POOLS.values()), ids=(*CONVOLUTIONS, *POOLS))
def test_results_of_convolutions_and_pools(module):
    def write(module, operands, results):
        results[0].add_(1)

    check(module, torch.randn(2, 3, 6, 6), write)
