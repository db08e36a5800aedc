"""The models of training_models.py as one writes them in PyTorch, eager, channels_last where images are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Last(nn.Module):
    """A recurrent layer, of which the last output goes on."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        return self.layer(x)[0][:, -1]


class Every(nn.Module):
    """A recurrent layer, of which all outputs go on."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        return self.layer(x)[0]


class Block(nn.Module):
    """Two convolutions with batch norm, and the way around them."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.two = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(filters), nn.BatchNorm2d(filters)])
        self.around = nn.Sequential()
        if stride > 1:
            self.around = nn.Sequential(
                nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)
            )

    def forward(self, x: Any) -> Any:
        y = functional.relu(self.norms[0](self.one(x)))
        return functional.relu(self.norms[1](self.two(y)) + self.around(x))


def resnet20() -> nn.Module:
    parts: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for filters, first in ((16, 1), (32, 2), (64, 2)):
        for stride in (first, 1, 1):
            parts.append(Block(channels, filters, stride))
            channels = filters
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def twice(channels: int, filters: int) -> nn.Module:
    first, second = nn.Conv2d(channels, filters, 3, 1, 1), nn.Conv2d(filters, filters, 3, 1, 1)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([twice(1, 16), twice(16, 32), twice(32, 64)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(64, 32, 2, 2), nn.ConvTranspose2d(32, 16, 2, 2)])
        self.joined = nn.ModuleList([twice(64, 32), twice(32, 16)])
        self.out = nn.Conv2d(16, 1, 1)

    def forward(self, x: Any) -> Any:
        a = self.down[0](x)
        b = self.down[1](functional.max_pool2d(a, 2))
        c = self.down[2](functional.max_pool2d(b, 2))
        b = self.joined[0](torch.cat([self.up[0](c), b], 1))
        return self.out(self.joined[1](torch.cat([self.up[1](b), a], 1)))


class Masked(nn.Module):
    """A bidirectional LSTM over sequences of different lengths, packed."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5000, 64, padding_idx=0)
        self.lstm, self.out = nn.LSTM(64, 64, batch_first=True, bidirectional=True), nn.Linear(128, 1)

    def forward(self, x: Any) -> Any:
        lengths = (x != 0).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(x), lengths, batch_first=True, enforce_sorted=False
        )
        _, (h, _) = self.lstm(packed)
        return self.out(torch.cat([h[0], h[1]], 1))


MODELS: dict[str, Callable[[], nn.Module]] = {
    "conv_dense": lambda: nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(21632, 10)),
    "conv_pool": lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(1600, 10),
    ),
    "resnet20": resnet20,
    "unet": UNet,
    "lstm_text": lambda: nn.Sequential(
        nn.Embedding(10000, 32), Last(nn.LSTM(32, 128, batch_first=True)), nn.Linear(128, 1)
    ),
    "gru_2": lambda: nn.Sequential(Last(nn.GRU(2, 200, batch_first=True)), nn.Linear(200, 2)),
    "characters": lambda: nn.Sequential(
        nn.Embedding(65, 128), Every(nn.LSTM(128, 128, 2, batch_first=True)), nn.Linear(128, 65)
    ),
    "lstm_4": lambda: nn.Sequential(Last(nn.LSTM(8, 4, batch_first=True)), nn.Linear(4, 4)),
    "masked": Masked,
    "conv1d": lambda: nn.Sequential(
        nn.Conv1d(1, 16, 64, 8),
        nn.ReLU(),
        nn.Conv1d(16, 32, 16, 4),
        nn.ReLU(),
        nn.Conv1d(32, 64, 8, 2),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    ),
}


def trainer(name: str, loss: str, x: Any, y: Any, batch: int) -> Callable[[int], None]:
    """A function that takes so many steps, over the batches of x and y."""
    model = MODELS[name]()
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)
    if inputs.ndim == 4:
        inputs = inputs.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
        model = model.to(memory_format=torch.channels_last)
    elif inputs.ndim == 3 and name == "conv1d":
        inputs = inputs.permute(0, 2, 1).contiguous()
    if labels.ndim == 4:
        labels = labels.permute(0, 3, 1, 2)
    losses = {
        "sparse_categorical_crossentropy": lambda p, t: functional.cross_entropy(
            p.flatten(0, -2), t.flatten()
        ),
        "binary_crossentropy": functional.binary_cross_entropy_with_logits,
        "mse": functional.mse_loss,
    }
    optimizer, count = torch.optim.Adam(model.parameters()), len(inputs) // batch

    def steps(number: int) -> None:
        for i in range(number):
            part = slice(i % count * batch, (i % count + 1) * batch)
            optimizer.zero_grad(set_to_none=True)
            losses[loss](model(inputs[part]), labels[part]).backward()
            optimizer.step()

    return steps
