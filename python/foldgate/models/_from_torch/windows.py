"""Convolution and pooling: torch pads both ends alike, Keras' layers as "same" or not at all."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from foldgate import layers
from foldgate.models._from_torch.convert import Converter, array_of
from foldgate.models._from_torch.padding import FIRST, pad, padded, zero_padded


def tuple_of(value: Any, rank: int) -> tuple[int, ...]:
    """An int for all axes, or an int an axis."""
    values = (value,) * rank if isinstance(value, int) else tuple(value)
    return values * rank if len(values) == 1 else values


def conv(c: Converter, part: Any, x: Any) -> Any:
    """Conv1d to Conv3d."""
    rank = len(part.kernel_size)
    _batched(c, x, rank)
    if max(part.stride) > 1 and max(part.dilation) > 1:
        raise c.refuse(f"stride is {part.stride} with dilation {part.dilation}; expected one of them to be 1")
    reach = [(k - 1) * d for k, d in zip(part.kernel_size, part.dilation, strict=True)]
    padding = "valid"
    if part.padding_mode != "zeros":
        x = pad(c, x, part._reversed_padding_repeated_twice, part.padding_mode)
    elif part.padding == "same":
        padding = "same"
    elif part.padding != "valid":
        pads = tuple_of(part.padding, rank)
        if max(part.stride) == 1 and all(2 * p == r for p, r in zip(pads, reach, strict=True)) and any(pads):
            padding = "same"
        else:
            x = zero_padded(c, x, [(p, p) for p in pads])
    layer = c.once(lambda: getattr(layers, f"Conv{rank}D")(
        part.out_channels, part.kernel_size, strides=part.stride, padding=padding, data_format=FIRST,
        dilation_rate=part.dilation, groups=part.groups, use_bias=part.bias is not None, **c.options(),
    ))  # fmt: skip
    kernel = np.moveaxis(array_of(part.weight), (0, 1), (-1, -2))
    return c.with_weights(layer, x, [kernel, *([] if part.bias is None else [array_of(part.bias)])])


def conv_transpose(c: Converter, part: Any, x: Any) -> Any:
    """ConvTranspose1d to 3d; padding cuts both ends of what "valid" gives. Groups are layers side by side."""
    rank = len(part.kernel_size)
    _batched(c, x, rank)
    if max(part.stride) > 1 and max(part.dilation) > 1:
        raise c.refuse(f"stride is {part.stride} with dilation {part.dilation}; expected one of them to be 1")
    if any(a >= s for a, s in zip(part.output_padding, part.stride, strict=True)):
        raise c.refuse(
            f"output_padding is {part.output_padding}; expected less than the stride {part.stride}"
        )
    inputs, outputs = part.in_channels // part.groups, part.out_channels // part.groups
    ys = [
        _transposed(
            c, part, x[:, i * inputs : (i + 1) * inputs] if part.groups > 1 else x, i, inputs, outputs
        )
        for i in range(part.groups)
    ]
    y = ys[0] if len(ys) == 1 else np.concatenate(ys, axis=1)
    pads = tuple_of(part.padding, rank)
    if not any(pads):
        return y
    if rank == 1:
        return np.swapaxes(layers.Cropping1D(pads[0], **c.options("_cropping"))(np.swapaxes(y, 1, 2)), 1, 2)
    cropping = getattr(layers, f"Cropping{rank}D")
    return cropping(tuple((p, p) for p in pads), data_format=FIRST, **c.options("_cropping"))(y)


def _transposed(c: Converter, part: Any, x: Any, group: int, inputs: int, outputs: int) -> Any:
    """One group of a transposed convolution, not cropped."""
    rank, suffix = len(part.kernel_size), "" if part.groups == 1 else f"_{group}"
    layer = c.once(lambda: getattr(layers, f"Conv{rank}DTranspose")(
        outputs, part.kernel_size, strides=part.stride, output_padding=part.output_padding,
        data_format=FIRST, dilation_rate=part.dilation, use_bias=part.bias is not None, **c.options(suffix),
    ), suffix)  # fmt: skip
    weight = array_of(part.weight)[group * inputs : (group + 1) * inputs]
    weights = [np.moveaxis(weight, (0, 1), (-1, -2))]
    if part.bias is not None:
        weights.append(array_of(part.bias)[group * outputs : (group + 1) * outputs])
    return c.with_weights(layer, x, weights)


def _batched(c: Converter, x: Any, rank: int) -> None:
    if len(x.shape) != rank + 2:
        raise c.refuse(f"its input has shape {x.shape}; expected {rank + 2} axes, the batch among them")


def max_pool(
    c: Converter, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False, rank: int = 0,
) -> Any:  # fmt: skip
    """MaxPool: what pads it must never win. After a ReLU zeros never do, elsewhere the values of the edge."""
    _batched(c, x, rank)
    size, pads = tuple_of(kernel_size, rank), tuple_of(padding, rank)
    steps = size if stride is None or stride == [] else tuple_of(stride, rank)
    if return_indices or max(tuple_of(dilation, rank)) > 1:
        raise c.refuse("indices and dilation of max pooling have no counterpart here")
    around = [
        (p, p + extra) for p, extra in zip(pads, _extra(c, x, size, steps, pads, ceil_mode), strict=True)
    ]
    if any(map(any, around)):
        layer = x._keras_history.operation
        above_zero = isinstance(layer, layers.ReLU) and layer._plain
        x = padded(c, x, around, "constant" if above_zero else "replicate")
    make = getattr(layers, f"MaxPooling{rank}D")
    return c.once(lambda: make(size, strides=steps, data_format=FIRST, **c.options()))(x)


def _extra(c: Converter, x: Any, size: Any, steps: Any, pads: Any, ceil_mode: bool) -> list[int]:
    """What ceil_mode adds at the end of each axis, for a window more that begins inside or in the padding."""
    extra = []
    for found, k, s, p in zip(x.shape[2:], size, steps, pads, strict=True):
        if ceil_mode and found is None:
            raise c.refuse(f"ceil_mode with inputs of shape {x.shape} has no counterpart here")
        over = (found + 2 * p - k) % s if ceil_mode else 0
        begins = found + 2 * p - k - over + s if over else 0  # of the window more
        extra.append(s - over if over and begins < found + p else 0)
    return extra


def avg_pool(
    c: Converter, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None, rank: int = 0,
) -> Any:  # fmt: skip
    """AvgPool: torch counts the zeros around as values, Keras' "same" does not."""
    _batched(c, x, rank)
    size, pads = tuple_of(kernel_size, rank), tuple_of(padding, rank)
    steps = size if stride is None or stride == [] else tuple_of(stride, rank)
    if divisor_override is not None:
        raise c.refuse(f"divisor_override is {divisor_override}; expected None")
    if any(_extra(c, x, size, steps, pads, ceil_mode)):
        raise c.refuse(f"ceil_mode with inputs of shape {x.shape} has no counterpart here")
    same = any(pads) and not count_include_pad
    if same and (max(steps) > 1 or any(2 * p != k - 1 for p, k in zip(pads, size, strict=True))):
        raise c.refuse("count_include_pad=False with these strides and padding has no counterpart here")
    if any(pads) and not same:
        x = zero_padded(c, x, [(p, p) for p in pads])
    make, padding = getattr(layers, f"AveragePooling{rank}D"), "same" if same else "valid"
    return c.once(lambda: make(size, strides=steps, padding=padding, data_format=FIRST, **c.options()))(x)


