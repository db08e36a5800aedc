"""Single modules and functions of torch, and what cannot be brought over."""

from __future__ import annotations

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
import torch_models as modules  # noqa: E402
from torch import nn  # noqa: E402

from foldgate.models import from_torch  # noqa: E402

F = nn.functional


def floats(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def check(module, *examples, **options):
    """Brings a module over, and compares it on the example and, with the batch open, on half of it."""
    modules.settle(module)
    model = from_torch(module, examples, tolerance=None, **options)
    for batch in (examples, [x[:1] for x in examples]):
        with torch.no_grad():
            expected = module(*batch)
        found = model([x.numpy() for x in batch] if len(batch) > 1 else batch[0].numpy())
        pairs = (
            [(found, expected)] if isinstance(expected, torch.Tensor) else zip(found, expected, strict=True)
        )
        for a, b in pairs:
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-5, atol=1e-5)
    return model


SPATIAL = {1: (11,), 2: (11, 10), 3: (7, 6, 8)}


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": 1},
        {"stride": 2, "padding": 1, "bias": False},
        {"padding": 3, "dilation": 2},
        {"padding": "same", "groups": 2},
        {"groups": 4},
    ],
)
def test_convolution(rank, options):
    check(getattr(nn, f"Conv{rank}d")(4, 8, 3, **options), floats(2, 4, *SPATIAL[rank]))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    ("size", "options"),
    [
        (2, {"stride": 2}),
        (4, {"stride": 2, "padding": 1}),
        (3, {"stride": 2, "padding": 1, "output_padding": 1}),
        (3, {"dilation": 2, "bias": False}),
        (2, {"stride": 3}),
    ],
)
def test_transposed_convolution(rank, size, options):
    check(getattr(nn, f"ConvTranspose{rank}d")(4, 5, size, **options), floats(2, 4, *SPATIAL[rank]))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_pooling(rank, sign):
    x = floats(2, 4, *SPATIAL[rank]) + 5 * sign  # zeros around would win over values below 0
    for kind, options in [
        ("MaxPool", {"kernel_size": 2}),
        ("MaxPool", {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("AvgPool", {"kernel_size": 3, "stride": 2, "padding": 1}),
        ("AvgPool", {"kernel_size": 3, "stride": 1, "padding": 1, "count_include_pad": False}),
        ("AdaptiveAvgPool", {"output_size": 1}),
        ("AdaptiveAvgPool", {"output_size": 3}),
        ("AdaptiveMaxPool", {"output_size": 4}),
    ]:
        check(getattr(nn, f"{kind}{rank}d")(**options), x)


@pytest.mark.parametrize(
    "module",
    [
        nn.BatchNorm2d(4, momentum=0.2),
        nn.BatchNorm2d(4, affine=False),
        nn.GroupNorm(2, 4),
        nn.InstanceNorm2d(4),
        nn.LayerNorm([6, 5]),
        nn.LayerNorm(5, elementwise_affine=False),
        nn.PReLU(),
        nn.PReLU(4),
        nn.ZeroPad2d((1, 2, 0, 3)),
        nn.Upsample(scale_factor=2),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.Upsample((12, 15)),
        nn.Flatten(),
        nn.Flatten(2),
        nn.Softmax(dim=1),
        nn.Dropout2d(0.3),
        *[
            getattr(nn, name)()
            for name in [
                "ReLU",
                "ReLU6",
                "LeakyReLU",
                "ELU",
                "GELU",
                "SiLU",
                "Mish",
                "Softplus",
                "Softsign",
                "Tanh",
                "Sigmoid",
                "Hardsigmoid",
                "Hardswish",
                "Hardtanh",
                "SELU",
                "LogSigmoid",
                "Identity",
            ]
        ],
        nn.GELU("tanh"),
        nn.CELU(0.7),
        nn.GLU(1),
        nn.Softmin(dim=-1),
        nn.Softmax2d(),
        nn.Threshold(0.3, -2.0),
        nn.Hardshrink(),
        nn.Softshrink(0.4),
        nn.LPPool2d(2, 2),
        nn.LPPool2d(4, (3, 2), stride=1),
        nn.PixelShuffle(2),
        nn.Sequential(nn.ZeroPad2d((0, 1, 0, 0)), nn.PixelUnshuffle(2)),
        nn.ChannelShuffle(2),
    ],
    ids=str,
)
def test_modules(module):
    check(module, floats(2, 4, 6, 5))


def test_momentum_is_what_stays():
    model = from_torch(nn.BatchNorm2d(4, momentum=0.2), floats(2, 4, 6, 5))
    layer = model.layers[-1]
    assert (layer.momentum, layer.epsilon) == (pytest.approx(0.8), pytest.approx(1e-5))


class Of(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


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
    "matmul": lambda x: x @ x.transpose(2, 3),
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


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("groups", [2, 4])
def test_transposed_convolution_of_groups(rank, groups):
    options = {"stride": 2, "padding": 1, "groups": groups, "bias": groups == 2}
    check(getattr(nn, f"ConvTranspose{rank}d")(4, 8, 3, **options), floats(2, 4, *SPATIAL[rank]))


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("stride", [2, 3, 4])
@pytest.mark.parametrize("padding", [0, 1])
def test_max_pooling_with_a_window_more_at_the_end(size, stride, padding):
    for extent in range(5, 9):
        pool = nn.MaxPool2d(size, stride, padding, ceil_mode=True)
        check(pool, floats(2, 3, extent, extent + 1) - 4)


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


def named(part):
    return nn.Sequential(nn.Identity(), nn.Sequential(part))


@pytest.mark.parametrize(
    ("module", "shape", "words"),
    [
        (named(nn.LSTM(3, 4)), (5, 3), r"1.0 \(LSTM\): its input has shape \(None, 3\); expected 3 axes"),
        (named(nn.LSTMCell(3, 4)), (3,), r"1.0 \(LSTMCell\): its input has shape \(None,\); expected 2 axes"),
        (named(nn.MaxPool2d(2, dilation=2)), (2, 4, 6, 5), r"1.0 \(MaxPool2d\): indices and dilation"),
        (named(nn.AvgPool2d(2, ceil_mode=True)), (2, 4, 6, 5), "ceil_mode"),
        (named(nn.MaxPool2d(2, return_indices=True)), (2, 4, 6, 5), r"\(MaxPool2d\): indices and dilation"),
        (
            named(nn.FractionalMaxPool2d(2, 3)),
            (2, 4, 6, 5),
            r"1.0 \(FractionalMaxPool2d\): this",
        ),
        (named(nn.BatchNorm2d(4, track_running_stats=False)), (2, 4, 6, 5), "track_running_stats"),
        (named(nn.Conv2d(4, 4, 3)), (4, 6, 5), "expected 4 axes, the batch among them"),
        (Of(lambda x: torch.fft.rfft(x).real), (2, 4), "fft_rfft: this function has no counterpart"),
        (Of(lambda x: x.reshape(-1, 5).reshape(-1, 4, 6, 5)), (2, 4, 6, 5), "reshape: it is used in a way"),
        (Of(lambda x: x if x.sum() > 0 else -x), (2, 4), "cannot be traced"),
    ],
)
def test_what_cannot_be_brought_is_named(module, shape, words):
    with pytest.raises(ValueError, match=words):
        from_torch(module, floats(*shape))


def test_answers_that_differ_are_an_error(monkeypatch):
    from foldgate.models._from_torch import table

    monkeypatch.setitem(table.MODULES, "Tanh", lambda c, part, x: x)
    with pytest.raises(ArithmeticError, match="output 0 of the example is"):
        from_torch(nn.Tanh(), floats(2, 4))


def test_wrong_kinds_and_no_torch(monkeypatch):
    with pytest.raises(TypeError, match=r"module is int; expected a torch\.nn\.Module"):
        from_torch(3, floats(2, 4))
    with pytest.raises(TypeError, match=r"example is 'x'; expected a tensor or an array of numbers"):
        from_torch(torch.nn.Linear(2, 2), "x")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="needs torch"):
        from_torch(nn.Tanh(), np.zeros((2, 4)))
