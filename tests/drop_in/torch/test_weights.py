"""Weights in the kernels' layout and back, of either memory format."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch_modules import at_any_size  # noqa: E402

import foldgate.torch  # noqa: E402
from foldgate.torch._weights import kernel_of, weight_gradient  # noqa: E402

SHAPES = [
    (4, 3, 3),
    (5, 4, 3, 3),
    (2, 3, 2, 3, 4),
    (300, 80, 3),
    (96, 80, 3, 3),
    (256, 300, 1, 1),
    (4, 6, 3, 3, 3),
]


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_there_and_back(shape: tuple[int, ...], last: bool) -> None:
    weight = torch.randn(shape)
    if last:
        if len(shape) == 3:
            pytest.skip("one axis has no such format")
        formats = {4: torch.channels_last, 5: torch.channels_last_3d}
        weight = weight.contiguous(memory_format=formats[len(shape)])
    kernel = kernel_of(weight)
    assert torch.equal(torch.from_numpy(kernel), weight.movedim((0, 1), (-1, -2)))
    assert kernel.flags.c_contiguous and torch.from_numpy(kernel).data_ptr() != weight.data_ptr()
    gradient = weight_gradient(kernel, weight)
    assert torch.equal(gradient, weight) and gradient.stride() == weight.stride()


@pytest.mark.parametrize("compiled", [False, True])
def test_a_bias_with_gaps_is_read_anew(compiled: bool) -> None:
    module, x = foldgate.torch.accelerate(nn.Conv2d(4, 2, 3)), torch.randn(2, 4, 8, 8)
    memory = torch.tensor([1.0, 2.0, 2.0, 9.0])
    call = torch.compile(module, backend="eager") if compiled else module
    del module.bias
    module.bias = memory[::2]
    for value in (2.0, 5.0):
        memory[2] = value
        with torch.no_grad(), at_any_size():
            y = call(x)
        torch.testing.assert_close(y, torch.conv2d(x, module.weight, module.bias))


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("gradient", [False, True])
def test_weights_with_gaps_are_torchs(kind: type, compiled: bool, gradient: bool) -> None:
    memory = torch.randn(4, 8, 3, 3).contiguous(memory_format=torch.channels_last)
    module, x = kind(4, 4, 3), torch.randn(2, 4, 8, 8)
    module.weight = nn.Parameter(memory[:, ::2])
    with torch.set_grad_enabled(gradient), at_any_size():
        expected = module(x)
        foldgate.torch.accelerate(module)
        torch.testing.assert_close(
            (torch.compile(module, backend="eager") if compiled else module)(x), expected
        )
