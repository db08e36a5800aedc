"""What is around convolution and recurrence, against the time in which numpy.copyto moves as many bytes.

    python benchmarks/around.py                       # one thread, 8 M values of float32
    python benchmarks/around.py --threads 2 --only "softmax*" "erf*"

A row is the median of calls that alternate with copies of 32 MB: 1.00 is an op that takes as long as a copy
of the bytes that it reads and writes, a part that is written being counted once. An array whose statistics
are over more of it than a cache holds is read twice, and counted twice. Ops that only write alternate with
numpy.ndarray.fill.
"""

from __future__ import annotations

import argparse
import fnmatch
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import foldgate
from foldgate import ops

Array = NDArray[Any]
Run = Callable[[], object]
FROM_RESULT = (
    *("exp", "tanh", "sigmoid", "relu", "relu6", "leaky_relu", "elu", "selu", "hard_sigmoid", "log_sigmoid"),
    "softplus",
)
FROM_X = ("log", "erf", "silu", "hard_silu", "mish", "softsign")
IMAGES = (32, 64, 64, 64)


class Row(NamedTuple):
    """A call, the bytes that it reads and writes, and whether it reads any."""

    name: str
    bytes: int
    run: Run
    reads: bool = True


def _normal(*shape: int) -> Array:
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def _row(name: str, run: Run, *moved: Array) -> Row:
    return Row(name, sum(array.nbytes for array in moved), run)


def _written(name: str, run: Run, array: Array) -> Row:
    return Row(name, array.nbytes, run, reads=False)


def elementwise() -> Iterator[Row]:
    """Functions of every value."""
    x, dy = _normal(8192, 1024), _normal(8192, 1024)
    for name in (*FROM_RESULT, *FROM_X):
        forward, backward = getattr(ops, name), getattr(ops, f"{name}_backward")
        source = np.abs(x) if name == "log" else x
        kept = forward(source) if name in FROM_RESULT else source
        yield _row(name, partial(forward, source), x, x)
        yield _row(f"{name} backward", partial(backward, dy, kept), x, x, x)
    for name, approximate in (("gelu", False), ("gelu tanh", True)):
        yield _row(name, partial(ops.gelu, x, approximate=approximate), x, x)
        yield _row(f"{name} backward", partial(ops.gelu_backward, dy, x, approximate=approximate), x, x, x)
    yield _row("dropout", lambda: ops.dropout(x, 0.3, seed=7), x, x)
    yield _row("dropout backward", lambda: ops.dropout_backward(dy, 0.3, seed=7), x, x)
    yield _written("random_uniform", lambda: ops.random_uniform(x.shape, seed=7), x)
    yield _row("add_relu", lambda: ops.add_relu(x, dy), x, x, x)


def losses() -> Iterator[Row]:
    """Softmax and the cross-entropies, by rows and by columns."""
    x, dy = _normal(8192, 1024), _normal(8192, 1024)
    y, log_y, p = ops.softmax(x), ops.log_softmax(x), ops.softmax(dy)
    labels = np.random.default_rng(1).integers(0, 1024, 8192)
    loss, total = ops.softmax_cross_entropy(x, labels)
    z = ops.sigmoid(dy)
    yield _row("softmax", lambda: ops.softmax(x), x, x)
    yield _row("softmax backward", lambda: ops.softmax_backward(dy, y), x, x, x)
    yield _row("softmax, axis 0", lambda: ops.softmax(x, axis=0), x, x, x)  # sums, powers
    yield _row("log_softmax", lambda: ops.log_softmax(x), x, x)
    yield _row("log_softmax backward", lambda: ops.log_softmax_backward(dy, log_y), x, x, x)
    yield _row("softmax_cross_entropy", lambda: ops.softmax_cross_entropy(x, labels), x)
    backward = ops.softmax_cross_entropy_backward
    yield _row("softmax_cross_entropy backward", lambda: backward(loss, x, labels, total), x, x)
    yield _row("softmax_cross_entropy, shares", lambda: ops.softmax_cross_entropy(x, p), x, x)
    yield _row("softmax_cross_entropy, shares, backward", lambda: backward(loss, x, p, total), x, x, x)
    yield _row("sigmoid_cross_entropy", lambda: ops.sigmoid_cross_entropy(x, z), x, x, x)
    back = ops.sigmoid_cross_entropy_backward
    yield _row("sigmoid_cross_entropy backward", lambda: back(dy, x, z), x, x, x, x)


