"""Ten models that torch exported as ONNX: foldgate.onnx.Session, onnxruntime and OpenVINO, in one run.

    python benchmarks/onnx_models.py
    python benchmarks/onnx_models.py --rows resnet18 crnn --seconds 3 --json onnx.json
    python benchmarks/onnx_models.py --files exported --export-only

Every contestant's answer is compared with torch's before it is timed. The contestants alternate, a few calls
each, and the median of all calls counts: a machine that slows down does so for everybody. `ratio` is the time
of the faster peer over foldgate's: above 1, foldgate is faster. torch is needed for the export alone; the
modules stand in tests/torch_models.py.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
CONTESTANTS = ("foldgate", "onnxruntime", "openvino")


@dataclass(frozen=True)
class Row:
    """A model: the class in tests/torch_models.py with its arguments, and the shape of its input.

    Attributes:
      label: for the table.
      kind: the class's name.
      arguments: of the class.
      shape: of the input.
      tokens: how many ids there are, for inputs that are ids; 0 for floats.
    """

    label: str
    kind: str
    arguments: dict[str, Any]
    shape: tuple[int, ...]
    tokens: int = 0


ROWS = {
    "resnet18": Row("ResNet-18, 224x224", "ResNet", {"width": 64, "classes": 1000}, (1, 3, 224, 224)),
    "mobilenet_v2": Row("MobileNetV2, 224x224", "MobileNetV2", {}, (1, 3, 224, 224)),
    "unet": Row("U-Net, 128x128", "UNet", {}, (1, 1, 128, 128)),
    "vgg11": Row("VGG-11, 64x64", "VGG", {}, (1, 3, 64, 64)),
    "char_lstm": Row("char LSTM, 2 x 256, 64 steps", "CharLSTM", {}, (1, 64), 60),
    "tagger": Row("Bi-GRU tagger, 8 x 40 words", "Tagger", {}, (8, 40), 500),
    "forecaster": Row("LSTM forecaster, 16 x 96 steps", "Forecaster", {}, (16, 96, 8)),
    "spotter": Row("conv1d keyword spotter, 100 frames", "Spotter", {}, (1, 40, 100)),
    "crnn": Row("CRNN, 32x128", "CRNN", {}, (1, 1, 32, 128)),
    "conv_lstm": Row("ConvLSTM, 8 x 32x32", "ConvLSTM", {}, (1, 8, 1, 32, 32)),
}


def exported(name: str, folder: Path) -> tuple[bytes, Any, Any]:
    """The file, an input and torch's answer, made where they are not in the folder yet."""
    path, arrays = folder / f"{name}.onnx", folder / f"{name}.npz"
    if not (path.exists() and arrays.exists()):
        _export(ROWS[name], path, arrays)
    with np.load(arrays) as kept:
        return path.read_bytes(), kept["x"], kept["y"]


def _export(row: Row, path: Path, arrays: Path) -> None:
    import torch
    import torch_models

    torch.manual_seed(0)
    module = torch_models.settle(getattr(torch_models, row.kind)(**row.arguments))
    random = np.random.default_rng(0)
    x = (
        random.integers(0, row.tokens, row.shape)
        if row.tokens
        else random.standard_normal(row.shape, np.float32)
    )
    with torch.no_grad():
        y = module(torch.tensor(x)).numpy()
    options: dict[str, Any] = {
        "opset_version": 17,
        "input_names": ["x"],
        "output_names": ["y"],
        "dynamo": False,
    }
    torch.onnx.export(module, (torch.tensor(x),), str(path), **options)
    np.savez(arrays, x=x, y=y)


def session(contestant: str, content: bytes, x: Any, threads: int) -> Callable[[], Any]:
    """A call that runs the model on x and gives its output."""
    if contestant == "foldgate":
        import foldgate
        from foldgate.onnx import Session

        foldgate.set_num_threads(threads)
        own = Session(content)
        return lambda: own.run(None, {"x": x})[0]
    if contestant == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        peer = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        return lambda: peer.run(None, {"x": x})[0]
    import openvino

    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(content), "CPU", settings)
    request = compiled.create_infer_request()
    return lambda: request.infer({"x": x}, share_inputs=True, share_outputs=True)[0]


def check(name: str, contestant: str, found: Any, expected: Any) -> None:
    """Raises where an answer is not torch's."""
    far = float(np.abs(np.asarray(found) - expected).max()) / max(1e-6, float(np.abs(expected).max()))
    if np.shape(found) != expected.shape or not far < 1e-3:
        raise SystemExit(f"{name}: {contestant} gives {np.shape(found)}, {far:.2g} of the largest value away")


def measure(calls: dict[str, Callable[[], Any]], seconds: float, rest: float) -> dict[str, float]:
    """The median milliseconds of a call, the contestants taking turns of about 40 ms.

    A rest before each turn lets threads of the contestant before go to sleep, which look for work for a while
    after its last call; but cores that rest begin slowly.
    """
    once = {}
    for who, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        once[who] = time.perf_counter() - start
    turns = {who: max(1, min(100, int(0.04 / t))) for who, t in once.items()}
    times: dict[str, list[float]] = {who: [] for who in calls}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times["foldgate"]) < 5:
        for who, call in calls.items():
            time.sleep(rest)
            for _ in range(1 + turns[who] // 4):  # the caches are those of the contestant before
                call()
            for _ in range(turns[who]):
                start = time.perf_counter()
                call()
                times[who].append(time.perf_counter() - start)
    return {who: 1e3 * statistics.median(found) for who, found in times.items()}


def run(name: str, options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """One row: every contestant is loaded, checked and timed."""
    content, x, y = exported(name, folder)
    calls = {who: session(who, content, x, options.threads) for who in options.contestants}
    for who, call in calls.items():
        check(name, who, call(), y)
    return measure(calls, options.seconds, options.rest)


def ratio_of(times: dict[str, float]) -> float:
    """The faster peer's time over foldgate's."""
    peers = [found for who, found in times.items() if who != "foldgate"]
    return min(peers) / times["foldgate"] if peers else math.nan


def report(results: dict[str, dict[str, float]], options: argparse.Namespace) -> None:
    """The table, with the geometric mean of the ratios."""
    table = Table(title=f"milliseconds a call, {options.threads} threads")
    table.add_column("model")
    for who in (*options.contestants, "ratio"):
        table.add_column(who, justify="right")
    for name, times in results.items():
        cells = [f"{times[who]:.3f}" for who in options.contestants]
        table.add_row(ROWS[name].label, *cells, f"{ratio_of(times):.2f}")
    ratios = [ratio_of(times) for times in results.values()]
    mean = math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))
    table.add_section()
    table.add_row("geometric mean", *[""] * len(options.contestants), f"{mean:.2f}")
    Console(width=110).print(table)


def main(argv: Sequence[str] | None = None) -> None:
    """Reads the command line and runs the rows."""
    parser = argparse.ArgumentParser(description="ONNX models: foldgate, onnxruntime and OpenVINO")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0, help="a row, all contestants together")
    parser.add_argument("--rest", type=float, default=0.0, help="seconds before a contestant's turn")
    parser.add_argument("--files", type=Path, help="a folder that keeps the exported files")
    parser.add_argument("--export-only", action="store_true", help="writes the files and stops")
    parser.add_argument("--json", type=Path, help="where to write the results too")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.files or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.rows:
            exported(name, folder)
        if options.export_only:
            return
        results = {name: run(name, options, folder) for name in options.rows}
    report(results, options)
    if options.json:
        options.json.write_text(json.dumps({"threads": options.threads, "milliseconds": results}, indent=2))


if __name__ == "__main__":
    main()
