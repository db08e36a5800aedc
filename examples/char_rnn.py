"""Learn to write like a text, character by character, with two LSTMs.

    python examples/char_rnn.py --data data/tinyshakespeare.txt
    python examples/char_rnn.py --data data/tinyshakespeare.txt --epochs 1 --units 64 --prompt "ROMEO:"

The last 5 % of the text are kept from training; their nats a character are printed after every epoch: 1.541
after the thirty epochs that are the default. Then the model writes: with the likeliest character every time
(greedy), by its probabilities at a temperature, and by those of the k likeliest alone.

The layers are stateful. In training every row of a batch is a stream that the next window continues; writing
carries the states from one character to the next, so that a character costs one step at any length.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

import foldgate as keras
from foldgate import layers, ops

Ids = np.ndarray[Any, np.dtype[np.int64]]


class Text:
    """A text as ids of its characters, in a part to train on and one to test on."""

    def __init__(self, text: str, test_share: float = 0.05) -> None:
        if len(text) < 100:
            raise SystemExit(f"the text has {len(text)} characters; at least 100 are needed")
        self.characters = sorted(set(text))
        numbers = {character: i for i, character in enumerate(self.characters)}
        ids = np.array([numbers[character] for character in text])
        cut = int(len(ids) * (1 - test_share))
        self.train, self.test = ids[:cut], ids[cut:]

    def encode(self, text: str) -> Ids:
        """The ids of characters, of those that the text has."""
        numbers = {character: i for i, character in enumerate(self.characters)}
        return np.array([numbers[character] for character in text if character in numbers], np.int64)

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self.characters[i] for i in ids)


class CharModel(layers.Layer):
    """Embedding, stateful LSTMs, and a score for every character."""

    def __init__(self, characters: int, units: int, depth: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = layers.Embedding(characters, units)
        self.lstms = [
            layers.LSTM(units, return_sequences=True, stateful=True, dropout=dropout if i else 0.0)
            for i in range(depth)
        ]
        self.drop = layers.Dropout(dropout)
        self.scores = layers.Dense(characters)

    def call(self, ids: Any, training: bool = False) -> Any:
        x = self.embedding(ids)
        for lstm in self.lstms:
            x = lstm(x, training=training)
        return self.scores(self.drop(x, training=training))

    def reset(self) -> None:
        for lstm in self.lstms:
            lstm.reset_state()


def windows(ids: Ids, batch: int, steps: int) -> Iterator[tuple[Ids, Ids]]:
    """(inputs, next characters), both (batch, steps); row i of a window goes on with that of the last."""
    length = (len(ids) - 1) // batch
    inputs, targets = (part[: batch * length].reshape(batch, length) for part in (ids[:-1], ids[1:]))
    for start in range(0, length - steps + 1, steps):
        yield inputs[:, start : start + steps], targets[:, start : start + steps]


def train_step(model: CharModel, optimizer: Any, inputs: Ids, targets: Ids) -> float:
    """One update; returns the nats a character."""
    with keras.GradientTape() as tape:
        losses, _ = ops.softmax_cross_entropy(model(inputs, training=True), targets)
        loss = np.mean(losses)
    weights = model.trainable_weights
    optimizer.apply(tape.gradient(loss, weights), weights)
    return float(loss)


def nats(model: CharModel, ids: Ids, steps: int = 500) -> float:
    """Nats a character of a text that a model with a batch of one reads from its beginning."""
    model.reset()
    total = 0.0
    for start in range(0, len(ids) - 1, steps):
        targets = ids[start + 1 : start + 1 + steps][None]
        losses, _ = ops.softmax_cross_entropy(model(ids[start : start + targets.shape[1]][None]), targets)
        total += float(losses.sum())
    return total / (len(ids) - 1)


def choose(logits: Any, temperature: float, top_k: int | None, rng: np.random.Generator) -> int:
    """The next character: the likeliest at temperature 0, else drawn, from all or the k likeliest."""
    if temperature == 0:
        return int(np.argmax(logits))
    scaled = logits.astype(np.float64) / temperature
    if top_k is not None:
        scaled[scaled < np.partition(scaled, -top_k)[-top_k]] = -np.inf
    shares = np.exp(scaled - scaled.max())
    return int(rng.choice(len(shares), p=shares / shares.sum()))


def write(
    model: CharModel,
    text: Text,
    prompt: str,
    length: int,
    temperature: float = 0.0,
    top_k: int | None = None,
    seed: int = 0,
) -> str:
    """What the model writes after a prompt, one stateful step a character."""
    rng, written = np.random.default_rng(seed), list(text.encode(prompt))
    if not written:
        raise SystemExit(f"the prompt {prompt!r} has no character of the text")
    model.reset()
    logits = model(np.array([written]))[0, -1]
    for _ in range(length):
        written.append(choose(logits, temperature, top_k, rng))
        logits = model(np.array([[written[-1]]]))[0, -1]
    return text.decode(written)


def train(text: Text, arguments: argparse.Namespace, console: Console) -> tuple[CharModel, float]:
    """Trains a model; returns one of the same weights that reads a single stream, and its nats."""
    sizes = (len(text.characters), arguments.units, arguments.depth)
    model, reader = CharModel(*sizes, dropout=arguments.dropout), CharModel(*sizes)
    batches = len(list(windows(text.train, arguments.batch, arguments.steps)))
    if not batches:
        raise SystemExit("the text is too short for a window; lower --batch or --steps")
    rate = keras.optimizers.schedules.CosineDecay(arguments.rate, arguments.epochs * batches, alpha=0.05)
    optimizer = keras.optimizers.AdamW(rate, arguments.decay, global_clipnorm=5.0)
    reader(text.test[:1][None])  # makes its weights
    found = float("nan")
    for epoch in range(arguments.epochs):
        start, losses = time.perf_counter(), []
        for lstm in model.lstms if epoch else ():
            lstm.reset_state()
        pairs = windows(text.train, arguments.batch, arguments.steps)
        for inputs, targets in track(pairs, f"epoch {epoch + 1}", batches, console=console, transient=True):
            losses.append(train_step(model, optimizer, inputs, targets))
        reader.set_weights(model.get_weights())
        found = nats(reader, text.test)
        seconds = time.perf_counter() - start
        console.print(
            f"epoch {epoch + 1}/{arguments.epochs}: {np.mean(losses):.3f} nats a character in training, "
            f"{found:.3f} on the last 5 %, {seconds:.0f} s"
        )
    return reader, found


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="a text file")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--depth", type=int, default=2, help="number of LSTMs")
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--steps", type=int, default=50, help="characters of a window")
    parser.add_argument("--rate", type=float, default=5e-3, help="AdamW's first learning rate")
    parser.add_argument("--dropout", type=float, default=0.2, help="of what upper LSTMs and the scores read")
    parser.add_argument("--decay", type=float, default=0.15, help="AdamW's, of the weights")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--prompt", default="\n")
    parser.add_argument("--length", type=int, default=400, help="characters to write")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=5)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> float:
    """Trains and writes; returns the nats a character on the last 5 %."""
    arguments, console = parsed(argv), Console()
    if not arguments.data.is_file():
        raise SystemExit(f"{arguments.data} is missing; tiny Shakespeare is one file, input.txt, of char-rnn")
    keras.random.set_seed(arguments.seed)
    text = Text(arguments.data.read_text(encoding="utf-8"))
    model, found = train(text, arguments, console)
    ways: list[tuple[str, dict[str, Any]]] = [
        ("greedy", {}),
        (f"temperature {arguments.temperature}", {"temperature": arguments.temperature}),
        (f"the {arguments.top_k} likeliest", {"temperature": 1.0, "top_k": arguments.top_k}),
    ]
    for name, how in ways:
        console.rule(name)
        console.print(
            write(model, text, arguments.prompt, arguments.length, **how), markup=False, highlight=False
        )
    return found


if __name__ == "__main__":
    main()