def norms() -> Iterator[Row]:
    """Rows, and channels in both layouts."""
    rows, drows, one, zero = (
        _normal(8192, 1024),
        _normal(8192, 1024),
        np.ones(1024, "f4"),
        np.zeros(1024, "f4"),
    )
    out = ops.layer_norm(rows, one, zero, return_statistics=True)
    yield _row("layer_norm", lambda: ops.layer_norm(rows, one, zero), rows, rows)
    backward = ops.layer_norm_backward
    yield _row("layer_norm backward", lambda: backward(drows, rows, *out[1:], one), rows, rows, rows)
    _, _, rstd = ops.rms_norm(rows, one, return_statistics=True)
    yield _row("rms_norm", lambda: ops.rms_norm(rows, one), rows, rows)
    yield _row("rms_norm backward", lambda: ops.rms_norm_backward(drows, rows, rstd, one), rows, rows, rows)
    x, dy, gamma, beta = _normal(*IMAGES), _normal(*IMAGES), np.ones(64, "f4"), np.zeros(64, "f4")
    for axis, layout in ((-1, ""), (1, " NCHW")):
        options: dict[str, Any] = {"axis": axis}
        mean, variance = np.zeros(64, "f4"), np.ones(64, "f4")
        twice = [x] if axis == -1 else []  # a channel of planes stays in cache
        yield _row(f"batch_norm{layout}", partial(ops.batch_norm, x, gamma, beta, **options), *twice, x, x)
        yield _row(
            f"batch_norm{layout} backward",
            partial(ops.batch_norm_backward, dy, x, mean, variance, gamma, beta, **options),
            *(*twice, *twice, x, x, x),
        )
        yield _row(
            f"batch_norm_inference{layout}",
            partial(ops.batch_norm_inference, x, mean, variance, gamma, beta, **options),
            *(x, x),
        )
        for name in ("group_norm", "instance_norm"):
            norm, back = getattr(ops, name), getattr(ops, f"{name}_backward")
            statistics_ = norm(x, gamma, beta, return_statistics=True, **options)[1:]
            yield _row(f"{name}{layout}", partial(norm, x, gamma, beta, **options), x, x)
            yield _row(
                f"{name}{layout} backward",
                partial(back, dy, x, *statistics_, gamma, **options),
                *(x, x, x),
            )


def layers() -> Iterator[Row]:
    """Embedding, biases, pooling."""
    table, dy = _normal(20000, 256), _normal(32768, 256)
    ids = np.random.default_rng(1).integers(0, 20000, 32768)
    yield _row("embedding", lambda: ops.embedding(ids, table), ids, dy, dy)
    yield _row("embedding backward", lambda: ops.embedding_backward(dy, ids, 20000), ids, dy, table)
    small, dsmall, words = (
        _normal(10000, 32),
        _normal(262144, 32),
        np.random.default_rng(1).integers(0, 10000, 262144),
    )
    yield _row("embedding of 32", lambda: ops.embedding(words, small), words, dsmall, dsmall)
    back_small = partial(ops.embedding_backward, dsmall, words, 10000)
    yield _row("embedding of 32 backward", back_small, words, dsmall, small)
    x, dx, bias = _normal(*IMAGES), _normal(*IMAGES), np.ones(64, "f4")
    part = _normal(*IMAGES)[:, ::2, ::2].copy()
    for layout in ("channels_last", "channels_first"):
        options: dict[str, Any] = {"data_format": layout}
        mark = "" if layout == "channels_last" else " NCHW"
        yield _row(f"bias_add{mark}", partial(ops.bias_add, x, bias, **options), x, x)
        relu = options | {"activation": "relu"}
        yield _row(f"bias_add{mark} backward", partial(ops.bias_add_backward, dx, x, **relu), x, x, x)
        flat = _normal(32, 64)
        for name in ("global_average_pool", "global_max_pool", "global_lp_pool"):
            yield _row(f"{name}{mark}", partial(getattr(ops, name), x, **options), x)
        back = ops.global_average_pool_backward
        yield _written(f"global_average_pool{mark} backward", partial(back, flat, IMAGES, **options), x)
        for name in ("average_pool", "lp_pool", "max_pool"):
            pool = getattr(ops, name)
            yield _row(f"{name} 2x2{mark}", partial(pool, x, 2, **options), x, part)


