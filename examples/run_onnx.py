"""Run an ONNX model, and time it.

    python examples/run_onnx.py model.onnx
    python examples/run_onnx.py model.onnx --extent batch=8 --extent time=100 --threads 2 --seconds 3

Inputs are random: normal numbers, or ids below --ids for integers. Extents that the model leaves open are 1,
or what --extent says. Beside foldgate stands onnxruntime, where that is installed, and how far their answers
are from each other.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import foldgate
from foldgate.onnx import Session

DTYPES = {"double": "float64", "float": "float32"}


def feeds_for(session: Session, extents: dict[str, int], ids: int) -> dict[str, Any]:
    """A random array for every input."""
    random = np.random.default_rng(0)
    feeds = {}
    for value in session.get_inputs():
        name = value.type.removeprefix("tensor(").removesuffix(")")
        dtype = np.dtype(DTYPES.get(name, name))
        shape = [
            extent if isinstance(extent, int) else extents.get(extent or "", 1)
            for extent in value.shape or ()
        ]
        if dtype.kind == "f":
            feeds[value.name] = random.standard_normal(shape).astype(dtype)
        else:
            feeds[value.name] = random.integers(0, ids, shape).astype(dtype)
    return feeds


def milliseconds(call: Callable[[], Any], seconds: float) -> float:
    """The median time of a call."""
    call()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def peer_session(path: str, threads: int) -> Any:
    """onnxruntime's session, or None where it is not installed."""
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Run an ONNX model, and time it.")
    parser.add_argument("model")
    parser.add_argument("--extent", action="append", default=[], metavar="NAME=NUMBER")
    parser.add_argument("--ids", type=int, default=2, help="integers are drawn below this")
    parser.add_argument("--threads", type=int, default=foldgate.get_num_threads())
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args(arguments)
    foldgate.set_num_threads(options.threads)
    session = Session(options.model)
    extents = {name: int(number) for name, number in (text.split("=") for text in options.extent)}
    feeds = feeds_for(session, extents, options.ids)
    outputs = session.run(None, feeds)
    table = Table("", "milliseconds", title=f"{options.model}, {options.threads} threads")
    table.add_row("foldgate", f"{milliseconds(lambda: session.run(None, feeds), options.seconds):.3f}")
    peer = peer_session(options.model, options.threads)
    if peer is not None:
        table.add_row("onnxruntime", f"{milliseconds(lambda: peer.run(None, feeds), options.seconds):.3f}")
    console = Console()
    console.print(table)
    expected = [None] * len(outputs) if peer is None else peer.run(None, feeds)
    for value, found, other in zip(session.get_outputs(), outputs, expected, strict=True):
        words = f"{value.name}: {found.dtype} {found.shape}"
        if other is not None and found.size:
            words += (
                f", at most {np.abs(found.astype(float) - other.astype(float)).max():.2g} from onnxruntime"
            )
        console.print(words)


if __name__ == "__main__":
    main()
