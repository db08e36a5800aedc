"""Cases of transposed convolution that its tests share."""

from __future__ import annotations

from typing import Any, NamedTuple


class Case(NamedTuple):
    """x is (2, *spatial, channels), the kernel (*size, out / groups, channels)."""

    spatial: tuple[int, ...]
    channels: int
    out: int
    size: tuple[int, ...]
    options: dict[str, Any] = {}  # noqa: RUF012 - never written to

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return (*self.size, self.out // self.options.get("groups", 1), self.channels)

    def x_shape(self, data_format: str) -> tuple[int, ...]:
        first = (2, self.channels, *self.spatial)
        return first if data_format == "channels_first" else (2, *self.spatial, self.channels)


CASES = [
    Case((5,), 4, 3, (3,)),
    Case((5,), 4, 3, (2,), {"strides": 3}),  # the stride has more than the kernel
    Case((5,), 4, 3, (2,), {"strides": 3, "output_padding": 2}),
    Case((5,), 4, 3, (5,), {"strides": 2, "padding": "same"}),
    Case((5,), 17, 33, (4,), {"strides": 3, "padding": "same"}),
    Case((5,), 4, 3, (2,), {"strides": 3, "padding": "same"}),
    Case((5,), 4, 3, (4,), {"strides": 2, "padding": "same", "output_padding": 1}),
    Case((5,), 4, 3, (3,), {"dilation_rate": 3, "output_padding": 2, "padding": 1}),
    Case((5,), 4, 6, (3,), {"groups": 2, "padding": ((2, 0),)}),
    Case((4, 5), 3, 2, (3, 3), {"padding": "same"}),
    Case((4, 5), 16, 8, (2, 2), {"strides": 2}),
    Case((4, 5), 16, 18, (2, 2), {"strides": 2}),  # bias and activation on the way
    Case((4, 5), 16, 36, (3, 3), {"strides": 2, "padding": 1, "groups": 2}),
    Case((4, 5), 6, 9, (3, 2), {"strides": (2, 1), "groups": 3, "padding": (1, 0)}),
    Case((4, 5), 5, 5, (3, 3), {"groups": 5, "padding": "same", "strides": 2}),  # depthwise
    Case((4, 5), 10, 5, (3, 3), {"groups": 5, "padding": 1}),
    Case((4, 5), 20, 18, (1, 1), {"strides": 2, "output_padding": 1}),
    Case((1, 1), 4, 3, (3, 3), {"padding": ((1, 0), (0, 1))}),
    Case((3, 2, 4), 3, 4, (2, 3, 2), {"strides": (1, 2, 2), "padding": "same"}),
    Case((3, 2, 4), 4, 2, (2, 2, 3), {"strides": 2, "groups": 2, "output_padding": (1, 0, 1)}),
]


def name_of(case: Case) -> str:
    options = ",".join(f"{key[:3]}{value}" for key, value in case.options.items()).replace(" ", "")
    return f"{'x'.join(map(str, (*case.spatial, case.channels)))}-{'x'.join(map(str, case.size))}-{options}"
