"""What foldgate does not compute goes to torch: other tensors, transforms, compilers, wrong arguments."""

from __future__ import annotations

import copy
import warnings

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.utils._per_sample_grad import call_for_per_sample_grads  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence  # noqa: E402
from torch_modules import at_any_size, by_foldgate, tensors  # noqa: E402

import foldgate.torch  # noqa: E402

MODULES = {
    "conv": (lambda **o: nn.Conv2d(3, 4, 3, **o), (2, 3, 6, 6)),
    "transposed": (lambda **o: nn.ConvTranspose2d(3, 4, 3, **o), (2, 3, 6, 6)),
    "max pool": (lambda **_: nn.MaxPool2d(2), (2, 3, 6, 6)),
    "average pool": (lambda **_: nn.AvgPool2d(2), (2, 3, 6, 6)),
    "adaptive average": (lambda **_: nn.AdaptiveAvgPool2d(2), (2, 3, 6, 6)),
    "adaptive max": (lambda **_: nn.AdaptiveMaxPool2d(2), (2, 3, 6, 6)),
    "lstm": (lambda **o: nn.LSTM(3, 4, **o), (5, 2, 3)),
    "gru": (lambda **o: nn.GRU(3, 4, **o), (5, 2, 3)),
    "rnn": (lambda **o: nn.RNN(3, 4, **o), (5, 2, 3)),
    "lstm cell": (lambda **o: nn.LSTMCell(3, 4, **o), (2, 3)),
    "gru cell": (lambda **o: nn.GRUCell(3, 4, **o), (2, 3)),
    "rnn cell": (lambda **o: nn.RNNCell(3, 4, **o), (2, 3)),
}
every_module = pytest.mark.parametrize(("made", "shape"), MODULES.values(), ids=MODULES)


@every_module
def test_foldgate_computes_what_it_can(made, shape):
    with by_foldgate():
        for dtype in (torch.float32, torch.float64):
            fast = foldgate.torch.accelerate(made(dtype=dtype))
            tensors(fast(torch.randn(shape, dtype=dtype)))[0].sum()
            with torch.no_grad():
                fast(torch.randn(shape, dtype=dtype))
            with torch.inference_mode():
                fast(torch.randn(shape, dtype=dtype))


def same(made, call, *arguments, options=None):
    """Both answer alike, or both raise the same error."""
    plain = made(**(options or {}))
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    outcomes = []
    for module in (plain, fast):
        with at_any_size():
            try:
                outcomes.append(tensors(call(module, *arguments)))
            except Exception as error:
                outcomes.append((type(error), str(error)))
    expected, found = outcomes
    if isinstance(expected, tuple):
        assert found == expected
        return expected
    for y, e in zip(found, expected, strict=True):
        torch.testing.assert_close(y, e)
    return None


def call(module, x):
    return module(x)


@every_module
@pytest.mark.parametrize("dtype", (torch.bfloat16, torch.float16, torch.int64, torch.complex64), ids=str)
def test_other_dtypes(made, shape, dtype):
    options = {"dtype": dtype} if dtype.is_floating_point else {}
    same(made, call, torch.ones(shape).to(dtype), options=options)


@every_module
def test_a_dtype_unlike_the_weights(made, shape):
    same(made, call, torch.ones(shape, dtype=torch.float64))


@every_module
@pytest.mark.parametrize(
    "wrong", (lambda s: s[:1], lambda s: s + (1, 1), lambda s: (*s[:-1], 0), lambda s: (0, *s[1:]))
)
def test_wrong_and_empty_shapes(made, shape, wrong):
    same(made, call, torch.ones(wrong(shape)))


@every_module
@pytest.mark.parametrize("wrong", (None, 3, [1.0, 2.0], "x"), ids=repr)
def test_what_is_no_tensor(made, shape, wrong):
    assert same(made, call, wrong) is not None


@every_module
@pytest.mark.parametrize(
    "wrong",
    (lambda m, x: m(), lambda m, x: m(x, None, None), lambda m, x: m(x, hidden=1)),
    ids=("none", "three", "named"),
)
def test_wrong_numbers_and_names_of_arguments(made, shape, wrong):
    assert same(made, wrong, torch.ones(shape))[0] is TypeError


