"""What convolutions and pools say of their windows, as `foldgate.ops` takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from foldgate.onnx.registry import Context

Pairs = tuple[tuple[int, int], ...]


class Window(NamedTuple):
    """The attributes of a window, one entry an axis."""

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: Pairs
    auto_pad: str

    def pads_for(self, spatial: Sequence[int]) -> Pairs:
        """Its padding on an input of these extents."""
        if self.auto_pad not in ("SAME_UPPER", "SAME_LOWER"):
            return self.pads
        pairs = []
        for extent, size, stride, dilation in zip(
            spatial, self.size, self.strides, self.dilation, strict=True
        ):
            total = max(0, (-(-extent // stride) - 1) * stride + (size - 1) * dilation + 1 - extent)
            less, more = total // 2, total - total // 2
            pairs.append((less, more) if self.auto_pad == "SAME_UPPER" else (more, less))
        return tuple(pairs)

    def padding(self) -> str | Pairs | None:
        """Its padding whatever the input, where that can be said; None: `pads_for` each."""
        if self.auto_pad == "SAME_LOWER":
            return None
        return "same" if self.auto_pad == "SAME_UPPER" else self.pads


def window_of(context: Context, size: Sequence[int] | None) -> Window:
    """A node's window; `size` where it is not, or not only, an attribute.

    Raises:
      ValueError: attributes disagree with each other.
    """
    said = context.attr("kernel_shape")
    if size is None:
        if said is None:
            raise context.refuse("it has no kernel_shape")
        size = said
    elif said is not None and list(said) != list(size):
        raise context.refuse(f"kernel_shape is {said}; its weights have {list(size)}")
    rank = len(size)
    strides, dilation = (context.attr(name) or [1] * rank for name in ("strides", "dilations"))
    pads = context.attr("pads") or [0] * (2 * rank)
    auto_pad = context.attr("auto_pad", "NOTSET") or "NOTSET"
    if auto_pad not in ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"):
        raise context.refuse(f"auto_pad is {auto_pad!r}; expected NOTSET, SAME_UPPER, SAME_LOWER or VALID")
    lengths = {"strides": (strides, rank), "dilations": (dilation, rank), "pads": (pads, 2 * rank)}
    for name, (values, expected) in lengths.items():
        least = 0 if name == "pads" else 1
        if len(values) != expected or any(value < least for value in values):
            raise context.refuse(f"{name} is {values}; expected {expected} ints of at least {least}")
    if any(extent < 1 for extent in size):
        raise context.refuse(f"kernel_shape is {list(size)}; expected ints of at least 1")
    if auto_pad == "VALID":
        pads = [0] * (2 * rank)
    pairs = tuple(zip(pads[:rank], pads[rank:], strict=True))
    return Window(tuple(size), tuple(strides), tuple(dilation), pairs, auto_pad)


def brief(values: Sequence[int]) -> Any:
    """One number where all are equal: the ops find a call like an earlier one faster by it."""
    return values[0] if len(set(values)) == 1 else tuple(values)


def data_format(context: Context) -> str:
    """What `foldgate.ops` calls the layout of the node's images; the layout pass may have changed it."""
    return "channels_last" if context.flag("_last") else "channels_first"


def spatial_of(data_format: str) -> Callable[[Sequence[int]], Sequence[int]]:
    """What takes the spatial extents of a shape."""
    if data_format == "channels_last":
        return lambda shape: shape[1:-1]
    return lambda shape: shape[2:]
