"""Cases of convolution that its tests share: shapes around every edge of the kernels, with their options."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from support import Array, integers


class Case(NamedTuple):
    """One convolution: x is (batch, *spatial, channels), the kernel (*size, channels / groups, out)."""

    spatial: tuple[int, ...]
    channels: int
    out: int
    size: tuple[int, ...]
    options: Mapping[str, Any] = MappingProxyType({})
    batch: int = 2

    @property
    def groups(self) -> int:
        return int(self.options.get("groups", 1))

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        return (*self.size, self.channels // self.groups, self.out)

    def x_shape(self, data_format: str = "channels_last") -> tuple[int, ...]:
        if data_format == "channels_first":
            return (self.batch, self.channels, *self.spatial)
        return (self.batch, *self.spatial, self.channels)


def integer_operands(
    case: Case, rng: np.random.Generator, dtype: DTypeLike, data_format: str = "channels_last"
) -> tuple[Array, Array, Array]:
    """x, kernel and bias of small whole numbers: every sum of their products is exact, in any order."""
    return (
        integers(rng, case.x_shape(data_format), dtype),
        integers(rng, case.kernel_shape, dtype),
        integers(rng, (case.out,), dtype),
    )


def normal_operands(
    case: Case, rng: np.random.Generator, dtype: DTypeLike, data_format: str = "channels_last"
) -> tuple[Array, Array, Array]:
    """x, kernel and bias of numbers of a normal distribution."""
    shapes = (case.x_shape(data_format), case.kernel_shape, (case.out,))
    x, kernel, bias = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    return x, kernel, bias


def turned(array: Array, data_format: str) -> Array:
    """(N, *spatial, C) in the layout of `data_format`."""
    return np.ascontiguousarray(np.moveaxis(array, -1, 1)) if data_format == "channels_first" else array


# A vector holds 2 to 16 numbers, a tile 1 or 2 vectors of outputs and up to 6 or 14 pixels.
AROUND_LANES = [
    Case((5, 4), channels, out, (2, 2))
    for channels, out in [
        (1, 1), (2, 2), (3, 3), (4, 4), (7, 5), (8, 8), (9, 15), (15, 16), (16, 17), (17, 31),
        (31, 32), (33, 33), (16, 1), (16, 2), (17, 3), (64, 3), (1, 64), (3, 65), (5, 47),
    ]
]  # fmt: skip
AROUND_TILES = [
    Case((pixels + 1,), 17, 33, (2,), batch=1) for pixels in [1, 2, 5, 6, 7, 12, 13, 14, 15, 28, 29]
]
OPTIONS = [
    Case((9,), 4, 5, (3,), {"strides": 2}),
    Case((9,), 4, 5, (3,), {"padding": "same", "strides": 3}),
    Case((9,), 20, 5, (3,), {"padding": "causal", "dilation_rate": 2}),
    Case((23,), 2, 3, (4,), {"padding": [(3, 0)], "strides": 2, "dilation_rate": 3}),
    Case((7, 9), 5, 6, (3, 2), {"strides": (2, 1), "padding": "same"}),
    Case((7, 9), 3, 6, (3, 3), {"strides": (3, 2), "padding": ((0, 2), (1, 0))}),
    Case((7, 9), 18, 6, (3, 3), {"dilation_rate": (2, 3), "padding": (2, 3)}),
    Case((8, 7), 3, 20, (5, 4), {"strides": 4, "padding": 2}),
    Case((8, 7), 20, 20, (1, 1), {"strides": 2}),
    Case((8, 7), 20, 20, (1, 1)),
    Case((8, 7), 20, 20, (1, 1), {"padding": 1}),
    Case((40, 33), 17, 1, (1, 1)),  # a product of one narrow column, and of one with more terms
    Case((12, 11), 80, 2, (1, 1)),
    Case((6, 6), 4, 3, (2, 2), {"strides": 5}),  # positions that no window sees
    Case((4, 4), 4, 5, (4, 4)),  # one output
    Case((4, 5, 3), 3, 7, (2, 3, 2)),
    Case((4, 5, 6), 17, 18, (3, 2, 3), {"padding": "same", "strides": (1, 2, 2)}),
    Case((5, 4, 5), 2, 3, (2, 2, 2), {"dilation_rate": (2, 1, 3), "padding": ((1, 0), (0, 1), (2, 2))}),
    Case((3, 3), 4, 4, (3, 3), {"padding": 4}),  # outputs that see padding alone
    # taps along the depth alone: planes that see fewer of them, one of two, all or none
    Case((6, 5, 9), 16, 17, (7, 1, 1), {"padding": (3, 0, 0)}),
    Case((2, 4, 8), 8, 20, (3, 1, 1), {"padding": ((3, 4), (0, 0), (0, 0))}),
    Case((7, 5, 6), 9, 33, (4, 1, 1), {"padding": ((2, 1), (0, 0), (0, 0)), "strides": (2, 1, 1)}),
    Case((5, 4, 7), 16, 16, (3, 1, 1), {"padding": (2, 0, 0), "dilation_rate": (2, 1, 1), "groups": 2}),
    Case((4, 40, 33), 30, 16, (3, 1, 1), {"padding": (1, 0, 0)}, batch=1),  # rows through all planes
    # half a vector of channels and more, and outputs enough for the product by taps of dx
    Case((9, 8), 8, 48, (2, 3), {"padding": "same"}),
    Case((9, 8), 10, 57, (2, 3), {"strides": (2, 3), "padding": 1}),
    Case((5, 4, 7), 4, 21, (2, 2, 3), {"strides": (1, 2, 2), "padding": "same"}),
]
GROUPS = [
    Case((6, 5), 6, 4, (3, 3), {"groups": 2, "padding": "same"}),
    Case((6, 5), 8, 8, (3, 3), {"groups": 4, "padding": 1, "strides": 2}),
    Case((6, 5), 12, 24, (2, 3), {"groups": 3, "dilation_rate": 2}),
    Case((9,), 34, 66, (3,), {"groups": 2}),
    Case((9,), 64, 32, (3,), {"groups": 16, "padding": "causal"}),
    Case((3, 4, 3), 6, 9, (2, 2, 2), {"groups": 3, "padding": "same"}),
    Case((5, 5), 40, 5, (3, 3), {"groups": 5}),
    Case((4, 4), 12, 10, (1, 1), {"groups": 2}),
    # Groups of 2, 4 and 8 channels in whole vectors: rows of 8 and 4 outputs, of 4 twice, of fewer.
    Case((6, 13), 16, 16, (3, 3), {"groups": 8, "padding": "same"}),
    Case((5, 12), 32, 32, (3, 3), {"groups": 8, "padding": (1, 2)}),
    Case((7, 11), 48, 48, (2, 3), {"groups": 6, "padding": "same", "strides": 2}),
    Case((5, 9), 16, 16, (3, 2), {"groups": 4, "dilation_rate": 2, "padding": "same"}),
    Case((23,), 32, 32, (5,), {"groups": 16, "padding": "causal"}),
    Case((3, 4, 5), 16, 16, (2, 3, 3), {"groups": 2, "padding": "same", "strides": (1, 2, 1)}),
]
DEPTHWISE = [
    Case((11, 20), channels, channels * multiplier, (3, 3), {"groups": channels, **options})
    for channels, multiplier, options in [
        (2, 1, {"padding": "same"}), (7, 1, {"padding": 1, "strides": 2}), (8, 1, {}),
        (15, 1, {"padding": 1}), (16, 1, {"padding": "same"}), (17, 1, {"padding": ((2, 0), (0, 3))}),
        (33, 1, {"dilation_rate": 2}), (1, 3, {"padding": "same"}),
        (5, 2, {"padding": 1, "strides": (1, 2)}), (16, 3, {"dilation_rate": 2}),
        # products of a channel's taps: forward, of the kernel's gradient too, of all, by what a vector holds
        (6, 4, {"padding": "same"}), (3, 8, {"strides": 2}), (2, 17, {"padding": 2}),
        (3, 16, {"strides": (3, 2), "padding": "same"}), (2, 65, {"dilation_rate": 2, "padding": 1}),
    ]
] + [
    Case((9, 30), 16, 16, (5, 5), {"groups": 16, "padding": "same"}),
    Case((13, 31), 70, 70, (7, 7), {"groups": 70, "padding": "same"}),
    Case((9, 30), 6, 6, (2, 7), {"groups": 6, "padding": (1, 3)}),
    Case((19,), 16, 16, (4,), {"groups": 16, "padding": "causal"}),
    Case((4, 5, 6), 17, 17, (2, 3, 3), {"groups": 17, "padding": "same", "strides": (1, 2, 1)}),
    Case((3, 2), 20, 20, (3, 3), {"groups": 20, "padding": 2}),
    Case((5, 12), 4, 8, (3, 3), {"groups": 4, "padding": 2, "strides": 2, "dilation_rate": 2}),
    Case((9, 7), 3, 3, (3, 3), {"groups": 3, "padding": (3, 1), "strides": (3, 1), "dilation_rate": (3, 1)}),
]  # fmt: skip
CASES = [*AROUND_LANES, *AROUND_TILES, *OPTIONS, *GROUPS, *DEPTHWISE]


def name_of(case: Case) -> str:
    options = ",".join(f"{key[:3]}{value}" for key, value in case.options.items()).replace(" ", "")
    shape = "x".join(map(str, (*case.spatial, case.channels)))
    return f"{shape}-{'x'.join(map(str, (*case.size, case.out)))}-{options}"
