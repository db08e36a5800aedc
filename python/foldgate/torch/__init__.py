"""PyTorch models on foldgate's kernels: `accelerate(model)` swaps modules in place, `restore(model)` undoes.

Convolutions, transposed convolutions, pooling, LSTM, GRU, RNN and their cells become subclasses of their own
classes that compute float32 and float64 on the CPU here, and the rest by PyTorch itself. See docs/torch.md.
"""

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError(
        "foldgate.torch accelerates PyTorch's modules and PyTorch is not installed; "
        "expected the package torch (pip install torch)"
    ) from error

from foldgate.torch._survey import Finding, survey
from foldgate.torch._swap import accelerate, restore

__all__ = ["Finding", "accelerate", "restore", "survey"]
