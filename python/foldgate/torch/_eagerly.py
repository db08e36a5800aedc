"""Functions into which torch's compiler does not look."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch._dynamo.decorators import skip

_compiler_of_this_frame = getattr(torch._C._dynamo.eval_frame, "get_eval_frame_callback", lambda: torch)


def eagerly(function: Callable[..., Any]) -> Callable[..., Any]:
    """`torch.compiler.disable(function)`, whose 3 us only a call that a compiler watches takes.

    Args:
      function: takes no arguments by name.
    """
    disabled = torch.compiler.disable(function)

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        return (function if _compiler_of_this_frame() is None else disabled)(*args)

    skipped: Callable[..., Any] = skip(call)
    return skipped
