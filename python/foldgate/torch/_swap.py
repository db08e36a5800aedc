"""`accelerate` and `restore`: the class of a module is exchanged, the module stays what it is."""

from __future__ import annotations

from typing import Any, TypeVar

from foldgate._torch_threads import share_threads
from foldgate.torch._classes import original_class, swapped_base, swapped_class
from foldgate.torch._module import unmark
from foldgate.torch._survey import Finding, Only, check_model, findings_of

Model = TypeVar("Model")


def accelerate(model: Model, only: Only = None, report: bool = False) -> Model:
    """Lets foldgate compute a PyTorch model's convolutions, pools and recurrent layers on the CPU, in place.

    Each module of one of these classes becomes an instance of a subclass of its class: Conv1d to Conv3d,
    ConvTranspose1d to 3d, MaxPool, AvgPool, AdaptiveAvgPool and AdaptiveMaxPool 1d to 3d, LSTM, GRU, RNN,
    LSTMCell, GRUCell, RNNCell. Its parameters, buffers, hooks, name, mode and options are not touched, so
    `state_dict`, optimizers, `copy.deepcopy` and pickling go on as before. What foldgate does not compute
    (CUDA, meta and quantised tensors, half precision, autocast, transforms of torch.func, tracing, wrong
    arguments) and sizes at which PyTorch is faster go to PyTorch's own code. The kernels run on PyTorch's
    threads from now on, where its OpenMP runtime can be found.

    Args:
      model: a torch.nn.Module; may itself be such a module.
      only: which modules to swap: a class of torch.nn, a name as in `model.named_modules()` (with `*` and
        `?`), or several of them; None for all.
      report: whether to print a table of what was swapped and what was not, and why; `survey` gives it as a
        list.

    Returns:
      `model` itself.

    Raises:
      TypeError: `model` is not a torch.nn.Module; `only` is of another kind.
      ValueError: `only` names a class that is never swapped, or a name that no module has.

    Example:
      >>> import torch
      >>> import foldgate.torch
      >>> model = torch.nn.Sequential(torch.nn.Conv1d(4, 8, 3), torch.nn.ReLU())
      >>> foldgate.torch.accelerate(model) is model, isinstance(model[0], torch.nn.Conv1d)
      (True, True)
      >>> model(torch.ones(2, 4, 20)).shape
      torch.Size([2, 8, 18])
    """
    findings = findings_of("accelerate", model, only)
    modules: dict[str, Any] = dict(model.named_modules())  # type: ignore[attr-defined]
    for name, _, swapped, _ in findings:
        module = modules[name]
        if swapped and swapped_base(type(module)) is None:
            _swap(module)
    share_threads()
    if report:
        _print(findings)
    return model


def _swap(module: Any) -> None:
    # By this name torch.fx knows the modules into which it does not trace; pickles go by the class's own.
    module.__dict__["__module__"] = type(module).__module__
    module.__class__ = swapped_class(type(module))


def restore(model: Model) -> Model:
    """Gives every module that `accelerate` swapped its own class back, in place.

    Args:
      model: a torch.nn.Module.

    Returns:
      `model` itself.

    Raises:
      TypeError: `model` is not a torch.nn.Module.

    Example:
      >>> import torch
      >>> import foldgate.torch
      >>> layer = foldgate.torch.accelerate(torch.nn.GRU(4, 8))
      >>> type(foldgate.torch.restore(layer)) is torch.nn.GRU
      True
    """
    check_model("restore", model)
    for module in model.modules():  # type: ignore[attr-defined]
        plain = original_class(type(module))
        if plain is not None:
            module.__class__ = plain
            unmark(module)
    return model


def _print(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("module", "class", "foldgate", "why")
    for name, kind, swapped, why in findings:
        table.add_row(name or "(the model)", kind, "yes" if swapped else "no", why)
    Console().print(table)