def lp_pool(
    c: Converter, x: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False,
    rank: int = 0,
) -> Any:  # fmt: skip
    """LPPool: the root of a window's sum of powers."""
    mean = avg_pool(c, x**norm_type, kernel_size, stride, 0, ceil_mode, rank=rank)
    return (mean * prod(tuple_of(kernel_size, rank))) ** (1.0 / norm_type)


def adaptive(
    c: Converter, x: Any, output_size: Any, return_indices: bool = False, rank: int = 0,
    kind: str = "Average",
) -> Any:  # fmt: skip
    """Adaptive pooling; to one position by the global mean or maximum."""
    _batched(c, x, rank)
    if return_indices:
        raise c.refuse("indices of max pooling have no counterpart here")
    asked = tuple_of(output_size, rank) if output_size is not None else (None,) * rank
    sizes = tuple(f if n is None else n for n, f in zip(asked, x.shape[2:], strict=True))
    if set(sizes) == {1}:
        make = getattr(layers, f"Global{kind}Pooling{rank}D")
        return c.once(lambda: make(data_format=FIRST, keepdims=True, **c.options()))(x)
    make = getattr(layers, f"Adaptive{kind}Pooling{rank}D")
    return c.once(lambda: make(sizes, data_format=FIRST, **c.options()))(x)


def _max_module(rank: int) -> Any:
    return lambda c, part, x: max_pool(
        c, x, part.kernel_size, part.stride, part.padding, part.dilation, part.ceil_mode,
        part.return_indices, rank=rank,
    )  # fmt: skip


def _avg_module(rank: int) -> Any:
    return lambda c, part, x: avg_pool(
        c, x, part.kernel_size, part.stride, part.padding, part.ceil_mode, part.count_include_pad,
        getattr(part, "divisor_override", None), rank=rank,
    )  # fmt: skip


def _lp_module(rank: int) -> Any:
    return lambda c, part, x: lp_pool(
        c, x, part.norm_type, part.kernel_size, part.stride, part.ceil_mode, rank=rank
    )  # fmt: skip


def _adaptive_module(rank: int, kind: str) -> Any:
    return lambda c, part, x: adaptive(
        c, x, part.output_size, getattr(part, "return_indices", False), rank=rank, kind=kind
    )


def _of_rank(function: Any, rank: int, **fixed: Any) -> Any:
    return lambda c, *args, **kwargs: function(c, *args, rank=rank, **fixed, **kwargs)


MODULES: dict[str, Any] = {}
FUNCTIONS: dict[str, Any] = {}
for _rank in (1, 2, 3):
    MODULES[f"Conv{_rank}d"], MODULES[f"ConvTranspose{_rank}d"] = conv, conv_transpose
    MODULES[f"MaxPool{_rank}d"], MODULES[f"AvgPool{_rank}d"] = _max_module(_rank), _avg_module(_rank)
    for _kind, _name in (("Average", "Avg"), ("Max", "Max")):
        MODULES[f"Adaptive{_name}Pool{_rank}d"] = _adaptive_module(_rank, _kind)
        FUNCTIONS[f"adaptive_{_name.lower()}_pool{_rank}d"] = _of_rank(adaptive, _rank, kind=_kind)
    MODULES[f"LPPool{_rank}d"] = _lp_module(_rank)
    FUNCTIONS[f"lp_pool{_rank}d"] = _of_rank(lp_pool, _rank)
    FUNCTIONS[f"max_pool{_rank}d"] = _of_rank(max_pool, _rank)
    FUNCTIONS[f"avg_pool{_rank}d"] = _of_rank(avg_pool, _rank)