def updates() -> Iterator[Row]:
    """Optimizers, and the norm of gradients."""
    g = _normal(8192, 1024)
    w, m, v, h = (np.abs(_normal(8192, 1024)) for _ in range(4))
    yield _row("sgd", lambda: ops.sgd_update(w, g), g, w)
    yield _row("sgd momentum", lambda: ops.sgd_update(w, g, m, momentum=0.9), g, w, m)
    yield _row("rmsprop", lambda: ops.rmsprop_update(w, g, v), g, w, v)
    yield _row("adagrad", lambda: ops.adagrad_update(w, g, v), g, w, v)
    yield _row("adadelta", lambda: ops.adadelta_update(w, g, m, v), g, w, m, v)
    yield _row("lion", lambda: ops.lion_update(w, g, m), g, w, m)
    yield _row("adam", lambda: ops.adam_update(w, g, m, v, step=3), g, w, m, v)
    yield _row("amsgrad", lambda: ops.adam_update(w, g, m, v, h, step=3), g, w, m, v, h)
    yield _row("nadam", lambda: ops.nadam_update(w, g, m, v, step=3, u_product=0.5), g, w, m, v)
    yield _row("adamax", lambda: ops.adamax_update(w, g, m, v, step=3), g, w, m, v)
    yield _row("global_norm", lambda: ops.global_norm([g]), g)
    yield _row("clip_by_global_norm", lambda: ops.clip_by_global_norm([g], 1.0), g, g, g)


def ratio(row: Row, seconds: float, copy: Run, copied: int) -> tuple[float, float]:
    """Milliseconds of a call, and the ratio to a copy of as many bytes; calls and copies alternate."""
    row.run(), copy()
    calls, copies = [], []
    end = time.perf_counter() + seconds
    while len(calls) < 3 or time.perf_counter() < end:
        for run, times in ((row.run, calls), (copy, copies)):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
    taken, pace = statistics.median(calls), statistics.median(copies) / copied
    return taken * 1e3, taken / (pace * row.bytes)


def main() -> None:
    """Print a line a call."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.3, help="of a row")
    parser.add_argument("--only", nargs="*", default=["*"], help="rows by name")
    options = parser.parse_args()
    foldgate.set_num_threads(options.threads)
    source, target = np.ones(1 << 23, "f4"), np.zeros(1 << 23, "f4")
    copy: tuple[Run, int] = (lambda: np.copyto(target, source), 2 * source.nbytes)
    fill: tuple[Run, int] = (lambda: target.fill(1), target.nbytes)
    for rows in (elementwise, losses, norms, layers, updates):
        for row in rows():
            if any(fnmatch.fnmatch(row.name, pattern) for pattern in options.only):
                taken, over = ratio(row, options.seconds, *(copy if row.reads else fill))
                print(f"{row.name:42s} {taken:8.2f} ms {over:6.2f}", flush=True)


if __name__ == "__main__":
    main()
