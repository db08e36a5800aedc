"""Sizes at which torch is faster go to torch, by rules that hold what was measured."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch_modules import close, tensors  # noqa: E402

import foldgate.torch  # noqa: E402
from foldgate.torch import _convolution_rules, _sequence  # noqa: E402


@pytest.fixture(autouse=True)
def two_threads():
    """As the rules were measured: with one thread torch takes another way for some sizes."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_sizes_where_torch_wins_are_torchs(monkeypatch):
    class CalledError(Exception):
        pass

    def called(*_, **__):
        raise CalledError

    monkeypatch.setattr("foldgate.ops.max_pool", called)
    model = foldgate.torch.accelerate(nn.MaxPool2d(2))
    model(torch.randn(1, 8, 8, 8))
    with pytest.raises(CalledError):
        model(torch.randn(8, 64, 32, 32))


LAST = {4: torch.channels_last, 5: torch.channels_last_3d}


@pytest.mark.parametrize(
    ("op", "module", "shape", "last", "by_torch"),
    [
        ("max_pool", nn.MaxPool2d(2), (8, 64, 8, 8), False, True),
        ("max_pool", nn.MaxPool2d(2, return_indices=True), (8, 64, 8, 8), False, True),
        ("max_pool", nn.MaxPool2d(2), (8, 64, 16, 16), False, False),
        ("max_pool", nn.MaxPool2d(2), (4, 64, 16, 16), True, False),
        ("max_pool", nn.MaxPool2d(2), (4, 64, 15, 15), True, True),
        ("max_pool", nn.MaxPool2d(4), (8, 32, 24, 24), False, True),
        ("max_pool", nn.MaxPool3d(3), (2, 16, 16, 16, 16), False, True),
        ("max_pool", nn.MaxPool3d(3), (1, 16, 24, 24, 24), False, False),
        ("max_pool", nn.MaxPool3d(2), (8, 64, 8, 8, 8), False, True),
        ("max_pool", nn.MaxPool3d(2), (2, 16, 16, 16, 16), False, False),
        ("max_pool", nn.MaxPool3d(2, 1), (1, 64, 8, 8, 8), False, False),
        ("adaptive_max_pool", nn.AdaptiveMaxPool2d(2), (2, 80, 28, 28), False, True),
        ("adaptive_max_pool", nn.AdaptiveMaxPool2d((2, None)), (2, 80, 28, 28), False, True),
        ("adaptive_max_pool", nn.AdaptiveMaxPool2d(1), (2, 80, 28, 28), False, False),
        ("adaptive_max_pool", nn.AdaptiveMaxPool3d((1, 1, 1)), (2, 80, 8, 8, 8), False, False),
        ("adaptive_max_pool", nn.AdaptiveMaxPool3d(2), (16, 2, 16, 16, 16), True, True),
        ("adaptive_max_pool", nn.AdaptiveMaxPool2d(2), (16, 32, 36, 36), True, True),
        ("adaptive_max_pool", nn.AdaptiveMaxPool3d(7), (4, 128, 16, 16, 16), True, False),
        ("average_pool", nn.AvgPool2d(2), (8, 64, 32, 32), True, False),
        ("average_pool", nn.AvgPool2d(2), (8, 64, 31, 31), True, True),
        ("average_pool", nn.AvgPool2d(2), (8, 64, 56, 56), False, False),
        ("average_pool", nn.AvgPool2d(4), (8, 64, 56, 56), False, True),
        ("average_pool", nn.AvgPool2d(4), (1, 64, 128, 128), False, False),
        ("average_pool", nn.AvgPool3d(3, 2), (8, 16, 16, 16, 16), False, False),
        ("average_pool", nn.AvgPool3d(3, 2), (8, 64, 8, 8, 8), False, True),
        ("average_pool", nn.AvgPool3d(3, 1), (1, 64, 8, 8, 8), False, False),
        ("average_pool", nn.AvgPool3d(2), (1, 64, 8, 8, 8), True, False),
        ("average_pool", nn.AvgPool3d(2), (1, 63, 8, 8, 8), True, True),
        ("conv_transpose", nn.ConvTranspose2d(4, 4, 2), (8, 4, 58, 58), True, True),
        ("conv_transpose", nn.ConvTranspose2d(8, 4, 2), (8, 8, 58, 58), True, True),
        ("conv_transpose", nn.ConvTranspose2d(4, 4, 3), (32, 4, 10, 10), True, True),
        ("conv_transpose", nn.ConvTranspose2d(4, 4, 3), (8, 4, 16, 16), True, False),
        ("conv_transpose", nn.ConvTranspose2d(32, 4, 2), (8, 32, 58, 58), True, False),
        ("conv_transpose", nn.ConvTranspose2d(64, 32, 4, 2, 1), (8, 64, 28, 28), False, False),
        ("PackedConv", nn.Conv2d(8, 128, 2, padding=1), (3, 8, 32, 32), False, True),
        ("PackedConv", nn.Conv2d(4, 64, 2, padding=1), (8, 4, 32, 32), False, False),
        ("PackedConv", nn.Conv2d(256, 7, 3, padding=1), (16, 256, 16, 16), False, True),
        ("PackedConv", nn.Conv2d(256, 8, 3, padding=1), (8, 256, 28, 28), False, False),
        ("PackedConv", nn.Conv3d(6, 5, 1), (16, 6, 16, 16, 16), True, True),
        ("PackedConv", nn.Conv3d(23, 23, 3, groups=23), (20, 23, 14, 14, 14), True, True),
        ("PackedConv", nn.Conv2d(32, 32, 2, groups=32), (8, 32, 60, 60), True, True),
        ("PackedConv", nn.Conv2d(32, 32, 3, 2, groups=32), (8, 32, 60, 60), False, True),
        ("PackedConv", nn.Conv1d(8, 8, 31, groups=8), (1, 8, 64), False, False),
        ("PackedConv", nn.Conv2d(32, 32, 3, padding=1, groups=8), (2, 32, 14, 13), False, False),
        ("PackedConv", nn.Conv2d(32, 32, 1, groups=16), (2, 32, 14, 13), True, False),
        ("PackedConv", nn.Conv2d(32, 32, 1, groups=16), (2, 32, 14, 13), False, True),
        ("PackedConv", nn.Conv2d(40, 40, 3, groups=10), (2, 40, 14, 13), False, True),
        ("PackedConv", nn.Conv2d(32, 32, 3, groups=4), (2, 32, 14, 13), False, True),
        ("PackedConv", nn.Conv2d(48, 48, 3, padding=1, groups=2), (2, 48, 14, 13), False, False),
        ("PackedConv", nn.Conv2d(64, 64, 3, padding=1, groups=2), (4, 64, 7, 7), True, False),
        ("PackedConv", nn.Conv2d(64, 64, 3, padding=1, groups=4), (4, 64, 7, 7), True, True),
        ("PackedConv", nn.Conv2d(64, 64, 3, padding=1, groups=4), (1, 64, 7, 7), True, True),
        ("PackedConv", nn.Conv2d(64, 64, 5, padding=2, groups=4), (2, 64, 14, 13), True, True),
        ("PackedConv", nn.Conv1d(16, 16, 3, groups=4), (2, 16, 31), False, False),
        ("PackedConv", nn.Conv1d(16, 16, 3, 2, groups=4), (2, 16, 31), False, True),
        ("PackedConv", nn.Conv3d(16, 16, 3, groups=4), (2, 16, 5, 5, 5), False, False),
        ("PackedConv", nn.Conv3d(16, 16, 3, groups=4), (2, 16, 5, 5, 5), True, True),
        ("PackedConv", nn.Conv3d(16, 48, (5, 1, 1), groups=16), (2, 16, 8, 7, 7), False, True),
        ("PackedConv", nn.Conv3d(16, 48, (5, 1, 1)), (2, 16, 8, 12, 12), False, False),
        ("PackedConv", nn.Conv3d(16, 8, (5, 1, 1)), (2, 16, 8, 12, 12), False, True),
        ("PackedConv", nn.Conv3d(16, 32, (3, 7, 7), 2), (2, 16, 8, 30, 30), False, True),
        ("PackedConv", nn.Conv3d(16, 16, 5, padding=2, groups=16), (2, 16, 8, 9, 9), False, True),
        ("PackedConv", nn.Conv3d(8, 16, 3), (16, 8, 8, 8, 8), True, False),
        ("PackedConv", nn.Conv3d(7, 16, 3), (16, 7, 8, 8, 8), True, True),
        ("PackedConv", nn.Conv3d(32, 32, 3, padding=1, groups=4), (2, 32, 8, 12, 12), False, False),
        ("PackedConv", nn.Conv3d(16, 16, 3), (4, 16, 14, 14, 14), False, False),
        ("PackedConv", nn.Conv2d(106, 3, 1), (4, 106, 64, 64), False, False),
        ("PackedConv", nn.Conv2d(4, 4, 3, padding=1), (20, 4, 64, 64), True, False),
        ("PackedConv", nn.Conv2d(8, 4, 3, 2, 1), (16, 8, 59, 59), True, True),
        ("PackedConv", nn.Conv2d(3, 2, 1), (6, 3, 132, 132), True, True),
        ("PackedConv", nn.Conv2d(3, 64, 7, 2, 3), (4, 3, 112, 112), True, False),
        ("PackedConv", nn.Conv2d(1, 501, 3), (1, 1, 43, 43), False, False),
        ("PackedConv", nn.Conv2d(1, 64, 2), (8, 1, 64, 64), False, True),
        ("PackedConv", nn.Conv1d(4, 4, 3, groups=4), (4, 4, 21), False, False),
        ("PackedConv", nn.Conv1d(4, 4, 3), (1, 4, 21), False, True),
        ("PackedConv", nn.Conv1d(4, 4, 3), (2, 4, 21), False, False),
        ("PackedConv", nn.Conv2d(8, 8, 1), (8, 8, 116, 116), True, True),
        ("PackedConv", nn.Conv2d(8, 8, 1), (4, 8, 30, 30), True, False),
        ("PackedConv", nn.Conv3d(16, 29, 3, padding=1), (5, 16, 16, 16, 16), True, False),
        ("PackedConv", nn.Conv3d(16, 29, 3, 2, 1), (5, 16, 32, 32, 32), True, True),
        ("PackedConv", nn.Conv3d(8, 8, 3, groups=8), (2, 8, 9, 9, 9), False, False),
        ("conv_transpose", nn.ConvTranspose3d(32, 64, 1), (16, 32, 16, 16, 16), True, True),
        ("conv_transpose", nn.ConvTranspose2d(188, 188, 3, 1, 1), (2, 188, 8, 8), True, False),
        ("PackedConv", nn.Conv2d(96, 32, 2, padding=1), (16, 96, 15, 15), False, True),
        ("PackedConv", nn.Conv2d(256, 7, 3), (6, 256, 19, 19), True, True),
        ("PackedConv", nn.Conv2d(256, 8, 3), (6, 256, 19, 19), True, False),
        ("PackedConv", nn.Conv2d(64, 12, 5), (2, 64, 60, 60), True, False),
        ("PackedConv", nn.Conv2d(64, 12, 5, 2), (4, 64, 60, 60), True, True),
        ("PackedConv", nn.Conv2d(256, 32, 3), (6, 256, 19, 19), True, False),
    ],
    ids=str,
)
def test_the_rules_at_sizes_that_were_measured(monkeypatch, op, module, shape, last, by_torch):
    called = []
    original = getattr(foldgate.ops, op)
    monkeypatch.setattr(f"foldgate.ops.{op}", lambda *a, **k: called.append(op) or original(*a, **k))
    x = torch.randn(shape)
    x = x.contiguous(memory_format=LAST[x.dim()]) if last else x
    with torch.no_grad():
        expected = tensors(module(x))
        found = tensors(foldgate.torch.accelerate(module)(x))
    assert bool(called) != by_torch
    for y, e in zip(found, expected, strict=True):
        close(y, e, 1e-5)


