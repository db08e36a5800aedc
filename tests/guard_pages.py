"""Every op on operands that touch a page which faults, on every tier: run by test_guard_pages.py."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from bad_inputs.arguments import every_op
from conftest import TIERS
from memory_layouts import guarded

import foldgate
from foldgate import ops
from support import flat

Arguments = dict[str, Any]


def wider_ops(random: np.random.Generator) -> Iterator[tuple[str, Arguments]]:
    """Extents around vectors and tiles, where a kernel might read a little too much."""
    for channels in (1, 3, 8, 15, 17, 33):
        for width in (3, 16, 31, 34):
            x = random.standard_normal((1, 4, width, channels)).astype(np.float32)
            for data_format in ("channels_last", "channels_first"):
                image = x if data_format == "channels_last" else np.ascontiguousarray(x.transpose(0, 3, 1, 2))
                yield from _windowed(random, image, channels, data_format)
                yield from _norms(image, channels, data_format)
    for group, width in itertools.product((2, 4, 8), (3, 16, 31)):
        yield from _narrow_groups(random, group, width)
    for width, data_format in itertools.product((7, 35, 70, 130), ("channels_last", "channels_first")):
        yield from _few_outputs(random, width, data_format)
    ids = np.array([[2, 0], [1, 2]])
    for width in (1, 15, 17):
        table = random.standard_normal((3, width)).astype(np.float32)
        yield "embedding", {"ids": ids, "table": table}
        yield "embedding_backward", {"dy": table[ids], "ids": ids, "rows": 3}
    for units in (1, 7, 16, 17):
        yield from _recurrent(random, units)


def _windowed(
    random: np.random.Generator, x: np.ndarray, channels: int, data_format: str
) -> Iterator[tuple[str, Arguments]]:
    window: Arguments = {"strides": 2, "padding": 1, "data_format": data_format}
    yield "max_pool", {"x": x, "pool_size": 3, **window}
    y, taps = ops.max_pool(x, 3, **window, return_indices="taps")
    backward = {"dy": y, "indices": taps, "input_shape": x.shape, "pool_size": 3, **window}
    yield "max_pool_backward", backward
    yield "average_pool", {"x": x, "pool_size": 3, **window}
    yield "average_pool_backward", {"dy": y, "input_shape": x.shape, "pool_size": 3, **window}
    yield "adaptive_average_pool", {"x": x, "output_size": 2, "data_format": data_format}
    if x.shape[2] == 31 or x.shape[3] == 31:
        yield from _other_pools(x, window)
    yield "im2col", {"x": x, "kernel_size": 3, **window}
    columns = ops.im2col(x, 3, **window)
    yield "col2im", {"columns": columns, "input_shape": x.shape, "kernel_size": 3, **window}
    kernel = random.standard_normal((3, 3, channels, 2 * channels)).astype(np.float32)
    arguments = {"x": x, "kernel": kernel, "padding": 1, "data_format": data_format, "algorithm": "winograd"}
    yield "conv_max_pool", {**arguments, "bias": kernel[0, 0, 0].copy(), "return_taps": True}
    y, taps = ops.conv_max_pool(**arguments, return_taps=True)
    yield "conv_max_pool_backward", {**arguments, "dy": y, "taps": taps}
    for groups in {1, channels}:
        kernel = random.standard_normal((3, 3, channels // groups, 2 * channels)).astype(np.float32)
        arguments = {"x": x, "kernel": kernel, "groups": groups, **window}
        yield "conv", {**arguments, "bias": kernel[0, 0, 0].copy(), "activation": "relu"}
        yield "conv_backward", {**arguments, "dy": ops.conv(x, kernel, groups=groups, **window)}
        spread = np.ascontiguousarray(kernel[..., :channels])  # (3, 3, Cout / groups, Cin)
        arguments = {"x": x, "kernel": spread, "groups": groups, **window}
        yield "conv_transpose", {**arguments, "activation": "relu"}
        yield "conv_transpose_backward", {**arguments, "dy": ops.conv_transpose(**arguments)}


def _narrow_groups(random: np.random.Generator, group: int, width: int) -> Iterator[tuple[str, Arguments]]:
    x = random.standard_normal((1, 4, width, 16)).astype(np.float32)
    kernel = random.standard_normal((3, 3, group, 16)).astype(np.float32)
    arguments: Arguments = {"x": x, "kernel": kernel, "groups": 16 // group, "padding": 1}
    yield "conv", {**arguments, "bias": kernel[0, 0, 0].copy(), "activation": "relu"}
    yield "conv_backward", {**arguments, "dy": x}
    for data_format, images in {"channels_last": x, "channels_first": np.moveaxis(x, 3, 1).copy()}.items():
        winograd = {**arguments, "x": images, "algorithm": "winograd", "data_format": data_format}
        yield "conv", {**winograd, "bias": kernel[0, 0, 0].copy()}
        yield "conv_backward", {**winograd, "dy": images}
    yield "conv_transpose", {**arguments, "activation": "tanh"}
    yield "conv_transpose_backward", {**arguments, "dy": x}


def _few_outputs(random: np.random.Generator, width: int, layout: str) -> Iterator[tuple[str, Arguments]]:
    """Planes read in place and whole windows as columns, to the last pixel."""
    shape = (2, 5, 9, width) if layout == "channels_first" else (2, 9, width, 5)
    x = random.standard_normal(shape).astype(np.float32)
    for taps in (1, 3):
        kernel = random.standard_normal((taps, taps, 5, 3)).astype(np.float32)
        arguments: Arguments = {"x": x, "kernel": kernel, "data_format": layout}
        yield "conv", arguments
        yield "conv_backward", {**arguments, "dy": ops.conv(**arguments)}


def _norms(x: np.ndarray, channels: int, data_format: str) -> Iterator[tuple[str, Arguments]]:
    axis: Arguments = {"axis": -1 if data_format == "channels_last" else 1}
    gamma = np.linspace(1, 2, channels, dtype=np.float32)
    affine, statistics = {"gamma": gamma, "beta": gamma}, {"mean": gamma, "variance": gamma}
    yield "batch_norm", {"x": x, **affine, **axis, "activation": "relu"}
    yield "batch_norm_inference", {"x": x, **statistics, **affine, **axis}
    yield "batch_norm_backward", {"dy": x, "x": x, **statistics, **affine, **axis, "activation": "relu"}
    yield "group_norm", {"x": x, **affine, **axis, "groups": 1}
    _, mean, rstd = ops.instance_norm(x, **axis, return_statistics=True)
    given = {"mean": mean, "rstd": rstd, "gamma": gamma, **axis}
    yield "instance_norm_backward", {"dy": x, "x": x, **given}
    wide = np.linspace(1, 2, x.shape[-1], dtype=np.float32)
    yield "layer_norm", {"x": x, "gamma": wide, "beta": wide}
    _, mean, rstd = ops.layer_norm(x, return_statistics=True)
    yield "layer_norm_backward", {"dy": x, "x": x, "mean": mean, "rstd": rstd, "gamma": wide}
    yield "rms_norm", {"x": x, "gamma": wide}


def _other_pools(x: np.ndarray, window: Arguments) -> Iterator[tuple[str, Arguments]]:
    form = {"data_format": window["data_format"]}
    for parts in (1, 2):
        yield "adaptive_max_pool", {"x": x, "output_size": parts, "return_indices": True, **form}
        y, indices = ops.adaptive_max_pool(x, parts, return_indices=True, **form)
        yield "adaptive_max_pool_backward", {"dy": y, "indices": indices, "input_shape": x.shape, **form}
        yield "max_unpool", {"x": y, "indices": indices, "output_shape": x.shape, **form}
        yield "max_unpool_backward", {"dy": x, "indices": indices, **form}
    y, indices = ops.max_pool(x, 3, **window, return_indices=True)
    backward = {"dy": y, "indices": indices, "input_shape": x.shape, "pool_size": 3, **window}
    yield "max_pool_backward", backward
    y, taps = ops.max_pool(x, 2, return_indices="taps", **form)
    yield "max_pool_backward", {"dy": y, "indices": taps, "input_shape": x.shape, "pool_size": 2, **form}
    yield "average_pool_backward", {"dy": y, "input_shape": x.shape, "pool_size": 2, **form}
    yield "lp_pool", {"x": x, "pool_size": 3, **window}
    y = ops.lp_pool(x, 3, **window)
    yield "lp_pool_backward", {"dy": y, "x": x, "y": y, "pool_size": 3, **window}


def _recurrent(random: np.random.Generator, units: int) -> Iterator[tuple[str, Arguments]]:
    for cell, gates in (("lstm", 4), ("gru", 3), ("simple_rnn", 1)):
        x = random.standard_normal((3, 5, 2)).astype(np.float32)
        kernel = random.standard_normal((2, gates * units)).astype(np.float32)
        recurrent = random.standard_normal((units, gates * units)).astype(np.float32)
        valid = {"x": x, "kernel": kernel, "recurrent_kernel": recurrent, "bias": None}
        valid["lengths"] = np.array([5, 0, 3])
        yield cell, valid
        y, *_, cache = getattr(ops, cell)(**valid, return_cache=True)
        yield f"{cell}_backward", {**valid, "dy": y + 1, "y": y, "cache": cache}


def check(op: str, arguments: Arguments) -> None:
    expected = flat(getattr(ops, op)(**arguments))
    for at_end in (True, False):
        fenced = {
            name: guarded(value, at_end) if isinstance(value, np.ndarray) else value
            for name, value in arguments.items()
        }
        for a, b in zip(flat(getattr(ops, op)(**fenced)), expected, strict=True):
            np.testing.assert_array_equal(a, b)


def main() -> None:
    checked = 0
    for tier in TIERS[: TIERS.index(foldgate.get_isa()) + 1]:
        foldgate.set_max_isa(tier)
        random = np.random.default_rng(0)
        for op, arguments in [*every_op(), *wider_ops(random)]:
            if "-v" in sys.argv:
                print(tier, op, file=sys.stderr, flush=True)
            check(op, arguments)
            checked += 1
    print(f"{checked} calls")


if __name__ == "__main__":
    main()