def test_channels_and_features_that_do_not_fit():
    for name in ("conv", "transposed", "lstm", "gru", "rnn", "lstm cell", "gru cell", "rnn cell"):
        made, shape = MODULES[name]
        shape = (shape[0], 5, *shape[2:]) if len(shape) == 4 else (*shape[:-1], 5)
        assert same(made, call, torch.ones(shape))[0] is RuntimeError
    assert same(MODULES["conv"][0], call, torch.ones(1, 3, 2, 2))[0] is RuntimeError


@pytest.mark.parametrize("name", ("lstm", "gru", "rnn"))
def test_states_that_do_not_fit(name):
    made, shape = MODULES[name]
    for state in (torch.ones(2, 2, 4), torch.ones(1, 3, 4), torch.ones(1, 4), torch.ones(1, 2, 4).double()):
        hx = (state, state) if name == "lstm" else state
        assert same(made, lambda m, x, hx=hx: m(x, hx), torch.ones(shape)) is not None


@pytest.mark.parametrize("kind", (nn.Conv3d, nn.ConvTranspose3d))
@pytest.mark.parametrize(
    "shape", ((4,), (4, 4, 3, 3), (4, 4, 3), (4, 3, 3, 3, 3), (4, 4, 7, 7, 7), (6, 4, 3, 3, 3)), ids=str
)
@pytest.mark.parametrize("padding", (0, 2))
def test_weights_of_other_shapes_than_the_module_says(kind, shape, padding):
    def call(module, x):
        module.weight = nn.Parameter(torch.ones(shape))
        return module(x)

    x = torch.ones(2, 4, 4, 4, 4).to(memory_format=torch.channels_last_3d)
    same(lambda: kind(4, 4, 3, padding=padding), call, x)


@every_module
def test_meta_autocast_and_subclasses(made, shape):
    class Own(torch.Tensor):
        pass

    with at_any_size():
        fast = foldgate.torch.accelerate(made())
        assert tensors(fast.to("meta")(torch.ones(shape, device="meta")))[0].is_meta
    same(made, call, torch.ones(shape).as_subclass(Own))

    def cast(module, x):
        with torch.autocast("cpu"):
            return module(x)

    same(made, cast, torch.ones(shape))


@pytest.mark.parametrize("name", ("conv", "gru", "rnn"))
def test_weights_that_keep_the_gradient_of_each_sample(name):
    """They are of another class, and refuse to be asked for their layout."""

    def by_sample(module, x):
        called = call_for_per_sample_grads(module, batch_size=2, batch_first=name == "conv")
        tensors(called(x))[0].sum().backward()
        return [p.grad_sample for p in module.parameters()]

    made, shape = MODULES[name]
    assert same(made, by_sample, torch.randn(shape)) is None


@every_module
def test_transforms(made, shape):
    x, tangent = torch.randn(3, *shape), torch.randn(shape)

    def first(module, x):
        return tensors(module(x))[0]

    def mapped(module, x):
        return torch.func.vmap(lambda row: first(module, row), randomness="same")(x)

    def forward_mode(module, x):
        with torch.autograd.forward_ad.dual_level():
            dual = torch.autograd.forward_ad.make_dual(x[0], tangent)
            return torch.autograd.forward_ad.unpack_dual(first(module, dual)).tangent

    same(made, mapped, x)
    same(made, forward_mode, x)
    same(made, lambda m, x: torch.func.grad(lambda v: first(m, v).sum())(x[0]), x)
    same(made, lambda m, x: torch.func.jvp(lambda v: first(m, v), (x[0],), (tangent,)), x)


def test_batched_gradients():
    def jacobian(module, x):
        function = lambda v: tensors(module(v))[0]  # noqa: E731
        return torch.autograd.functional.jacobian(function, x, vectorize=True)

    for name in ("conv", "max pool", "average pool"):
        made, _ = MODULES[name]
        same(made, jacobian, torch.randn(1, 3, 5, 5))


