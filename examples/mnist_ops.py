"""Train a small CNN or a row-by-row LSTM on MNIST, every step written by hand over an `ops` module.

    python examples/mnist_ops.py --model cnn --data data/mnist
    python examples/mnist_ops.py --model lstm --data data/mnist --ops foldgate.reference --steps 20
    python examples/mnist_ops.py --model cnn --data data/mnist --compare --steps 20

`foldgate.ops` and `foldgate.reference` take and give the same arrays, so the same script runs on either;
`--compare` runs both on the same batches, by direct convolution, checks that their losses agree, and prints
the speed-up.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from mnist import CLASSES, Array, Split, read_split
from rich.console import Console
from rich.progress import track

import foldgate

COMPARE_STEPS = 20
# Two orders of summation differ by eps = 1.2e-7 a step, and training carries the difference on.
COMPARE_TOLERANCE = 1e-4

Parameters = dict[str, Array]


# --- models: parameters, forward, and forward + backward ---


def uniform(rng: np.random.Generator, *shape: int, fan: int) -> Array:
    return rng.uniform(-sqrt(6.0 / fan), sqrt(6.0 / fan), shape).astype(np.float32)


def cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """Mean of -log softmax(logits)[label] over (N, 10), and its gradient (softmax - onehot) / N."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = float(np.mean(np.log(sums[:, 0]) - shifted[rows, labels]))
    gradient = exponentials / sums
    gradient[rows, labels] -= 1.0
    return loss, gradient / len(labels)


