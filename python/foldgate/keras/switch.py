"""Puts foldgate's functions in the place of Keras' and back."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

from foldgate.keras import hooks, loading, versions

_ABSENT = object()


class _Patch(NamedTuple):
    """An attribute that was replaced: `before` is _ABSENT where the owner itself had none."""

    owner: Any
    name: str
    before: Any
    after: Any


class _Switch:
    """What is replaced now, and who wants it so: an `enable()`, and any number of `with enabled():`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.patches: list[_Patch] = []
        self.always = False
        self.contexts = 0

    def apply(self) -> None:
        """Brings the patches in line with who wants them."""
        if (self.always or self.contexts) and not self.patches:
            keras = loading.load_keras()
            wanted = hooks.replacements(versions.check(keras))
            self.patches = [_patch(*entry) for entry in wanted]
        elif not (self.always or self.contexts) and self.patches:
            changed = [p for p in self.patches if vars(p.owner).get(p.name) is not p.after]
            if changed:
                names = ", ".join(f"{p.owner.__name__}.{p.name}" for p in changed)
                raise RuntimeError(f"foldgate.keras: {names} was replaced after foldgate; undo that first")
            for patch in reversed(self.patches):
                _restore(patch)
            self.patches = []


_switch = _Switch()


def enable() -> None:
    """Puts foldgate's kernels under Keras, which is imported if it was not yet; once more does nothing.

    From then on LSTM, GRU, SimpleRNN and Bidirectional layers, RNN over their cells, the convolutions
    (depthwise, separable, transposed and those inside ConvLSTM too) and max, average and adaptive pooling are
    computed by foldgate, in models built before and after. What foldgate has no kernel for is computed by
    Keras as before: other dtypes than float32 and float64, other activations, recurrent dropout while
    training, tensors on a GPU, symbolic ones and those seen by `torch.compile`.

    Raises:
      ImportError: Keras is not installed.
      RuntimeError: Keras' version was not tested, or its backend is neither numpy nor torch.

    Example:
      >>> import foldgate.keras
      >>> foldgate.keras.enable()  # doctest: +SKIP
      >>> model.predict(x)  # doctest: +SKIP
    """
    with _switch.lock:
        before, _switch.always = _switch.always, True
        try:
            _switch.apply()
        except BaseException:
            _switch.always = before
            raise


def disable() -> None:
    """Undoes `enable()`: Keras has its own functions again, unless a `with enabled():` is still open.

    Raises:
      RuntimeError: somebody else replaced one of the functions after foldgate did.

    Example:
      >>> import foldgate.keras
      >>> foldgate.keras.disable()
      >>> foldgate.keras.is_enabled()
      False
    """
    with _switch.lock:
        _switch.always = False
        _switch.apply()


@contextlib.contextmanager
def enabled() -> Iterator[None]:
    """Has foldgate's kernels under Keras inside a `with` block, for all threads; blocks may be nested.

    Raises:
      ImportError: as `enable`.
      RuntimeError: as `enable` and `disable`.

    Example:
      >>> import foldgate.keras
      >>> with foldgate.keras.enabled():  # doctest: +SKIP
      ...     model.fit(x, y)
    """
    with _switch.lock:
        _switch.contexts += 1
        try:
            _switch.apply()
        except BaseException:
            _switch.contexts -= 1
            raise
    try:
        yield
    finally:
        with _switch.lock:
            _switch.contexts -= 1
            _switch.apply()


def is_enabled() -> bool:
    """Whether foldgate's kernels are under Keras now.

    Example:
      >>> import foldgate.keras
      >>> foldgate.keras.is_enabled()
      False
    """
    return bool(_switch.patches)


def _patch(owner: Any, name: str, after: Any) -> _Patch:
    patch = _Patch(owner, name, vars(owner).get(name, _ABSENT), after)
    setattr(owner, name, after)
    return patch


def _restore(patch: _Patch) -> None:
    if patch.before is _ABSENT:
        delattr(patch.owner, patch.name)
    else:
        setattr(patch.owner, patch.name, patch.before)
