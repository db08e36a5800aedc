"""Functions, methods and modules that write over their input, brought over."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from from_torch_checks import Of, check, floats  # noqa: E402
from torch import nn  # noqa: E402

from foldgate.models import from_torch  # noqa: E402

F = nn.functional


def after(write):
    """A module in which others read what `write` wrote over."""

    def forward(x):
        y = x * 2
        same = y.contiguous()
        write(y)
        return same + y * 3

    return Of(forward)


class Module(nn.Module):
    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        y = x - 0.5
        return self.relu(y) * 2 + y


@pytest.mark.parametrize(
    "module",
    [
        after(lambda y: y.relu_()),
        after(lambda y: torch.relu_(y)),
        after(lambda y: F.elu(y, inplace=True)),
        after(lambda y: y.sub_(0.5).mul_(y)),
        after(lambda y: y.div_(3)),
        after(lambda y: y.clamp_(-0.1, 0.2)),
        Module(),
    ],
)
def test_who_reads_it_later_reads_what_was_written(module):
    check(module, floats(2, 4))


def test_the_example_is_not_written_to():
    x = floats(2, 4)
    before = x.clone()
    from_torch(Of(lambda x: x.relu_() + 1), x)
    assert x.equal(before)


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda y: y.fill_(1.0), "fill_"),
        (lambda y: y.index_add_(0, torch.tensor([0]), torch.ones(1, 4)), "index_add_"),
        (lambda y: torch.sin(y, out=y), "sin"),
    ],
)
def test_a_write_without_a_counterpart_is_named(write, name):
    with pytest.raises(ValueError, match=f"from_torch: {name}: this function has no counterpart here"):
        from_torch(after(write), floats(2, 4), tolerance=None)
