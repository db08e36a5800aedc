"""Shapes beyond the tables, from networks that people run: what is general shows here.

Odd sizes, batch 1 to 128, 1-D and 3-D, wide and narrow. `foldgate bench --cases beyond` runs them.
"""

from __future__ import annotations

from typing import Any

from .base import BEYOND, Case
from .conv import ConvCase
from .pool import AveragePoolCase, PoolCase
from .recurrent import RecurrentCase

SETS = frozenset({BEYOND})


def _conv(
    n: int,
    c: int,
    spatial: tuple[int, ...],
    o: int,
    kernel_size: tuple[int, ...],
    label: str = "",
    **rest: Any,
) -> ConvCase:
    """A convolution that keeps the extents at stride 1, unless `pads` says otherwise."""
    dilation_rate = rest.get("dilation_rate", 1)
    pads = rest.pop("pads", tuple((k // 2 * dilation_rate, k // 2 * dilation_rate) for k in kernel_size))
    plain = kernel_size == (3, 3) and rest.get("strides", 1) == dilation_rate == rest.get("groups", 1)
    depthwise = rest.get("groups", 1) == c > 1
    return ConvCase(
        op="depthwise" if depthwise else "conv",
        name=f"{n}x{c}x{_extents(spatial)} -> {o} k{_extents(kernel_size)}{label}",
        sets=SETS,
        group="conv 3x3 s1" if plain else "depthwise" if depthwise else f"conv {len(spatial)}-D",
        batch=n,
        channels=c,
        spatial=spatial,
        filters=o,
        kernel_size=kernel_size,
        pads=pads,
        **rest,
    )


def _extents(extents: tuple[int, ...]) -> str:
    """28 for (28, 28), 17x35 for (17, 35); one axis as it is."""
    alike = len(extents) == 2 and extents[0] == extents[1]
    return str(extents[0]) if alike else "x".join(map(str, extents))


def _recurrent(op: str, t: int, n: int, d: int, u: int) -> RecurrentCase:
    return RecurrentCase(op=op, name=f"{t} {n} {d} {u}", sets=SETS, steps=t, batch=n, width=d, units=u)


def _pool(case: type[PoolCase], n: int, c: int, size: int, k: int, strides: int, **rest: Any) -> PoolCase:
    layout = " NCHW" if rest.get("data_format") == "channels_first" else ""
    name = f"{n}x{c}x{size} {k}x{k} s{strides}{layout}"
    return case(
        name=name,
        sets=SETS,
        batch=n,
        channels=c,
        spatial=(size, size),
        pool_size=(k, k),
        strides=strides,
        **rest,
    )


CASES: tuple[Case, ...] = (
    # residual networks on small images, U-Net, LeNet, AlexNet
    _conv(64, 3, (32, 32), 16, (3, 3)),
    _conv(64, 16, (32, 32), 16, (3, 3)),
    _conv(64, 64, (8, 8), 64, (3, 3)),
    _conv(64, 16, (32, 32), 32, (3, 3), " s2", strides=2),
    _conv(8, 16, (64, 64), 16, (3, 3)),
    _conv(8, 128, (16, 16), 64, (3, 3)),
    _conv(64, 6, (14, 14), 16, (5, 5), pads=((0, 0), (0, 0))),
    _conv(1, 96, (27, 27), 256, (5, 5)),
    _conv(1, 3, (227, 227), 96, (11, 11), " s4", strides=4, pads=((0, 0), (0, 0))),
    # pointwise at the ends of mobile networks, and few outputs
    _conv(1, 320, (7, 7), 1280, (1, 1)),
    _conv(64, 24, (56, 56), 144, (1, 1)),
    _conv(1, 64, (112, 112), 3, (9, 9)),
    # odd sizes, oblong, dilated, grouped
    _conv(3, 17, (17, 35), 19, (3, 3)),
    _conv(5, 24, (51, 51), 40, (5, 5)),
    _conv(1, 128, (17, 17), 128, (1, 7)),
    _conv(2, 48, (40, 40), 48, (3, 3), " d4", dilation_rate=4),
    _conv(8, 128, (28, 28), 128, (3, 3), " g32", groups=32),
    # sequences: activity, speech, WaveNet's dilations
    _conv(32, 9, (1000,), 64, (7,)),
    _conv(16, 64, (4000,), 64, (3,)),
    _conv(64, 128, (250,), 128, (5,)),
    _conv(1, 80, (3000,), 384, (3,)),
    _conv(8, 256, (500,), 256, (3,), " d8 causal", dilation_rate=8, pads=((16, 0),)),
    # volumes and video
    _conv(1, 1, (32, 32, 32), 16, (3, 3, 3)),
    _conv(1, 32, (16, 16, 16), 64, (3, 3, 3)),
    _conv(1, 3, (16, 56, 56), 32, (3, 3, 3), " s2", strides=2),
    _conv(1, 64, (16, 56, 56), 64, (3, 3, 3)),
    _conv(2, 64, (8, 28, 28), 64, (3, 3, 3), " NCHW", data_format="channels_first"),
    _conv(4, 256, (4, 14, 14), 256, (3, 3, 3)),
    # depthwise: ConvNeXt, EfficientNet, odd
    _conv(1, 96, (56, 56), 96, (7, 7), groups=96),
    _conv(1, 240, (28, 28), 240, (5, 5), " s2", groups=240, strides=2),
    _conv(64, 64, (32, 32), 64, (3, 3), groups=64),
    _conv(3, 33, (41, 41), 33, (3, 3), groups=33),
    # pooling: ResNet's stem, Inception, odd
    _pool(PoolCase, 64, 24, 27, 2, 2),
    _pool(PoolCase, 8, 192, 35, 3, 1, padding=1),
    _pool(PoolCase, 16, 48, 57, 3, 2, data_format="channels_first"),
    _pool(AveragePoolCase, 8, 128, 35, 3, 1, padding=1),
    _pool(AveragePoolCase, 64, 64, 8, 8, 8),
    # recurrence: text, characters, speech, series, odd
    _recurrent("lstm", 256, 128, 32, 128),
    _recurrent("lstm", 50, 50, 128, 128),
    _recurrent("lstm", 1000, 1, 40, 96),
    _recurrent("lstm", 33, 17, 19, 67),
    _recurrent("gru", 20, 32, 2, 200),
    _recurrent("gru", 100, 32, 300, 64),
    _recurrent("gru", 33, 17, 19, 67),
    _recurrent("simple_rnn", 35, 20, 200, 200),
    _recurrent("simple_rnn", 20, 5, 1, 4),
)
