"""One spatial axis and kernels of tens to thousands of taps: where Fourier transforms pay.

`foldgate bench --cases all --filter "taps"` runs them.
"""

from __future__ import annotations

from .base import Case
from .conv import ConvCase


def _long(n: int, c: int, length: int, o: int, taps: int, groups: int = 1) -> ConvCase:
    """A convolution that keeps the length."""
    depthwise = groups == c > 1
    return ConvCase(
        op="depthwise" if depthwise else "conv",
        name=f"{n}x{c}x{length} -> {o}, {taps} taps",
        group="conv 1-D long",
        batch=n,
        channels=c,
        spatial=(length,),
        filters=o,
        kernel_size=(taps,),
        pads=((taps // 2, (taps - 1) // 2),),
        groups=groups,
    )


CASES: tuple[Case, ...] = (
    _long(1, 1, 16000, 1, 128),
    _long(1, 1, 16000, 1, 512),
    _long(1, 1, 48000, 1, 4096),
    _long(8, 1, 8000, 16, 128),
    _long(8, 16, 4000, 16, 32),
    _long(8, 16, 4000, 16, 256),
    _long(4, 64, 2000, 64, 64),
    _long(8, 64, 2000, 64, 31, groups=64),
    _long(8, 64, 2000, 64, 127, groups=64),
    _long(4, 32, 8000, 32, 1024, groups=32),
)
