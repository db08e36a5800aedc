"""ONNX Runtime's CPU provider on a one-node model: inference only."""

from __future__ import annotations

from ..cases import TRAIN, Arrays, Case
from .base import Candidate, Peer, load
from .onnx_models import build


class OnnxRuntime(Peer):
    name = "onnxruntime"
    label = "ort"

    def __init__(self) -> None:
        self._runtime = load("onnxruntime", "onnxruntime", "onnxruntime")
        self._onnx = load("onnxruntime", "onnx", "onnx")

    def version(self) -> str:
        return str(self._runtime.__version__)

    def candidates(self, case: Case, pass_: str, arrays: Arrays, threads: int) -> list[Candidate]:
        model = build(self._onnx, case, arrays) if pass_ != TRAIN else None
        if model is None:
            return []
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors
        session = self._runtime.InferenceSession(model.content, options, providers=["CPUExecutionProvider"])

        def call() -> object:
            return session.run(None, model.feeds)

        return [Candidate("", call, lambda: model.results(session.run(None, model.feeds)[0]))]


def make() -> Peer:
    return OnnxRuntime()
