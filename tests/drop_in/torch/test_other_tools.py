"""Accelerated modules under tools that know torch's classes: parametrizations, pruning, torch.fx, scripts."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.utils import prune  # noqa: E402
from torch_modules import by_foldgate  # noqa: E402

import foldgate.torch  # noqa: E402
from foldgate.torch._classes import swapped_base  # noqa: E402

X = torch.randn(2, 3, 12, generator=torch.Generator().manual_seed(0))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.rnn, self.cell = nn.Conv1d(3, 4, 3), nn.LSTM(4, 5, batch_first=True), nn.GRUCell(5, 5)

    def forward(self, x):
        return self.cell(self.rnn(self.conv(x).transpose(1, 2))[0][:, -1])


def test_torch_fx_sees_the_modules_that_it_sees_in_torchs():
    plain = Tagger()
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    graphs = [torch.fx.symbolic_trace(module) for module in (plain, fast)]
    targets = [[(node.op, node.target) for node in graph.graph.nodes] for graph in graphs]
    assert targets[0] == targets[1]
    with by_foldgate(), torch.no_grad():
        torch.testing.assert_close(graphs[1](X), plain(X))
    assert "__module__" not in foldgate.torch.restore(fast).rnn.__dict__


@pytest.mark.parametrize("first", (True, False), ids=("before", "after"))
def test_parametrized_before_and_after(first):
    norm, x = nn.utils.parametrizations.weight_norm, X
    plain = nn.Sequential(nn.Conv1d(3, 4, 3), nn.LSTM(10, 5))
    norm(plain[0]), norm(plain[1], "weight_hh_l0")
    state, expected = plain.state_dict(), plain(x)[0]
    model = nn.Sequential(nn.Conv1d(3, 4, 3), nn.LSTM(10, 5))
    for step in ("norm", "accelerate") if first else ("accelerate", "norm"):
        if step == "norm":
            norm(model[0]), norm(model[1], "weight_hh_l0")
        else:
            foldgate.torch.accelerate(model)
    assert list(model.state_dict()) == list(state)
    model.load_state_dict(state)
    copied = copy.deepcopy(model)
    with by_foldgate():
        torch.testing.assert_close(model(x)[0], expected)
    assert [f[:3] for f in foldgate.torch.survey(model) if "." not in f.name] == [
        ("0", "ParametrizedConv1d", True),
        ("1", "ParametrizedLSTM", True),
    ]
    foldgate.torch.restore(model)
    for module, is_fast in ((model, False), (copied, True)):
        assert [f.swapped for f in foldgate.torch.survey(module) if "." not in f.name] == [True] * 2
        assert [swapped_base(type(m)) is not None for m in module] == [is_fast] * 2
        torch.testing.assert_close(module(x)[0], expected)
        nn.utils.parametrize.remove_parametrizations(module[0], "weight")
        assert (type(module[0]) is nn.Conv1d) != is_fast and isinstance(module[0], nn.Conv1d)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_parametrized_module_is_scripted_as_torchs():
    module = nn.utils.parametrizations.weight_norm(foldgate.torch.accelerate(nn.Conv1d(3, 4, 3)))
    assert torch.jit.script(module).original_name == "ParametrizedConv1d"


def test_pruned_after():
    plain = nn.Conv1d(3, 4, 3)
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    for module in (plain, fast):
        prune.l1_unstructured(module, "weight", amount=0.5)
    with by_foldgate():
        torch.testing.assert_close(fast(X), plain(X))
    assert fast.state_dict().keys() == plain.state_dict().keys()
    assert type(foldgate.torch.restore(fast)) is nn.Conv1d
    prune.remove(fast, "weight")
    torch.testing.assert_close(fast(X), plain(X))