@pytest.mark.parametrize(
    "module, shape, last, by_torch",
    [
        (nn.Conv2d(64, 64, 3, padding=1), (1, 64, 8, 8), False, False),
        (nn.Conv2d(64, 64, 3, padding=1, groups=2), (2, 64, 14, 13), False, True),
        (nn.Conv2d(64, 64, 3, padding=1, groups=4), (4, 64, 28, 28), False, False),
        (nn.Conv2d(64, 64, 3, padding=1, groups=4), (4, 64, 28, 28), True, True),
        (nn.Conv2d(64, 64, 3, padding=1, groups=2), (4, 64, 28, 28), True, False),
        (nn.Conv2d(64, 64, 3, padding=1), (1, 64, 7, 7), False, True),
        (nn.Conv2d(64, 64, 3, padding=1), (2, 64, 7, 7), False, False),
        (nn.Conv2d(16, 16, 3), (1, 16, 14, 14), False, True),
        (nn.Conv2d(15, 64, 3), (1, 15, 28, 28), False, False),
        (nn.Conv2d(32, 32, 3, 2, padding=1, groups=8), (2, 32, 14, 13), False, False),
        (nn.Conv2d(48, 48, 3, padding=1, groups=24), (1, 48, 9, 10), True, False),
        (nn.Conv2d(8, 256, 3, padding=1), (1, 8, 16, 16), False, True),
        (nn.Conv2d(128, 128, 3), (1, 128, 14, 14), False, True),
        (nn.Conv2d(128, 128, 3), (1, 128, 14, 14), True, False),
        (nn.Conv2d(256, 256, 3), (1, 256, 14, 14), False, False),
        (nn.Conv2d(512, 1024, 1), (1, 512, 12, 12), True, True),
        (nn.Conv2d(128, 128, 1), (1, 128, 12, 12), False, True),
        (nn.Conv2d(128, 128, 1), (2, 128, 12, 12), False, False),
        (nn.Conv2d(64, 64, 1), (1, 64, 60, 60), True, False),
        (nn.Conv2d(64, 64, 1), (4, 64, 60, 60), True, True),
        (nn.Conv2d(32, 32, 5), (2, 32, 16, 16), True, False),
        (nn.Conv2d(64, 64, 5), (2, 64, 30, 30), True, False),
        (nn.Conv3d(64, 64, 3, padding=1), (1, 64, 4, 8, 8), False, False),
        (nn.Conv3d(3, 64, (3, 7, 7), (1, 2, 2)), (2, 3, 4, 30, 30), False, True),
        (nn.Conv3d(16, 64, (3, 7, 7), (1, 2, 2)), (2, 16, 4, 30, 30), False, False),
        (nn.Conv3d(3, 64, (3, 7, 7), (1, 2, 2)), (2, 3, 4, 30, 30), True, True),
        (nn.Conv3d(16, 16, 3, groups=4), (2, 16, 5, 5, 5), True, False),
        (nn.Conv3d(16, 16, (3, 1, 1), groups=4), (2, 16, 5, 5, 5), True, True),
    ],
    ids=str,
)
def test_the_rules_of_training_at_sizes_that_were_measured(monkeypatch, module, shape, last, by_torch):
    called = []
    original = foldgate.ops.conv
    monkeypatch.setattr("foldgate.ops.conv", lambda *a, **k: called.append(1) or original(*a, **k))
    x = torch.randn(shape)
    x = x.contiguous(memory_format=LAST[x.dim()]) if last else x
    foldgate.torch.accelerate(module)(x).sum().backward()
    assert bool(called) != by_torch


