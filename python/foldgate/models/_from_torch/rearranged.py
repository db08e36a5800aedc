"""Channels made positions and back, and channels in another order."""

from __future__ import annotations

from typing import Any

from foldgate.models._from_torch.convert import Converter
from foldgate.models._from_torch.shapes import permute, reshaped


def pixel_shuffle(c: Converter, x: Any, upscale_factor: int) -> Any:
    """(N, C r r, H, W) -> (N, C, H r, W r)."""
    batch, channels, height, width = _image(c, x)
    r = upscale_factor
    parts = c.within("cut", reshaped, x, [batch, channels // (r * r), r, r, height, width])
    return reshaped(
        c,
        c.within("turned", permute, parts, 0, 1, 4, 2, 5, 3),
        [batch, channels // (r * r), height * r, width * r],
    )


def pixel_unshuffle(c: Converter, x: Any, downscale_factor: int) -> Any:
    """(N, C, H r, W r) -> (N, C r r, H, W)."""
    batch, channels, height, width = _image(c, x)
    r = downscale_factor
    parts = c.within("cut", reshaped, x, [batch, channels, height // r, r, width // r, r])
    return reshaped(
        c,
        c.within("turned", permute, parts, 0, 1, 3, 5, 2, 4),
        [batch, channels * r * r, height // r, width // r],
    )


def channel_shuffle(c: Converter, x: Any, groups: int) -> Any:
    """The first channels of all groups, then the second ones."""
    batch, channels, height, width = _image(c, x)
    parts = c.within("cut", reshaped, x, [batch, groups, channels // groups, height, width])
    return reshaped(c, c.within("turned", permute, parts, 0, 2, 1, 3, 4), [batch, channels, height, width])


def _image(c: Converter, x: Any) -> tuple[Any, ...]:
    if len(x.shape) != 4 or None in x.shape[1:]:
        raise c.refuse(f"its input has shape {x.shape}; expected (N, C, H, W), of which N alone is open")
    return tuple(x.shape)


MODULES: dict[str, Any] = {
    "PixelShuffle": lambda c, part, x: pixel_shuffle(c, x, part.upscale_factor),
    "PixelUnshuffle": lambda c, part, x: pixel_unshuffle(c, x, part.downscale_factor),
    "ChannelShuffle": lambda c, part, x: channel_shuffle(c, x, part.groups),
}
FUNCTIONS: dict[str, Any] = {
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "channel_shuffle": channel_shuffle,
}
