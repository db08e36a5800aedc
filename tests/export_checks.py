"""Models that are exported and run by onnxruntime, beside the model itself."""

from __future__ import annotations

import numpy as np
import pytest

from foldgate._nest import flatten


def values(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def settle(model):
    """Weights that a mistake would show: none of them 0 or 1, variances above 0."""
    random, weights = np.random.default_rng(1), []
    for weight in model.weights:
        if weight.name.endswith("variance"):
            weights.append(random.uniform(0.5, 1.5, weight.shape))
        else:
            weights.append(random.standard_normal(weight.shape) * 0.3)
    model.set_weights([w.astype(v.dtype) for w, v in zip(weights, model.weights, strict=True)])


def run(file, inputs):
    """What onnxruntime gives for the file's content."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(file.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))


def check(model, *batches, tolerance=1e-5, **options):
    """Exports a model, runs every batch both ways and compares; the file's content is returned."""
    pytest.importorskip("onnx")
    from foldgate.onnx import export

    settle(model)
    file = export(model, **options)
    for batch in batches:
        inputs = list(batch) if isinstance(batch, (list, tuple)) else [batch]
        expected = flatten(model(inputs[0] if len(inputs) == 1 else inputs))
        found = run(file, inputs)
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    return file


def kinds(file):
    return [node.op_type for node in file.graph.node]
