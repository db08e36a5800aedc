"""What PyTorch's autograd can ask of a layer, with foldgate's kernels and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from under_keras import BACKEND, arrays, every_size, keras, same

import foldgate.keras

if BACKEND != "torch":
    pytest.skip("the numpy backend has no gradients", allow_module_level=True)

import torch
from torch.autograd import forward_ad

L = keras.layers
LAYERS: dict[str, Callable[[], Any]] = {
    "conv": lambda: L.Conv1D(4, 3),
    "depthwise": lambda: L.DepthwiseConv1D(3),
    "separable": lambda: L.SeparableConv1D(4, 3),
    "transposed": lambda: L.Conv1DTranspose(4, 3),
    "max_pool": lambda: L.MaxPooling1D(2),
    "average_pool": lambda: L.AveragePooling1D(2),
    "lstm": lambda: L.LSTM(4, return_sequences=True),
    "gru": lambda: L.GRU(4),
    "simple_rnn": lambda: L.SimpleRNN(4, return_sequences=True),
}


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> Any:
    found = LAYERS[request.param]()
    found.build((2, 6, 3))
    return found


@pytest.fixture
def x(rng: np.random.Generator) -> Any:
    return torch.tensor(rng.normal(size=(2, 6, 3)).astype("float32"))


def alike(call: Callable[[], Any]) -> None:
    """The same with foldgate, whoever computes it, as without."""
    expected = arrays(call())
    with every_size(), foldgate.keras.enabled():
        found = arrays(call())
    same(found, expected)


@pytest.mark.parametrize("frozen", [False, True], ids=["trained", "frozen"])
def test_forward_mode(layer: Any, frozen: bool, x: Any) -> None:
    layer.trainable = not frozen

    def call() -> Any:
        with forward_ad.dual_level():
            found = forward_ad.unpack_dual(layer(forward_ad.make_dual(x, torch.ones_like(x))))
        assert found.tangent is not None
        return [found.primal.detach(), found.tangent.detach()]

    alike(call)


def test_tangents_of_weights(x: Any) -> None:
    def call(kernel: Any) -> Any:
        with forward_ad.dual_level():
            y = keras.ops.conv(x, forward_ad.make_dual(kernel, torch.ones_like(kernel)))
            return list(forward_ad.unpack_dual(y))

    alike(lambda: call(torch.ones(3, 3, 4)))


def test_transforms(layer: Any, x: Any) -> None:
    alike(lambda: torch.func.vmap(lambda row: layer(row[None])[0])(x).detach())
    alike(lambda: [t.detach() for t in torch.func.jvp(layer, (x,), (torch.ones_like(x),))])
    alike(lambda: torch.func.grad(lambda t: layer(t).sum())(x).detach())


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_transforms_that_see_the_mask(kind: str, x: Any) -> None:
    layer = getattr(L, kind)(4)
    layer.build(x.shape)
    alike(lambda: torch.func.grad(lambda t: layer(t, mask=t[..., 0] > 0).sum())(x).detach())


def test_autocast(layer: Any, x: Any) -> None:
    def call() -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            return layer(x).detach()

    expected = call()
    with every_size(), foldgate.keras.enabled():
        torch.testing.assert_close(call(), expected, rtol=0, atol=0)


def test_a_batch_of_gradients(layer: Any, x: Any) -> None:
    def call() -> Any:
        y = layer(x.requires_grad_())
        directions = torch.linspace(-1, 1, 3 * y.numel()).view(3, *y.shape)
        return torch.autograd.grad(y, x, directions, is_grads_batched=True)

    alike(call)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_gradients_of_gradients_where_the_states_depend_on_the_input(kind: str, x: Any) -> None:
    layer = getattr(L, kind)(3)
    layer.build(x.shape)

    def call() -> Any:
        inputs = x.clone().requires_grad_()
        states = [inputs.mean(1)] * (2 if kind == "LSTM" else 1)
        y = layer(inputs, initial_state=states)
        (dx,) = torch.autograd.grad((y**2).sum(), inputs, create_graph=True)
        return [dx.detach(), *torch.autograd.grad((dx**2).sum(), inputs)]

    alike(call)


def test_gradients_of_gradients_of_weights_that_were_given(layer: Any, x: Any) -> None:
    def call() -> Any:
        inputs = x.clone().requires_grad_()
        given = [(v.value * 1.5).detach().requires_grad_() for v in layer.trainable_variables]
        y, _ = layer.stateless_call(given, layer.non_trainable_variables, inputs)
        first = torch.autograd.grad((y**2).mean(), [inputs, *given], create_graph=True)
        second = torch.autograd.grad(sum((g**2).mean() for g in first), [inputs, *given])
        return [*(g.detach() for g in first), *second]

    alike(call)


def double_the_output(layer: Any, y: list[Any], mask: Any) -> None:
    y[0].mul_(2)


def write_to_the_outputs(layer: Any, y: list[Any], mask: Any) -> None:
    with torch.no_grad():
        for t in y[:1]:
            t.add_(1)


def write_to_the_bias(layer: Any, y: list[Any], mask: Any) -> None:
    with torch.no_grad():
        layer.cell.bias.value.add_(1)


def write_to_the_mask(layer: Any, y: list[Any], mask: Any) -> None:
    mask.logical_not_()


def write_to_both(layer: Any, y: list[Any], mask: Any) -> None:
    write_to_the_outputs(layer, y, mask)
    write_to_the_bias(layer, y, mask)


WRITES = [double_the_output, write_to_the_outputs, write_to_the_bias, write_to_the_mask]


def written(
    kind: str, write: Callable[..., None], x: Any, order: int = 1, **options: Any
) -> Callable[[], Any]:
    """A call that gives gradients after somebody wrote to what a recurrent layer was given or gave."""

    def call() -> Any:
        keras.utils.set_random_seed(0)
        layer, inputs = getattr(L, kind)(4, **options), x.clone().requires_grad_()
        layer.build(x.shape)
        mask = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 0, 1, 1, 1]], dtype=torch.bool)
        y = keras.tree.flatten(layer(inputs, mask=mask))
        before = sum(t.sum() for t in y)
        write(layer, y, mask)
        weights = [variable.value for variable in layer.trainable_variables]
        total = sum((t * t.detach().cos()).sum() for t in y) if write is double_the_output else before
        found = torch.autograd.grad(total, [inputs, *weights], create_graph=order > 1)
        return found if order == 1 else torch.autograd.grad(sum((g**2).sum() for g in found), weights)

    return call


@pytest.mark.parametrize("options", [{}, {"return_sequences": True}, {"return_state": True}], ids=str)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_what_is_written_to_after_the_call(kind: str, write: Any, options: dict[str, Any], x: Any) -> None:
    alike(written(kind, write, x, **options))


@pytest.mark.parametrize(("write", "order"), [(write_to_both, 1), (write_to_the_bias, 2)])
def test_a_bias_that_is_needed_again_may_not_be_written_to(write: Any, order: int, x: Any) -> None:
    call = written("GRU", write, x, order, return_sequences=True)
    with every_size(), foldgate.keras.enabled(), pytest.raises(RuntimeError, match="modified by an inplace"):
        call()


def test_training_on_what_was_made_in_inference_mode(layer: Any, x: Any) -> None:
    with torch.inference_mode():
        inputs = x * 2

    def call() -> Any:
        try:
            y = layer(inputs)
        except RuntimeError as error:  # SimpleRNN's own step saves its input
            return np.array("Inference tensors cannot be saved" in str(error))
        weights = [variable.value for variable in layer.trainable_variables]
        return torch.autograd.grad(y.sum(), weights) if weights else y

    alike(call)
