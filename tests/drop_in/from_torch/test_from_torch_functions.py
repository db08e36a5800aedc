"""Functions of torch, modules called twice and modules already accelerated, brought over."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import torch_models as modules  # noqa: E402
from from_torch_checks import SPATIAL, Of, check, floats  # noqa: E402
from torch import nn  # noqa: E402

from foldgate.models import from_torch  # noqa: E402
from foldgate.utils import clear_session  # noqa: E402

F = nn.functional


FUNCTIONS = {
    "arithmetic": lambda x: (x * 2 - 1) / 3 + x**2 - torch.exp(-x),
    "shapes": lambda x: x.view(x.size(0), -1, 5).permute(0, 2, 1).contiguous().reshape(x.shape[0], 5, 4, 6),
    "flatten": lambda x: torch.flatten(x, 1, 2) + x.flatten(1, 2),
    "transposed": lambda x: x.transpose(1, 2).transpose(-1, -2),
    "parts": lambda x: torch.cat([x.chunk(2, dim=1)[1], torch.split(x, [1, 3], dim=1)[1]], dim=1),
    "stacked": lambda x: torch.stack([x, x * 2], dim=2).unsqueeze(1).squeeze(1),
    "reduced": lambda x: x.mean((2, 3), keepdim=True) + torch.amax(x, dim=1, keepdim=True) - x.sum(),
    "largest": lambda x: x.max(dim=2)[0] - torch.min(x, dim=2)[0],
    "slices": lambda x: x[:, 1:, ::2] + x[:, :1, -3:],
    "pools": lambda x: F.max_pool2d(F.relu(x), 2) + F.avg_pool2d(x, 2) + F.adaptive_avg_pool2d(x, (3, 2)),
    "padded": lambda x: F.pad(x, (1, 0, 2, 1)),
    "interpolated": lambda x: F.interpolate(x, scale_factor=2.0, mode="nearest"),
    "activations": lambda x: F.silu(x).tanh() + torch.sigmoid(x).clamp(0.2, 0.7) + F.hardswish(F.gelu(x)),
    "softmax": lambda x: F.softmax(x, dim=-1) + x.softmax(1) + F.log_softmax(x, dim=3),
    "log_softmax": lambda x: F.log_softmax(x, dim=1) + x.log_softmax(-2) + F.log_softmax(x, 2),
    "softplus": lambda x: F.softplus(x, beta=2.5) + F.softplus(x, 0.5),
    "celu": lambda x: F.celu(x, 0.7) + F.celu(x),
    "matmul": lambda x: x @ x.transpose(2, 3),
    "options": lambda x: torch.sub(x, x * 3, alpha=2) + torch.div(x * 5, 2, rounding_mode="floor"),
    "names of numpy": lambda x: x.mean(axis=1, keepdims=True) + torch.sum(input=x, axis=(1, 2), keepdim=True),
    "casts": lambda x: (x * 3).long().to(x.dtype) + (x * 2).int().float() + x.bool().type_as(x),
    "clamped by tensors": lambda x: x.clamp(x * 0.5, x * x) + torch.clamp(x, max=x + 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    module = Of(FUNCTIONS[name])
    x = floats(2, 4, 6, 5)
    if name == "reduced":  # the sum over everything needs one batch size
        modules.settle(module)
        model = from_torch(module, x)
        np.testing.assert_allclose(model(x.numpy()), module(x).numpy(), rtol=1e-5, atol=1e-5)
    else:
        check(module, x)


def test_a_log_softmax_over_the_batch_is_named():
    with pytest.raises(ValueError, match=r"dim is 0; expected an axis behind the batch"):
        from_torch(Of(lambda x: F.log_softmax(x, dim=0)), floats(2, 4))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular", "constant"])
def test_padding_of_any_mode(rank, mode):
    x = floats(2, 4, *SPATIAL[rank])
    name = {
        "reflect": "Reflection",
        "replicate": "Replication",
        "circular": "Circular",
        "constant": "Constant",
    }
    pads = tuple(range(2 * rank))[::-1][-2 * rank :]
    pads = tuple(min(p, 3) for p in pads)
    check(getattr(nn, f"{name[mode]}Pad{rank}d")(pads, *([1.5] if mode == "constant" else [])), x)
    check(Of(lambda x: F.pad(x, pads, mode)), x)
    if mode != "constant":
        for padding in (2, "same"):
            check(getattr(nn, f"Conv{rank}d")(4, 2, 4, padding=padding, padding_mode=mode), x)


def test_a_module_that_is_called_twice_is_one_layer():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x):
            return self.conv(torch.relu(self.conv(x)))

    model = check(Twice(), floats(2, 4, 6, 5))
    assert len(model.weights) == 2


@pytest.mark.parametrize(
    ("module", "shapes"),
    [
        (nn.RNN(3, 4, 2, batch_first=True), ((2, 5, 3),)),
        (nn.GRUCell(3, 4), ((2, 3), (2, 4))),
        (nn.MultiheadAttention(8, 2, batch_first=True), ((2, 5, 8), (2, 6, 8), (2, 6, 8))),
    ],
    ids=str,
)
def test_a_module_of_torch_by_itself_takes_all_its_inputs(module, shapes):
    check(module, *[floats(*shape) for shape in shapes])


def test_operations_and_layers_have_names_of_their_own():
    """torch.fx calls the first sum `add`, as the first operation of a session is; a module may be, too."""

    class Sums(nn.Module):
        def __init__(self):
            super().__init__()
            self.multiply = nn.Linear(3, 3)

        def forward(self, x):
            return (self.multiply(x) + x + 1) * 2

    clear_session()
    check(Sums(), floats(2, 3))


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Conv1d(3, 4, 3), (2, 3, 9)),
        (
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)),
            (2, 3, 9, 9),
        ),
        (nn.GRU(3, 4, bidirectional=True), (5, 2, 3)),
        (Of(lambda x: x), (2, 3)),
    ],
    ids=str,
)
def test_accelerated_modules_are_those_that_they_were(module, shape):
    import foldgate.torch

    module, x = foldgate.torch.accelerate(modules.settle(module)), floats(*shape)
    expected = module(x)
    expected = expected[0] if isinstance(expected, tuple) else expected
    found = from_torch(module, x, free_axes=(1,) if isinstance(module, nn.GRU) else (0,))(x.numpy())
    found = found[0] if isinstance(found, (list, tuple)) else found
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-5, atol=1e-5)
