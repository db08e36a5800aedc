"""examples/run_onnx.py and the page docs/onnx.md run."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx")
from onnx import parser  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_runs_a_file(tmp_path, capsys):
    specification = importlib.util.spec_from_file_location("run_onnx", ROOT / "examples" / "run_onnx.py")
    example = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(example)
    text = '<ir_version: 8, opset_import: ["": 17]> f (float[n, 3] x) => (float[n, 3] y) {y = Relu(x)}'
    path = tmp_path / "model.onnx"
    onnx.save(parser.parse_model(text), path)
    example.main([str(path), "--extent", "n=5", "--seconds", "0.01", "--threads", "1"])
    assert "y: float32 (5, 3)" in capsys.readouterr().out


def test_the_page_runs(capsys):
    page = (ROOT / "docs" / "onnx.md").read_text()
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(code, {})
    assert "[ 5.  7. 13. 15.]" in capsys.readouterr().out
