"""An accelerated module is the module that it was: files, copies, hooks, sharing, optimizers, and back."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
import subprocess
import sys
import threading

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch_modules import at_any_size, by_foldgate  # noqa: E402

import foldgate.torch  # noqa: E402
from foldgate.torch._classes import SWAPPED  # noqa: E402


def model_of():
    return nn.Sequential(nn.Conv1d(3, 4, 3), nn.MaxPool1d(2), nn.Linear(5, 6), nn.GRU(6, 7, batch_first=True))


X = torch.randn(2, 3, 12, generator=torch.Generator().manual_seed(0))


def test_names_states_and_classes_stay():
    model = model_of()
    before = dict(model.named_parameters())
    text = repr(model)
    assert foldgate.torch.accelerate(model) is model
    assert all(p is before[name] for name, p in model.named_parameters())
    assert isinstance(model[0], nn.Conv1d) and type(model[0]) is not nn.Conv1d
    assert repr(model) == text and list(model.state_dict()) == list(before)
    model_of().load_state_dict(model.state_dict())


@pytest.mark.parametrize("plain", SWAPPED, ids=lambda kind: kind.__name__)
def test_arguments_have_torchs_names(plain):
    expected, found = (
        [(p.name, p.default) for p in inspect.signature(kind.forward).parameters.values()]
        for kind in (plain, SWAPPED[plain])
    )
    assert found == expected


def test_twenty_four_classes_are_swapped_and_restored():
    assert len(SWAPPED) == 24
    for original, swapped in SWAPPED.items():
        assert issubclass(swapped, original) and swapped.__name__ == original.__name__
    model = model_of()
    with at_any_size(), torch.no_grad():
        foldgate.torch.accelerate(model)(X)
    assert foldgate.torch.restore(model) is model
    assert [type(m) for m in model] == [nn.Conv1d, nn.MaxPool1d, nn.Linear, nn.GRU]
    assert all("_foldgate" not in m.__dict__ for m in model)


@pytest.mark.parametrize("copied", (copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))))
def test_copies_and_pickles_are_accelerated_and_apart(copied):
    model = foldgate.torch.accelerate(model_of()).eval()
    with by_foldgate(), torch.no_grad():
        expected = model(X)[0]
        other = copied(model)
        assert [type(m) for m in other] == [type(m) for m in model]
        torch.testing.assert_close(other(X)[0], expected, rtol=0, atol=0)
        other[0].weight.zero_()
        assert not torch.equal(other(X)[0], expected)
        torch.testing.assert_close(model(X)[0], expected, rtol=0, atol=0)


def test_a_saved_model_loads():
    file = io.BytesIO()
    model = foldgate.torch.accelerate(model_of())
    torch.save(model, file)
    file.seek(0)
    torch.testing.assert_close(torch.load(file, weights_only=False)(X)[0], model(X)[0])


def test_hooks_run():
    model, seen = model_of(), []
    model[0].register_forward_hook(lambda module, inputs, output: seen.append("forward"))
    model[0].register_full_backward_hook(lambda module, dx, dy: seen.append("backward"))
    model[0].weight.register_hook(lambda gradient: seen.append("weight"))
    foldgate.torch.accelerate(model)
    with by_foldgate():
        model(X.clone().requires_grad_())[0].sum().backward()
    assert sorted(seen) == ["backward", "forward", "weight"]


def test_a_shared_module_and_shared_weights():
    layer = nn.Conv1d(4, 4, 3, padding=1, dtype=torch.float64)
    other = nn.Conv1d(4, 4, 3, padding=1, dtype=torch.float64)
    other.weight = layer.weight
    model = nn.Sequential(layer, layer, other)
    x = torch.randn(2, 4, 9, dtype=torch.float64)
    model(x).sum().backward()
    expected = layer.weight.grad.clone()
    model.zero_grad()
    foldgate.torch.accelerate(model)
    assert model[2].weight is model[0].weight
    with by_foldgate():
        model(x).sum().backward()
    torch.testing.assert_close(layer.weight.grad, expected)


WRITES = {
    "in place": lambda p: p.add_(1.0),
    "data": lambda p: p.data.add_(1.0),
    "data assigned": lambda p: setattr(p, "data", p.data + 1.0),
    "numpy": lambda p: p.detach().numpy().__iadd__(1.0),
    "one number": lambda p: p.data.view(-1)[-1:].add_(1.0),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize(
    ("made", "x"),
    [
        (lambda: nn.Conv2d(3, 4, 3), torch.ones(1, 3, 5, 5)),
        (lambda: nn.ConvTranspose1d(3, 4, 3), torch.ones(1, 3, 5)),
        (lambda: nn.GRU(3, 4, 2), torch.ones(5, 1, 3)),
        (lambda: nn.LSTM(3, 4, bidirectional=True), torch.ones(5, 1, 3)),
        (lambda: nn.RNNCell(3, 4), torch.ones(5, 3)),
    ],
    ids=("conv", "transposed", "gru", "lstm", "cell"),
)
def test_no_write_to_weights_goes_unseen(write, made, x):
    plain = made()
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    with torch.no_grad():
        for name, _ in list(plain.named_parameters()):
            for module in (plain, fast):
                with by_foldgate() if module is fast else at_any_size():
                    module(x)
                    write(getattr(module, name))
            with by_foldgate():
                found = fast(x)
            for y, expected in zip(found, plain(x), strict=True):
                torch.testing.assert_close(y, expected)


def test_optimizers_and_loaded_states_reach_the_kernels():
    plain = model_of()
    fast = foldgate.torch.accelerate(copy.deepcopy(plain))
    for _ in range(3):
        for module in (plain, fast):
            optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
            with by_foldgate():
                optimizer.zero_grad()
                module(X)[0].square().sum().backward()
                optimizer.step()
    fresh = model_of().state_dict()
    for state in (None, fresh):
        if state is not None:
            plain.load_state_dict(state), fast.load_state_dict(state)
        with torch.no_grad(), by_foldgate():
            torch.testing.assert_close(fast(X)[0], plain(X)[0])


def test_a_weight_written_between_forward_and_backward_is_refused_as_by_torch():
    with by_foldgate():
        for module, x in ((nn.Conv1d(3, 4, 3), X), (nn.GRU(12, 4), X)):
            fast = foldgate.torch.accelerate(module)
            y = fast(x.clone().requires_grad_())
            with torch.no_grad():
                next(fast.parameters()).add_(1.0)
            with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                (y if isinstance(y, torch.Tensor) else y[0]).sum().backward()


def test_parametrized_and_functional_weights():
    x = torch.randn(2, 3, 9, dtype=torch.float64)
    plain = nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 4, 3, dtype=torch.float64))
    fast = foldgate.torch.accelerate(nn.Conv1d(3, 4, 3, dtype=torch.float64))
    fast = nn.utils.parametrizations.weight_norm(fast)
    fast.load_state_dict(plain.state_dict())
    with by_foldgate():
        torch.testing.assert_close(fast(x), plain(x))
    module = foldgate.torch.accelerate(nn.GRU(3, 4, dtype=torch.float64))
    others = {n: (p + 1).detach().requires_grad_() for n, p in module.named_parameters()}
    with by_foldgate():
        y = torch.func.functional_call(module, others, (x.transpose(1, 2),))[0]
        y.sum().backward()
    assert all(p.grad is not None for p in others.values()) and module.weight_ih_l0.grad is None


def test_threads_share_a_model():
    model = foldgate.torch.accelerate(model_of()).eval()
    found = []
    with by_foldgate():
        with torch.no_grad():
            expected = model(X)[0]

        def work():
            for _ in range(20):
                with torch.no_grad():
                    found.append(model(X)[0])
                model(X)[0].sum().backward()

        threads = [threading.Thread(target=work) for _ in range(4)]
        [t.start() for t in threads]
        [t.join() for t in threads]
    assert len(found) == 80 and all(torch.equal(y, expected) for y in found)


FORKED = """
import torch, foldgate.torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torch_modules import by_foldgate
model = foldgate.torch.accelerate(nn.Sequential(nn.Conv1d(8, 32, 3), nn.MaxPool1d(2), nn.GRU(31, 32)))
model.share_memory()
x = torch.randn(4, 8, 64)
class Items(Dataset):
    def __len__(self): return 6
    def __getitem__(self, i):
        with by_foldgate(), torch.no_grad():
            return model(x)[0]
with by_foldgate():
    model(x)[0].sum().backward()
    with torch.no_grad():
        expected = model(x)[0]
for batch in DataLoader(Items(), batch_size=2, num_workers=2, multiprocessing_context="fork"):
    assert all(torch.equal(y, expected) for y in batch)
print("done")
"""


def test_shared_memory_and_forked_workers_do_not_hang(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120, env=_environment()
    )
    assert done.stdout.strip() == "done", done.stderr


def _environment():
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def test_without_torch_the_error_says_what_to_install():
    code = "import sys; sys.modules['torch'] = None; import foldgate; foldgate.torch"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=_environment())
    assert done.returncode == 1 and "pip install torch" in done.stderr
