"""What the layers of windows share: their arguments as tuples, and the arithmetic of shapes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Shape = tuple[int | None, ...]


def ints(layer: str, name: str, value: object, count: int, least: int = 1) -> tuple[int, ...]:
    """`count` ints: an int stands for all of them.

    Raises:
      ValueError: it is another number of values, or one is no int of at least `least`.
    """
    if _is_int(value):
        values = (int(value),) * count  # type: ignore[call-overload]
    elif isinstance(value, (tuple, list, np.ndarray)) and all(map(_is_int, value)):
        values = tuple(int(v) for v in value)
    else:
        values = ()
    if len(values) != count or min(values) < least:
        wanted = (
            f"an int of at least {least}" if count == 1 else f"an int or {count} ints of at least {least}"
        )
        raise ValueError(f"{layer}: {name} is {value!r}; expected {wanted}")
    return values


def positive(layer: str, name: str, value: object) -> int:
    """An int of at least 1."""
    if not _is_int(value) or value < 1:  # type: ignore[operator]
        raise ValueError(f"{layer}: {name} is {value!r}; expected an int of at least 1")
    return int(value)  # type: ignore[call-overload, no-any-return]


def as_op_takes(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One int where all are equal: ops remember the calls that say it so."""
    return values[0] if len(set(values)) == 1 else values


def padding_name(layer: str, value: object, causal: bool = False) -> str:
    """`"valid"`, `"same"` or, where the layer has it, `"causal"`, in any case of letters."""
    names = ("valid", "same", "causal") if causal else ("valid", "same")
    name = value.lower() if isinstance(value, str) else value
    if name not in names:
        raise ValueError(f"{layer}: padding is {value!r}; expected one of {names}")
    return str(name)


def no_strides_with_dilation(layer: str, strides: Sequence[int], dilation_rate: Sequence[int]) -> None:
    """Refuses both at once, as Keras does."""
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ValueError(
            f"{layer}: strides is {tuple(strides)} with dilation_rate {tuple(dilation_rate)}; expected one "
            "of them to be 1"
        )


def channels_of(layer: str, input_shape: Shape, data_format: str) -> int:
    """The number of channels, which has to be known."""
    size = input_shape[-1 if data_format == "channels_last" else 1]
    if size is None:
        raise ValueError(f"{layer}: inputs have shape {input_shape}; expected a known number of channels")
    return size


def spatial_of(input_shape: Sequence[int | None], data_format: str) -> Shape:
    """The sizes of the spatial axes."""
    return tuple(input_shape[1:-1] if data_format == "channels_last" else input_shape[2:])


def with_spatial(
    input_shape: Sequence[int | None], spatial: Sequence[int | None], channels: int | None, data_format: str
) -> Shape:
    """The input's shape with other spatial axes and channels."""
    if data_format == "channels_last":
        return (input_shape[0], *spatial, channels)
    return (input_shape[0], channels, *spatial)


def outputs_of(
    layer: str,
    spatial: Sequence[int | None],
    window: Sequence[int],
    strides: Sequence[int],
    padding: str,
    dilation_rate: Sequence[int] | None = None,
) -> Shape:
    """How many windows there are along each axis.

    Raises:
      ValueError: an axis has none.
    """
    found: list[int | None] = []
    rates = dilation_rate or (1,) * len(window)
    for axis, (size, taps, step, rate) in enumerate(zip(spatial, window, strides, rates, strict=True)):
        covered = (taps - 1) * rate + 1
        if size is None:
            found.append(None)
        elif padding == "valid":
            if size < covered:
                raise ValueError(
                    f"{layer}: inputs have {size} positions along spatial axis {axis}; expected at least "
                    f"{covered}, which a window covers"
                )
            found.append((size - covered) // step + 1)
        else:
            found.append(-(-size // step))
    return tuple(found)


def _is_int(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
