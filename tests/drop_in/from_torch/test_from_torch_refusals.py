"""What cannot be brought over, and how it is named."""

from __future__ import annotations

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from from_torch_checks import Of, floats  # noqa: E402
from torch import nn  # noqa: E402

from foldgate.models import from_torch  # noqa: E402


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
            named(nn.AdaptiveMaxPool2d(2, return_indices=True)),
            (2, 4, 6, 5),
            r"\(AdaptiveMaxPool2d\): indices of max",
        ),
        (
            named(nn.FractionalMaxPool2d(2, 3)),
            (2, 4, 6, 5),
            r"1.0 \(FractionalMaxPool2d\): this",
        ),
        (named(nn.BatchNorm2d(4, track_running_stats=False)), (2, 4, 6, 5), "track_running_stats"),
        (named(nn.InstanceNorm1d(3)), (3, 5), r"1.0 \(InstanceNorm1d\): its input has shape \(None, 5\)"),
        (named(nn.Softplus(2, 5)), (2, 3), "threshold is 5; expected 20 or more"),
        (named(nn.PReLU()), (3,), r"1.0 \(PReLU\): it is used in a way"),
        (Of(lambda x: torch.div(x, 2, rounding_mode="trunc")), (2, 4), "div: rounding_mode is 'trunc'"),
        (Of(lambda x: x[torch.tensor([True, False])]), (2, 4), "getitem: a mask"),
        (Of(lambda x: (x, x.shape[1])), (2, 4), "output: the module gives an? int; expected tensors"),
        (Of(lambda x: torch.zeros(2, 3)), (2, 4), "output: the module gives"),
        (named(nn.Conv2d(4, 4, 3)), (4, 6, 5), "expected 4 axes, the batch among them"),
        (Of(lambda x: torch.fft.rfft(x).real), (2, 4), "fft_rfft: this function has no counterpart"),
        (Of(lambda x: x.reshape(-1, 5).reshape(-1, 4, 6, 5)), (2, 4, 6, 5), "reshape: it is used in a way"),
        (Of(lambda x: x if x.sum() > 0 else -x), (2, 4), "cannot be traced"),
    ],
)
def test_what_cannot_be_brought_is_named(module, shape, words):
    with pytest.raises(ValueError, match=words):
        from_torch(module, floats(*shape))


def test_examples_that_no_input_takes_are_counted():
    with pytest.raises(ValueError, match=r"from_torch: Of takes 1 of the 2 inputs that example has"):
        from_torch(Of(lambda x: x * 2), (floats(2, 4), floats(2, 4)))


def test_answers_that_differ_are_an_error(monkeypatch):
    from foldgate.models._from_torch import table

    monkeypatch.setitem(table.MODULES, "Tanh", lambda c, part, x: x)
    with pytest.raises(ArithmeticError, match="output 0 of the example is"):
        from_torch(nn.Tanh(), floats(2, 4))


def test_wrong_kinds_and_no_torch(monkeypatch):
    with pytest.raises(TypeError, match=r"module is int; expected a torch\.nn\.Module"):
        from_torch(3, floats(2, 4))
    for example in ("x", ((floats(2), floats(2)),), ({"x": floats(2)},), floats(2).bfloat16()):
        with pytest.raises(TypeError, match=r"example is .*; expected a tensor or an array of numbers"):
            from_torch(torch.nn.Linear(2, 2), example)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="needs torch"):
        from_torch(nn.Tanh(), np.zeros((2, 4)))