@pytest.mark.parametrize(
    "module, shape, by_torch",
    [
        (nn.LSTM(4, 8), (1, 4, 4), False),
        (nn.LSTM(4, 8), (1, 3, 4), True),
        (nn.LSTM(256, 256), (2, 1, 256), False),
        (nn.GRU(4, 8), (2, 1, 4), False),
        (nn.GRU(256, 256), (2, 1, 256), True),
        (nn.GRU(256, 256), (4, 1, 256), False),
        (nn.RNN(256, 256), (2, 1, 256), True),
    ],
    ids=str,
)
def test_the_rules_of_training_sequences_that_were_measured(monkeypatch, module, shape, by_torch):
    called = []
    original = _sequence.forward
    monkeypatch.setattr(_sequence, "forward", lambda *a, **k: called.append(1) or original(*a, **k))
    foldgate.torch.accelerate(module)(torch.randn(shape))
    assert bool(called) != by_torch


@pytest.mark.parametrize(
    ("op", "module", "shape", "last", "by_torch"),
    [
        ("max_pool", nn.MaxPool3d(2), (8, 16, 16, 16, 16), False, False),
        ("max_pool", nn.MaxPool3d(2), (8, 64, 8, 8, 8), False, True),
        ("max_pool", nn.MaxPool3d(3, 1), (8, 32, 8, 8, 8), False, False),
        ("average_pool", nn.AvgPool2d(2), (8, 8, 32, 32), True, False),
        ("average_pool", nn.AvgPool2d(2), (8, 8, 31, 31), True, True),
        ("average_pool", nn.AvgPool3d(2), (4, 8, 32, 32, 32), False, False),
        ("average_pool", nn.AvgPool3d(2), (4, 32, 20, 20, 20), False, True),
        ("average_pool", nn.AvgPool3d(3, 1), (2, 64, 8, 8, 8), False, False),
    ],
)
def test_the_rules_of_training_pools_that_were_measured(monkeypatch, op, module, shape, last, by_torch):
    called = []
    original = getattr(foldgate.ops, op)
    monkeypatch.setattr(f"foldgate.ops.{op}", lambda *a, **k: called.append(1) or original(*a, **k))
    x = torch.randn(shape)
    x = x.contiguous(memory_format=LAST[x.dim()]) if last else x
    foldgate.torch.accelerate(copy.deepcopy(module))(x.requires_grad_())
    assert bool(called) != by_torch


def test_adaptive_max_pools_to_one_position_in_training(monkeypatch):
    called = []
    original = foldgate.ops.adaptive_max_pool
    monkeypatch.setattr(
        "foldgate.ops.adaptive_max_pool", lambda *a, **k: called.append(1) or original(*a, **k)
    )
    for size, by_foldgate in ((1, 1), (2, 0)):
        pool = foldgate.torch.accelerate(nn.AdaptiveMaxPool2d(size))
        pool(torch.randn(8, 64, 23, 23, requires_grad=True))
        assert len(called) == by_foldgate
        called.clear()


def test_one_thread_has_torch_multiply_one_tap_by_itself():
    module, x = nn.Conv2d(3, 3, 1), torch.randn(9, 3, 8, 8)
    assert _convolution_rules.convolution_wins(module, x, False)
    torch.set_num_threads(1)
    assert not _convolution_rules.convolution_wins(module, x, False)
