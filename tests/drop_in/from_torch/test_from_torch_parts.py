"""Single modules of torch, brought over."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from from_torch_checks import SPATIAL, check, floats  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

from foldgate.models import from_torch  # noqa: E402


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
@pytest.mark.parametrize("groups", [2, 4])
def test_transposed_convolution_of_groups(rank, groups):
    options = {"stride": 2, "padding": 1, "groups": groups, "bias": groups == 2}
    check(getattr(nn, f"ConvTranspose{rank}d")(4, 8, 3, **options), floats(2, 4, *SPATIAL[rank]))


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


@pytest.mark.parametrize("pool", [nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)], ids=str)
def test_pools_without_weights_have_their_inputs_dtype(pool):
    assert from_torch(pool, floats(2, 4, 6, 5).double())(np.ones((2, 4, 6, 5))).dtype == np.float64


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("stride", [2, 3, 4])
@pytest.mark.parametrize("padding", [0, 1])
def test_max_pooling_with_a_window_more_at_the_end(size, stride, padding):
    for extent in range(5, 9):
        pool = nn.MaxPool2d(size, stride, padding, ceil_mode=True)
        check(pool, floats(2, 3, extent, extent + 1) - 4)


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


@pytest.mark.parametrize(
    ("module", "name", "shape"),
    [
        (nn.Conv1d(4, 3, 3), "weight", (2, 4, 9)),
        (nn.Linear(4, 3), "weight", (2, 4)),
        (nn.GRU(4, 3, batch_first=True), "weight_hh_l0", (2, 5, 4)),
        (nn.GRUCell(4, 3), "weight_hh", (2, 4)),
    ],
    ids=str,
)
def test_parametrized_weights_come_as_they_are(module, name, shape):
    check(nn.utils.parametrizations.spectral_norm(module, name), floats(*shape))


@pytest.mark.parametrize("tolerance", [1e-6, None])
def test_weights_that_a_hook_makes_are_those_of_a_call_now(tolerance):
    module, x = prune.identity(nn.Linear(3, 2), "weight"), floats(2, 3)
    with torch.no_grad():
        module.weight_orig.mul_(2)
    model = from_torch(module, x, tolerance=tolerance)
    np.testing.assert_allclose(model(x.numpy()), module(x).detach().numpy(), rtol=1e-5, atol=1e-5)


def test_momentum_is_what_stays():
    model = from_torch(nn.BatchNorm2d(4, momentum=0.2), floats(2, 4, 6, 5))
    layer = model.layers[-1]
    assert (layer.momentum, layer.epsilon) == (pytest.approx(0.8), pytest.approx(1e-5))
