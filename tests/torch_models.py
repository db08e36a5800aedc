"""Modules of torch that people have, small: what `foldgate.models.from_torch` brings over."""

from __future__ import annotations

import torch
from torch import nn

F = nn.functional


class Block(nn.Module):
    """A residual block of ResNet-18."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.short = None
        if stride != 1 or inputs != outputs:
            self.short = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        kept = x if self.short is None else self.short(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += kept
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, width=8, classes=10, blocks=(2, 2, 2, 2)):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, 2, 1)
        stages, inputs = [], width
        for i, count in enumerate(blocks):
            for j in range(count):
                outputs = width * 2**i
                stages.append(Block(inputs, outputs, 2 if i and not j else 1))
                inputs = outputs
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.stages(self.pool(F.relu(self.bn1(self.conv1(x)))))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


class Inverted(nn.Module):
    """An inverted residual of MobileNetV2."""

    def __init__(self, inputs, outputs, stride, expand):
        super().__init__()
        hidden, layers = inputs * expand, []
        if expand != 1:
            layers += [nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(True)]
        layers += [nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden)]
        layers += [nn.ReLU6(True), nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


MOBILE = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class MobileNetV2(nn.Module):
    def __init__(self, share=1.0, classes=1000, settings=MOBILE, last=1280):
        super().__init__()
        inputs = int(32 * share)
        layers = [nn.Conv2d(3, inputs, 3, 2, 1, bias=False), nn.BatchNorm2d(inputs), nn.ReLU6(True)]
        for expand, channels, count, stride in settings:
            outputs = max(4, int(channels * share))
            for i in range(count):
                layers.append(Inverted(inputs, outputs, stride if i == 0 else 1, expand))
                inputs = outputs
        layers += [nn.Conv2d(inputs, last, 1, bias=False), nn.BatchNorm2d(last), nn.ReLU6(True)]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(last, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class VGG(nn.Module):
    def __init__(
        self, widths=(64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"), side=64, hidden=512
    ):
        super().__init__()
        layers, inputs = [], 3
        for width in widths:
            if width == "M":
                layers.append(nn.MaxPool2d(2, 2))
                side //= 2
            else:
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(True)]
                inputs = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Linear(inputs * side * side, hidden), nn.ReLU(True), nn.Dropout(),
                                        nn.Linear(hidden, 10))  # fmt: skip

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.view(x.size(0), -1))


def double(inputs, outputs):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
    )  # fmt: skip


class UNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        w = width
        self.down1, self.down2, self.down3 = double(1, w), double(w, 2 * w), double(2 * w, 4 * w)
        self.up2, self.up1 = nn.ConvTranspose2d(4 * w, 2 * w, 2, 2), nn.ConvTranspose2d(2 * w, w, 2, 2)
        self.join2, self.join1 = double(4 * w, 2 * w), double(2 * w, w)
        self.pool, self.out = nn.MaxPool2d(2), nn.Conv2d(w, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(self.pool(a))
        c = self.down3(self.pool(b))
        b = self.join2(torch.cat([self.up2(c), b], dim=1))
        a = self.join1(torch.cat([self.up1(b), a], dim=1))
        return torch.sigmoid(self.out(a))


class CharLSTM(nn.Module):
    def __init__(self, tokens=60, features=64, hidden=256):
        super().__init__()
        self.embed = nn.Embedding(tokens, features)
        self.lstm = nn.LSTM(features, hidden, num_layers=2, batch_first=True, dropout=0.2)
        self.head = nn.Linear(hidden, tokens)

    def forward(self, x):
        y, _ = self.lstm(self.embed(x))
        return self.head(y)


class Tagger(nn.Module):
    def __init__(self, tokens=500, features=64, hidden=128, tags=12):
        super().__init__()
        self.embed = nn.Embedding(tokens, features)
        self.gru = nn.GRU(features, hidden, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * hidden, tags)

    def forward(self, x):
        y, _ = self.gru(self.embed(x))
        return self.head(y)


class Forecaster(nn.Module):
    """The next values of several series, by the last state of an LSTM."""

    def __init__(self, series=8, hidden=64, ahead=12):
        super().__init__()
        self.lstm = nn.LSTM(series, hidden, num_layers=2, batch_first=True)
        self.head = nn.Linear(hidden, ahead)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.head(h[-1])


class Spotter(nn.Module):
    """A word in a second of sound, by convolutions along time."""

    def __init__(self, features=40, words=12, width=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(features, width, 5, padding=2), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Conv1d(width, width, 5, stride=2, padding=2), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Conv1d(width, 2 * width, 3, padding=2, dilation=2), nn.BatchNorm1d(2 * width), nn.ReLU(),
            nn.MaxPool1d(3, 2, 1), nn.Conv1d(2 * width, 2 * width, 3, padding=1), nn.ReLU(),
            nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(2 * width, words),
        )  # fmt: skip

    def forward(self, x):
        return F.log_softmax(self.net(x), dim=-1)


class CRNN(nn.Module):
    """Text in a line of an image: convolutions, then a bidirectional LSTM along the width."""

    def __init__(self, width=32, hidden=64, letters=40):
        super().__init__()
        w = width
        self.cnn = nn.Sequential(
            nn.Conv2d(1, w, 3, 1, 1), nn.ReLU(True), nn.MaxPool2d(2, 2),
            nn.Conv2d(w, 2 * w, 3, 1, 1), nn.ReLU(True), nn.MaxPool2d(2, 2),
            nn.Conv2d(2 * w, 4 * w, 3, 1, 1), nn.BatchNorm2d(4 * w), nn.ReLU(True),
            nn.MaxPool2d((2, 1), (2, 1)),
        )  # fmt: skip
        self.rnn = nn.LSTM(4 * w * 4, hidden, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * hidden, letters)

    def forward(self, x):
        x = self.cnn(x)
        n, c, h, w = x.size()
        x = x.permute(0, 3, 1, 2).reshape(n, w, c * h)
        return self.head(self.rnn(x)[0])


class ConvLSTM(nn.Module):
    """Radar images: a ConvLSTM over (N, T, C, H, W), whose last state is made the next image."""

    def __init__(self, channels=1, hidden=32):
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Conv2d(channels + hidden, 4 * hidden, 3, padding=1)
        self.out = nn.Conv2d(hidden, channels, 1)

    def forward(self, x):
        n, steps, _, height, width = x.shape
        h = c = torch.zeros(n, self.hidden, height, width)
        for t in range(steps):
            i, f, o, g = torch.chunk(self.gates(torch.cat([x[:, t], h], dim=1)), 4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.out(h)


def settle(module, seed=0):
    """Weights and statistics that a mistake would show."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, buffer in module.named_buffers():
            if name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
            elif name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape, generator=generator) * 0.2)
        for name, weight in module.named_parameters():
            if weight.dim() == 1 and "weight" in name:
                weight.copy_(torch.rand(weight.shape, generator=generator) + 0.5)
    return module.eval()
