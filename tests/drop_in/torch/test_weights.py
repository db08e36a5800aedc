"""Weights in the kernels' layout and back, of either memory format."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

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