@every_module
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_traced_and_scripted(made, shape):
    x = torch.randn(shape)
    with at_any_size():
        fast = foldgate.torch.accelerate(made())
        expected = tensors(fast(x))
        for compiled in (torch.jit.trace(fast, x), torch.jit.script(nn.Sequential(fast))):
            for y, e in zip(tensors(compiled(x)), expected, strict=True):
                torch.testing.assert_close(y, e)


@every_module
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tracing_warns_as_of_torchs(made, shape):
    plain, warned = made(), []
    for module in (plain, foldgate.torch.accelerate(copy.deepcopy(plain))):
        with at_any_size(), warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            torch.jit.trace(module, torch.randn(shape), check_trace=False)
        warned.append(sum(issubclass(w.category, torch.jit.TracerWarning) for w in seen))
        assert "forward" not in module.__dict__
    assert warned[1] == warned[0]


@pytest.mark.parametrize("size", [2, (2, 2), (None, 3), [1, 2]])
@pytest.mark.parametrize("kind", ["AdaptiveMaxPool2d", "AdaptiveAvgPool2d"])
def test_small_adaptive_pools_of_any_form_of_size(kind, size):
    x, module = torch.randn(2, 3, 8, 8), getattr(nn, kind)(size)
    expected = module(x)
    torch.testing.assert_close(foldgate.torch.accelerate(module)(x), expected)


@pytest.mark.parametrize("kind", ["AdaptiveMaxPool2d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"])
@pytest.mark.parametrize("size", [(1, 2, 3, 4), (), (2,), "23", (1.5, 2)])
def test_wrong_sizes_of_adaptive_pools_have_torchs_errors(kind, size):
    x, module = torch.randn(2, 3, 8, 8, 8)[..., : 8 if kind.endswith("3d") else 1], getattr(nn, kind)(size)
    x = x if kind.endswith("3d") else x[..., 0]
    outcomes = []
    for called in (module, foldgate.torch.accelerate(copy.deepcopy(module))):
        try:
            outcomes.append((None, called(x).shape))
        except Exception as error:
            outcomes.append((type(error), str(error)))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("module", [nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(2), nn.AvgPool2d(2)], ids=str)
def test_tensors_of_another_layout_are_torchs(module):
    x = torch.randn(8, 64, 56, 56)
    expected = module(x)
    torch.testing.assert_close(foldgate.torch.accelerate(module)(x.to_mkldnn()).to_dense(), expected)


def test_a_packed_sequence_of_another_width():
    packed = pack_padded_sequence(torch.ones(2, 3, 5), torch.tensor([3, 2]), batch_first=True)
    assert same(MODULES["gru"][0], call, packed)[0] is RuntimeError


@every_module
@pytest.mark.parametrize("device", ("cpu", "meta"))
def test_a_default_device_changes_nothing(made, shape, device):
    plain, x = made(), torch.randn(shape)
    fast, expected = foldgate.torch.accelerate(copy.deepcopy(plain)), tensors(plain(x))
    with by_foldgate(), torch.device(device):
        found = tensors(fast(x))
        found[0].sum().backward() if found[0].requires_grad else None
    for y, e in zip(found, expected, strict=True):
        torch.testing.assert_close(y, e)


@every_module
def test_a_mode_sees_torchs_calls(made, shape):
    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            seen.append(function)
            return function(*args, **(kwargs or {}))

    seen = []
    with at_any_size(), torch.device("cpu"), Watch():
        foldgate.torch.accelerate(made())(torch.randn(shape))
    assert any(word in f.__name__ for f in seen for word in ("conv", "pool", "lstm", "gru", "rnn"))


@pytest.mark.parametrize("shape", ((2, 3, 1, 5), (3, 1, 5), (3, 5, 1)))
def test_an_image_smaller_than_its_reflection(shape):
    options = {"padding": 1, "padding_mode": "reflect"}
    assert same(MODULES["conv"][0], call, torch.ones(shape), options=options)[0] is RuntimeError
