"""The Markdown tables, and the way there through a JSON file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from foldgate.bench.markdown import main
from foldgate.bench.peak import Peak
from foldgate.bench.result import Report, Row, Run, report_from_json
from foldgate.bench.timing import Measurement


def report(name: str, threads: int) -> Report:
    times = {
        who: Measurement(seconds, seconds, (seconds, seconds), 2)
        for who, seconds in {"foldgate": 0.02, "reference": 3.0, "torch": 0.05, "openvino": 0.03}.items()
    }
    row = Row(
        op="conv",
        family="conv",
        name=name,
        pass_="forward",
        dtype="float32",
        threads=threads,
        shapes={"x": (1, 2)},
        flops=2_000_000_000,
        traffic=1_000_000,
        errors={},
        times=times,
        variants={"torch": "NHWC"},
    )
    settings = {"threads": [threads], "peers": ["torch", "openvino"], "budget_s": 0.1}
    return Report(
        {"isa": "avx2"}, {"foldgate": "0.1"}, settings, [Run(threads, Peak({"float32": 200.0}, 40.0), [row])]
    )


def test_a_report_survives_json() -> None:
    one = report("a", 1)
    assert report_from_json(json.loads(json.dumps(one.to_json()))) == one


def test_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="the file has schema 0; expected 1"):
        report_from_json(report("a", 1).to_json() | {"schema": 0})


def test_files_become_one_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for name, threads in (("a", 1), ("b", 2), ("c", 1)):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(report(name, threads).to_json()))
        paths.append(str(path))
    assert main(paths) == 0
    text = capsys.readouterr().out
    assert text.count("## 1 thread\n") == text.count("## 2 threads\n") == 1
    assert "| conv a | forward | 3000 | 20.0 | 150x | 100 GF/s | 50 | 50.0 | 30.0 | 1.50x |" in text
    assert text.count("avx2, peak 200 GFLOP/s float32, copy 40 GB/s. Times in ms.") == 2
    assert text.index("| conv a ") < text.index("| conv c ") < text.index("| conv b ")
    assert "| conv | forward | 2 | 150x | 1.50x | 1.50x | a |" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("| conv a")}
    (head,) = {line.count("|") for line in text.splitlines() if line.startswith("| case")}
    assert widths == {head}


def test_the_peak_of_each_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = report("a", 1), report("b", 1)
    other.runs[0] = replace(other.runs[0], peak=Peak({"float32": 400.0}, 30.0))
    paths = [tmp_path / "one.json", tmp_path / "other.json"]
    for path, what in zip(paths, (one, other), strict=True):
        path.write_text(json.dumps(what.to_json()))
    assert main([str(path) for path in paths]) == 0
    text = capsys.readouterr().out
    assert "peak 200 GFLOP/s float32, copy 40 GB/s; peak 400 GFLOP/s float32, copy 30 GB/s. Times" in text
    assert "| 100 GF/s | 50 |" in text and "| 100 GF/s | 25 |" in text


def test_without_files_it_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "FILE.json" in capsys.readouterr().err
