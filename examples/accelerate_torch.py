"""A small speech-like PyTorch model, trained by PyTorch alone and with foldgate: equal losses.

    python examples/accelerate_torch.py --steps 10

The task: which of eight chirps is in a noisy sequence of 40 features. Needs PyTorch.
"""

from __future__ import annotations

import argparse
import copy
import time

import torch
from torch import nn

import foldgate.torch


class Listener(nn.Module):
    """Convolutions over time, a bidirectional GRU of two layers, and a decision."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv1d(40, 64, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2))
        self.rnn = nn.GRU(64, 96, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(192, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 40, T) to (N, 8)."""
        _, h = self.rnn(self.conv(x).transpose(1, 2))
        return self.head(torch.cat((h[-2], h[-1]), dim=1))


def chirps(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Sequences (count, 40, 100) in which a feature rises, and which of eight rates it has."""
    labels = torch.randint(8, (count,), generator=generator)
    x = torch.randn(count, 40, 100, generator=generator)
    times = torch.arange(100.0)
    for row, label in enumerate(labels.tolist()):
        x[row, (times * (label + 1) / 20).long() % 40, times.long()] += 3.0
    return x, labels


def train(model: nn.Module, steps: int, batch: int) -> tuple[list[float], float]:
    """The losses, and the seconds a step."""
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    losses, spent = [], 0.0
    for _ in range(steps):
        x, labels = chirps(batch, generator)
        begun = time.perf_counter()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        spent += time.perf_counter() - begun
        losses.append(loss.item())
    return losses, spent / steps


def main() -> None:
    """Trains the same model twice and prints both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    torch.manual_seed(0)
    plain = Listener()
    fast = foldgate.torch.accelerate(copy.deepcopy(plain), report=True)
    results = {"PyTorch": train(plain, options.steps, options.batch)}
    results["with foldgate"] = train(fast, options.steps, options.batch)
    for name, (losses, seconds) in results.items():
        print(f"{name:14} loss {losses[0]:.4f} -> {losses[-1]:.4f}, {seconds * 1e3:.1f} ms a step")
    with torch.no_grad():
        x, labels = chirps(256, torch.Generator().manual_seed(2))
        accuracy = (fast(x).argmax(dim=1) == labels).float().mean().item()
    print(f"accuracy on new sequences {accuracy:.3f}")


if __name__ == "__main__":
    main()
