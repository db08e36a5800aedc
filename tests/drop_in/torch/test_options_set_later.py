"""Options that are set on a module after it was made, in whatever form: what torch makes of them."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch_modules import at_any_size, close, tensors  # noqa: E402

import foldgate.torch  # noqa: E402


def conv():
    return nn.Conv2d(4, 8, 3, padding=1)


def transposed():
    return nn.ConvTranspose2d(4, 8, 3, padding=1)


def lstm(**options):
    # Of float64: by oneDNN torch writes beyond weights that do not fit the options.
    return lambda: nn.LSTM(4, 6, 2, dtype=torch.float64, **options)


FORMS = (2, 0, -1, 2.0, True, None, "same", (2, 2), [2, 2], (2,), (), (2, 0), (2.0, 2.0), torch.Size([2, 2]))
SETTINGS = (
    *((conv, name, v) for name in ("stride", "padding", "dilation", "kernel_size") for v in FORMS),
    *((conv, "groups", v) for v in (1, 2, 4, 0, -1, 2.0, None)),
    *((conv, "padding_mode", v) for v in ("reflect", "circular", "nothing", None)),
    *(
        (conv, "weight", v)
        for v in (nn.Parameter(torch.ones(5, 4, 2, 3)), nn.Parameter(torch.ones(8, 3, 3, 3)))
    ),
    *((made, name, None) for made in (conv, transposed) for name in ("weight", "bias")),
    *((transposed, name, v) for name in ("stride", "padding", "dilation", "output_padding") for v in FORMS),
    *((transposed, "groups", v) for v in (1, 2, 0, None)),
    *(
        (made, name, v)
        for made in (lambda: nn.MaxPool2d(2), lambda: nn.AvgPool2d(2))
        for name in ("kernel_size", "stride", "padding")
        for v in (*FORMS, 1, (1, 1), [1, 1])
    ),
    *((lambda: nn.MaxPool2d(2), "dilation", v) for v in FORMS),
    *((lambda: nn.AvgPool2d(2), "divisor_override", v) for v in (3, 0, None)),
    *((lambda: nn.AvgPool2d(2), "ceil_mode", v) for v in (1, None)),
    *((lambda: nn.AdaptiveMaxPool2d(1), "output_size", v) for v in FORMS),
    *((lambda: nn.AdaptiveAvgPool2d(1), "output_size", v) for v in FORMS),
    *((lstm(), "batch_first", v) for v in (True, 1, None)),
    *((lstm(), "dropout", v) for v in (0.5, 1, 0, 1.5, -1.0)),
    *((lstm(), "num_layers", v) for v in (1, 3, 0)),
    *((lstm(bidirectional=True), "bidirectional", v) for v in (False, 1)),
    *((lstm(), "bias", v) for v in (False, 1)),
    *((lstm(proj_size=3), "proj_size", v) for v in (0, 2)),
    *((lstm(), "hidden_size", v) for v in (3, 7)),
    *((lstm(), "input_size", v) for v in (3, 5)),
    *((lstm(), "weight_hh_l0", nn.Parameter(torch.ones(24, n).double())) for n in (1, 5)),
    *((lstm(), "bias_hh_l1", nn.Parameter(torch.ones(n).double())) for n in (1, 23)),
    *((lstm(), name, None) for name in ("weight_hh_l0", "bias_ih_l1")),
    *((lambda: nn.GRUCell(4, 6), name, None) for name in ("weight_ih", "weight_hh")),
    *((lambda: nn.GRUCell(4, 6), "hidden_size", v) for v in (3, 7)),
    *((lambda: nn.RNNCell(4, 6), "nonlinearity", v) for v in ("relu", "sigmoid")),
    *((lambda: nn.LSTMCell(4, 6), "bias_hh", v) for v in (None, nn.Parameter(torch.ones(24)))),
)


def spoken(part):
    return type(part()).__name__ if callable(part) and not isinstance(part, nn.Parameter) else str(part)[:20]


def input_of(module, large):
    if isinstance(module, nn.RNNBase):
        return torch.randn(5, 3, 4, dtype=torch.float64)
    if isinstance(module, nn.RNNCellBase):
        return torch.randn(64, 4)
    return torch.randn(4, 4, 96, 96) if large else torch.randn(2, 4, 12, 12)


def outcome(module, x, gradient):
    x = x.clone().requires_grad_(gradient)
    torch.manual_seed(0)
    try:
        with torch.set_grad_enabled(gradient):
            results = tensors(module(x))
        if gradient:
            sum(y.square().sum() for y in results).backward()
            results += [x.grad, *(p.grad for p in module.parameters())]
    except Exception as error:
        return type(error)
    return results


@pytest.mark.parametrize("gradient", (False, True))
@pytest.mark.parametrize(("made", "name", "value"), SETTINGS, ids=spoken)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_module_goes_by_what_was_set(made, name, value, gradient):
    plain = made()
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    x = input_of(plain, large=False)
    with at_any_size():
        outcome(fast, x, gradient)  # whose verdict is kept
    for module in (plain, fast):
        setattr(module, name, copy.deepcopy(value))
        module.zero_grad()
    hold_alike(plain, fast, input_of(plain, large=True), gradient)
    with at_any_size():
        hold_alike(plain, fast, x, gradient)


def hold_alike(plain, fast, x, gradient):
    expected, found = outcome(plain, x, gradient), outcome(fast, x, gradient)
    if isinstance(expected, type):
        assert found is expected
        return
    assert isinstance(found, list)
    for y, e in zip(found, expected, strict=True):
        assert y.shape == e.shape
        close(y, e, 1e-5)


COMPILED = (
    (conv, "stride", 2),
    (conv, "dilation", [2, 2]),
    (transposed, "output_padding", 0),
    (lambda: nn.MaxPool2d(2), "stride", None),
    (lambda: nn.AvgPool2d(2), "kernel_size", (2,)),
    (lambda: nn.AdaptiveAvgPool2d(1), "output_size", [2, None]),
)


@pytest.mark.parametrize(("made", "name", "value"), COMPILED, ids=spoken)
def test_a_compiled_module_goes_by_what_was_set(made, name, value):
    plain = made()
    setattr(plain, name, value)
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    with at_any_size():
        hold_alike(plain, torch.compile(fast, backend="eager"), input_of(plain, large=False), gradient=True)
