"""OpenVINO's CPU plugin on the same ONNX model: inference only."""

from __future__ import annotations

from ..cases import TRAIN, Arrays, Case
from .base import Candidate, Peer, load
from .onnx_models import build


class OpenVino(Peer):
    name = "openvino"
    label = "openvino"

    def __init__(self) -> None:
        self._openvino = load("openvino", "openvino", "openvino")
        self._onnx = load("openvino", "onnx", "onnx")
        self._core = self._openvino.Core()

    def version(self) -> str:
        return str(self._openvino.__version__)

    def candidates(self, case: Case, pass_: str, arrays: Arrays, threads: int) -> list[Candidate]:
        model = build(self._onnx, case, arrays) if pass_ != TRAIN else None
        if model is None:
            return []
        # INFERENCE_PRECISION_HINT keeps machines with bfloat16 units at float32, as everyone else computes
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32",
        }
        compiled = self._core.compile_model(self._core.read_model(model.content), "CPU", settings)
        request = compiled.create_infer_request()

        def call() -> object:
            return request.infer(model.feeds, share_inputs=True, share_outputs=True)

        def results() -> Arrays:
            return model.results(request.infer(model.feeds, share_inputs=True)[0])

        return [Candidate("", call, results)]


def make() -> Peer:
    return OpenVino()
