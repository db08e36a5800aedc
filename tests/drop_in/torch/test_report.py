"""Which modules are swapped, by `only` and by what they are, and what is said of them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

import foldgate.torch  # noqa: E402
from foldgate.torch import recurrent  # noqa: E402


def model_of():
    return nn.ModuleDict({"conv": nn.Conv1d(3, 4, 3), "rnn": nn.GRU(4, 4), "head": nn.Linear(4, 2)})


@pytest.mark.parametrize(
    "only", ("rnn", "r*", nn.GRU, (nn.GRU,), ["rnn"], nn.modules.rnn.RNNBase, recurrent.GRU)
)
def test_only(only):
    model = foldgate.torch.accelerate(model_of(), only=only)
    assert type(model["conv"]) is nn.Conv1d and type(model["rnn"]) is not nn.GRU


@pytest.mark.parametrize("only", ("second", "sec*", "first"))
def test_only_by_any_name_of_a_shared_module(only):
    shared = nn.GRU(4, 4)
    model = nn.ModuleDict({"first": shared, "second": shared, "third": nn.GRU(4, 4)})
    findings = foldgate.torch.survey(foldgate.torch.accelerate(model, only=only))
    assert [f[:3] for f in findings] == [("first", "GRU", True), ("third", "GRU", True)]
    assert [type(m) is nn.GRU for m in model.values()] == [False, False, True]


@pytest.mark.parametrize(
    ("only", "error", "words"),
    [
        (nn.Linear, ValueError, "only has the class Linear, .* expected one of AdaptiveAvgPool1d"),
        ("con", ValueError, "only has 'con', .* expected a name such as 'conv'"),
        ("no*", ValueError, "only has 'no\\*', which no module of the model is named"),
        (3, TypeError, "only has a int; expected classes of torch.nn or names of modules"),
        ([nn.GRU(2, 2)], TypeError, "only has a GRU"),
    ],
)
def test_wrong_only(only, error, words):
    with pytest.raises(error, match="accelerate: " + words):
        foldgate.torch.accelerate(model_of(), only=only)


@pytest.mark.parametrize(
    "function", (foldgate.torch.accelerate, foldgate.torch.restore, foldgate.torch.survey)
)
def test_no_model(function):
    with pytest.raises(TypeError, match=r"model is a str; expected a torch.nn.Module"):
        function("x")


def test_why_a_module_is_not_swapped():
    class Own(nn.Conv1d):
        pass

    model = nn.Sequential(Own(1, 1, 1), nn.LazyConv1d(2, 1), nn.Linear(1, 1), nn.Conv1d(1, 1, 1))
    model[3].forward = lambda x: x
    findings = foldgate.torch.survey(model)
    assert [f.swapped for f in findings] == [False] * 4
    for finding, words in zip(
        findings, ("a subclass of Conv1d", "lazy", "not a class", "replaced"), strict=True
    ):
        assert words in finding.why
    foldgate.torch.accelerate(model)
    assert type(model[3]) is nn.Conv1d


def test_the_report_is_printed(capsys):
    foldgate.torch.accelerate(model_of(), only="rnn", report=True)
    lines = capsys.readouterr().out.splitlines()
    assert any("rnn" in line and "GRU" in line and "yes" in line for line in lines)
    assert any("conv" in line and "no" in line and "not in `only`" in line for line in lines)


def test_a_model_that_is_a_module_to_swap():
    layer = foldgate.torch.accelerate(nn.GRU(3, 4))
    assert [f[:3] for f in foldgate.torch.survey(layer)] == [("", "GRU", True)]
    assert foldgate.torch.accelerate(layer) is layer


def test_the_report_says_where_torch_stays():
    model = nn.Sequential(nn.RNNCell(3, 4), nn.AdaptiveAvgPool2d(1), nn.ConvTranspose1d(2, 2, 2))
    starts = ("PyTorch's own", "by foldgate in training, channels_last", "by foldgate from 2 images")
    for finding, start in zip(foldgate.torch.survey(model), starts, strict=True):
        assert finding.why.startswith(start)
