"""The forms of options: anybody may set a module's to what its constructor would have refused or changed."""

from __future__ import annotations

from typing import Any


def per_axis(option: Any, axes: int) -> tuple[int, ...] | None:
    """An option as one int an axis, None where it is neither an int nor as many."""
    if type(option) is int:
        return (option,) * axes
    if isinstance(option, tuple | list) and len(option) == axes and all(type(n) is int for n in option):
        return tuple(option)
    return None


def all_per_axis(options: tuple[Any, ...], axes: int) -> list[tuple[int, ...]] | None:
    """`per_axis` of each, None where it is None of one."""
    found = [per_axis(option, axes) for option in options]
    return None if None in found else found  # type: ignore[return-value]


def have_usual_forms(module: Any, axes: int) -> bool:
    """Whether a convolution's options are as its constructor makes them: positive, and one an axis."""
    counts = (module.kernel_size, module.stride, module.dilation)
    added = (module.padding, module.output_padding)
    return (
        all(_are_ints(o, axes) and min(o) > 0 for o in counts)
        and all(_are_ints(o, axes) or o in ("same", "valid") for o in added)
        and type(module.groups) is int
        and module.groups > 0
    )


def _are_ints(option: Any, axes: int) -> bool:
    return isinstance(option, tuple) and per_axis(option, axes) is not None


def has_usual_switches(module: Any) -> bool:
    """Whether a recurrent module's options are of the types that torch's op takes."""
    return (
        type(module.batch_first) is type(module.bidirectional) is type(module.bias) is bool
        and type(module.dropout) in (int, float)
        and 0 <= module.dropout <= 1
    )