class Cnn:
    """conv 3x3 - relu - pool - conv 3x3 - relu - pool - dense; relu is fused into the convolutions."""

    learning_rate = 0.05
    filters = (16, 32)

    def parameters(self, rng: np.random.Generator, size: int) -> Parameters:
        first, second = self.filters
        flat = (size // 4) ** 2 * second
        return {
            "kernel1": uniform(rng, 3, 3, 1, first, fan=9 * (1 + first)),
            "bias1": np.zeros(first, np.float32),
            "kernel2": uniform(rng, 3, 3, first, second, fan=9 * (first + second)),
            "bias2": np.zeros(second, np.float32),
            "dense": uniform(rng, flat, CLASSES, fan=flat + CLASSES),
            "dense_bias": np.zeros(CLASSES, np.float32),
        }

    def logits(self, ops: Any, p: Parameters, images: Array) -> Array:
        y1 = ops.conv(images[..., None], p["kernel1"], p["bias1"], padding="same", activation="relu")
        y2 = ops.conv(ops.max_pool(y1), p["kernel2"], p["bias2"], padding="same", activation="relu")
        scores: Array = ops.matmul(ops.max_pool(y2).reshape(len(images), -1), p["dense"], p["dense_bias"])
        return scores

    def step(self, ops: Any, p: Parameters, images: Array, labels: Array) -> tuple[float, Parameters]:
        same_relu = {"padding": "same", "activation": "relu"}
        x = images[..., None]  # (N, 28, 28, 1)
        y1 = ops.conv(x, p["kernel1"], p["bias1"], **same_relu)
        pooled1, taps1 = ops.max_pool(y1, return_indices="taps")  # (N, 14, 14, 16)
        y2 = ops.conv(pooled1, p["kernel2"], p["bias2"], **same_relu)
        pooled2, taps2 = ops.max_pool(y2, return_indices="taps")  # (N, 7, 7, 32)
        flat = pooled2.reshape(len(images), -1)
        loss, dlogits = cross_entropy(ops.matmul(flat, p["dense"], p["dense_bias"]), labels)

        dflat = ops.matmul(dlogits, p["dense"], transpose_b=True)
        dy2 = ops.max_pool_backward(dflat.reshape(pooled2.shape), taps2, y2.shape)
        second = ops.conv_backward(dy2, pooled1, p["kernel2"], y=y2, **same_relu)
        dy1 = ops.max_pool_backward(second.dx, taps1, y1.shape)
        first = ops.conv_backward(dy1, x, p["kernel1"], y=y1, need_dx=False, **same_relu)
        return loss, {
            "kernel1": first.dkernel,
            "bias1": first.dbias,
            "kernel2": second.dkernel,
            "bias2": second.dbias,
            "dense": ops.matmul(flat, dlogits, transpose_a=True),
            "dense_bias": dlogits.sum(axis=0),
        }


class Lstm:
    """An image is a sequence of rows; the state after the last row goes through a dense layer."""

    learning_rate = 0.05
    units = 128

    def parameters(self, rng: np.random.Generator, size: int) -> Parameters:
        bias = np.zeros(4 * self.units, np.float32)
        bias[self.units : 2 * self.units] = 1.0  # gates i f c o: remember at first
        return {
            "kernel": uniform(rng, size, 4 * self.units, fan=size + 4 * self.units),
            "recurrent_kernel": uniform(rng, self.units, 4 * self.units, fan=5 * self.units),
            "bias": bias,
            "dense": uniform(rng, self.units, CLASSES, fan=self.units + CLASSES),
            "dense_bias": np.zeros(CLASSES, np.float32),
        }

    def logits(self, ops: Any, p: Parameters, images: Array) -> Array:
        weights = (p["kernel"], p["recurrent_kernel"], p["bias"])
        _, h, _ = ops.lstm(images, *weights, return_sequences=False)
        scores: Array = ops.matmul(h, p["dense"], p["dense_bias"])
        return scores

    def step(self, ops: Any, p: Parameters, images: Array, labels: Array) -> tuple[float, Parameters]:
        weights = (p["kernel"], p["recurrent_kernel"], p["bias"])
        y, h, _, cache = ops.lstm(images, *weights, return_cache=True)  # images (N, 28 steps, 28)
        loss, dlogits = cross_entropy(ops.matmul(h, p["dense"], p["dense_bias"]), labels)

        dh = ops.matmul(dlogits, p["dense"], transpose_b=True)
        gradients = ops.lstm_backward(None, images, *weights, y, cache, dh=dh, need_dx=False)
        return loss, {
            "kernel": gradients.dkernel,
            "recurrent_kernel": gradients.drecurrent_kernel,
            "bias": gradients.dbias,
            "dense": ops.matmul(h, dlogits, transpose_a=True),
            "dense_bias": dlogits.sum(axis=0),
        }


Model = Cnn | Lstm
MODELS: dict[str, type[Model]] = {"cnn": Cnn, "lstm": Lstm}


# --- training ---


@contextmanager
def direct_convolution() -> Iterator[None]:
    """As the reference convolves.

    Winograd makes +-1e-8 of what direct convolution makes exactly 0 (a black corner), and relu passes the
    gradient of +1e-8: as good a training, but not the same one to the last digits.
    """
    before = foldgate.get_conv_algorithm()
    foldgate.set_conv_algorithm("direct")
    try:
        yield
    finally:
        foldgate.set_conv_algorithm(before)


class Trainer:
    """A model, its parameters, and stochastic gradient descent with momentum: v = .9 v - lr g; p += v."""

    def __init__(self, ops: Any, model: Model, seed: int, size: int, learning_rate: float | None) -> None:
        self.ops, self.model = ops, model
        self.parameters = model.parameters(np.random.default_rng(seed), size)
        self.velocity = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        self.learning_rate = learning_rate or model.learning_rate
        self.seconds = 0.0

    def step(self, images: Array, labels: Array) -> float:
        start = time.perf_counter()
        loss, gradients = self.model.step(self.ops, self.parameters, images, labels)
        for name, gradient in gradients.items():
            velocity = self.velocity[name]
            velocity *= 0.9
            velocity -= self.learning_rate * gradient
            self.parameters[name] += velocity
        self.seconds += time.perf_counter() - start
        return loss

    def accuracy(self, split: Split, size: int = 1000) -> float:
        right = 0
        for start in range(0, len(split.labels), size):
            logits = self.model.logits(self.ops, self.parameters, split.images[start : start + size])
            right += int(np.sum(logits.argmax(axis=1) == split.labels[start : start + size]))
        return right / len(split.labels)


def train(trainer: Trainer, options: argparse.Namespace, split: Split, test: Split, console: Console) -> int:
    rng = np.random.default_rng(options.seed)
    per_epoch = len(split.labels) // options.batch_size
    total = min(options.steps or options.epochs * per_epoch, options.epochs * per_epoch)
    batches = (batch for _ in range(options.epochs) for batch in split.batches(options.batch_size, rng))
    every = max(1, total // 10)
    recent: list[float] = []
    for number, _ in enumerate(track(range(total), f"{options.model} on {options.ops}", console=console), 1):
        recent.append(trainer.step(*next(batches)))
        if number % every == 0:
            console.print(f"step {number:5d}  loss {np.mean(recent):.6f}")
            recent.clear()
    pace = trainer.seconds / total
    console.print(f"{pace * 1e3:.2f} ms a step, {options.batch_size / pace:.0f} images a second")
    console.print(f"test accuracy {100 * trainer.accuracy(test):.2f} % after {total} steps")
    return 0


def compare(
    ours: Trainer, theirs: Trainer, options: argparse.Namespace, split: Split, console: Console
) -> int:
    rng = np.random.default_rng(options.seed)
    batches = split.batches(options.batch_size, rng)
    worst, total = 0.0, min(options.steps or COMPARE_STEPS, len(split.labels) // options.batch_size)
    for number in track(range(1, total + 1), f"{options.model} on both", console=console):
        images, labels = next(batches)
        loss, truth = ours.step(images, labels), theirs.step(images, labels)
        worst = max(worst, abs(loss - truth) / max(1.0, abs(truth)))
        console.print(f"step {number:3d}  {options.ops} {loss:.7f}  foldgate.reference {truth:.7f}")
    console.print(f"largest difference of a loss {worst:.2g} (at most {COMPARE_TOLERANCE:g} is rounding)")
    console.print(
        f"{ours.seconds / total * 1e3:.2f} ms a step against {theirs.seconds / total * 1e3:.2f} ms: "
        f"{theirs.seconds / ours.seconds:.1f}x faster"
    )
    if not worst <= COMPARE_TOLERANCE:
        console.print("[bold red]the losses disagree[/]")
        return 1
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train on MNIST by hand-written steps over foldgate's array functions."
    )
    parser.add_argument("--ops", choices=("foldgate.ops", "foldgate.reference"), default="foldgate.ops")
    parser.add_argument("--model", choices=tuple(MODELS), default="cnn")
    parser.add_argument(
        "--data", type=Path, default=Path("data/mnist"), help="folder of the four IDX .gz files"
    )
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--steps", type=int, default=0, help="stop after so many steps; 0 trains all epochs")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compare", action="store_true", help="run foldgate.reference beside --ops")
    options = parser.parse_args(arguments)
    for name in ("epochs", "batch_size"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} is {getattr(options, name)}; expected 1 or more")
    if options.steps < 0:
        parser.error(f"--steps is {options.steps}; expected 0 or more")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    console = Console(soft_wrap=True)
    try:
        split, test = read_split(options.data, "train"), read_split(options.data, "t10k")
    except (OSError, ValueError) as error:
        print(f"mnist_ops: {error}", file=sys.stderr)
        return 2
    if len(split.labels) < options.batch_size:
        print(
            f"mnist_ops: {len(split.labels)} images do not fill a batch of {options.batch_size}",
            file=sys.stderr,
        )
        return 2

    def trainer(module: str) -> Trainer:
        model = MODELS[options.model]()
        return Trainer(
            import_module(module), model, options.seed, split.images.shape[1], options.learning_rate
        )

    if options.compare:
        with direct_convolution():
            return compare(trainer(options.ops), trainer("foldgate.reference"), options, split, console)
    return train(trainer(options.ops), options, split, test, console)


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        print("mnist_ops: interrupted", file=sys.stderr)
        raise SystemExit(130) from None
