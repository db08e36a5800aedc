"""Each peer computes the same as the reference: gates, layouts and gradients are translated rightly."""

from __future__ import annotations

import builtins
import importlib
from typing import Any

import numpy as np
import pytest

from foldgate import reference
from foldgate.bench import peers
from foldgate.bench.cases import ALL_CASES, FORWARD, TRAIN, Case
from foldgate.bench.check import differences
from foldgate.bench.contest import PEER_SLACK

PACKAGES = {
    "torch": ["torch"],
    "onnxruntime": ["onnxruntime", "onnx"],
    "openvino": ["openvino", "onnx"],
}
SMALLEST = [
    case
    for op in dict.fromkeys(case.op for case in ALL_CASES)
    for case in sorted((c for c in ALL_CASES if c.op == op), key=lambda c: c.traffic(FORWARD))[:2]
]


@pytest.fixture(scope="module", params=peers.PEERS)
def peer(request: pytest.FixtureRequest) -> Any:
    for package in PACKAGES[request.param]:
        pytest.importorskip(package, reason=f"{package} is not installed")
    return peers.make(request.param)


@pytest.mark.filterwarnings("ignore")  # the peers' own
@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.op} {c.name}") for c in SMALLEST])
def test_a_peer_agrees_with_the_reference(peer: peers.Peer, case: Case) -> None:
    arrays = case.inputs(np.random.default_rng(5))
    expected = case.run(case.passes[-1], reference, arrays)
    for pass_ in case.passes:
        for candidate in peer.candidates(case, pass_, arrays, threads=1):
            assert differences(case, candidate.results(), expected, arrays, PEER_SLACK) == []
            candidate.call()


def test_torch_trains_and_the_runtimes_only_infer(peer: peers.Peer) -> None:
    (case,) = [c for c in ALL_CASES if (c.op, c.name) == ("lstm", "20 32 8 16")]
    arrays = case.inputs(np.random.default_rng(6))
    assert bool(peer.candidates(case, TRAIN, arrays, threads=1)) == (peer.name == "torch")
    assert peer.candidates(case, FORWARD, arrays, threads=1)
    assert peer.version()


def test_an_unknown_peer_is_named() -> None:
    with pytest.raises(ValueError, match="peers has 'jax'; expected some of torch, onnxruntime, openvino"):
        peers.make("jax")


@pytest.mark.parametrize("name", peers.PEERS)
def test_a_missing_peer_names_its_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load = importlib.import_module("foldgate.bench.peers.base")

    def missing(module: str) -> Any:
        raise ModuleNotFoundError(f"No module named {module!r}")

    monkeypatch.setattr(load, "import_module", missing)
    with pytest.raises(ImportError, match=f"peer '{name}' needs the package '{name}'.*pip install {name}"):
        peers.make(name)


def test_looking_for_peers_imports_none(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def watched(name: str, *arguments: Any, **keywords: Any) -> Any:
        assert name.split(".")[0] not in peers.PEERS
        return plain(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", watched)
    assert set(peers.installed()) <= set(peers.PEERS)
