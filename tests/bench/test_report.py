"""The tables' width and words, the means, and the plot, from a report made by hand."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from foldgate.bench import ALL_CASES
from foldgate.bench.peak import Peak
from foldgate.bench.plot import load_matplotlib, save_family_plots, save_plot
from foldgate.bench.report import WIDTH, milliseconds, print_report, times
from foldgate.bench.result import FOLDGATE, REFERENCE, Report, Row, Run, geometric_mean
from foldgate.bench.timing import Measurement

PEERS = ["torch", "onnxruntime", "openvino"]


def timed(seconds: float) -> Measurement:
    return Measurement(seconds, seconds, (seconds,), 1)


def row(
    name: str = "case", *, op: str = "conv", errors: dict[str, str] | None = None, **seconds: float
) -> Row:
    return Row(
        op=op,
        family=op,
        name=name,
        pass_="forward",
        dtype="float32",
        threads=1,
        shapes={"x": (1, 2)},
        flops=2_000_000_000,
        traffic=1_000_000,
        errors=errors or {},
        times={who: timed(value) for who, value in seconds.items()},
        variants={"torch": "NHWC"},
    )


def report(rows: list[Row], peers: list[str]) -> Report:
    settings = {"threads": [1], "peers": peers, "budget_s": 0.1, "reference_threads_limited": False}
    run = Run(1, Peak({"float32": 200.0, "float64": 100.0}, 40.0), rows)
    return Report({"isa": "avx2"}, {"foldgate": "0"}, settings, [run])


def printed(what: Report) -> str:
    stream = io.StringIO()
    print_report(what, Console(file=stream, width=WIDTH))
    return stream.getvalue()


def test_every_line_fits_a_hundred_columns_with_all_cases_and_peers() -> None:
    rows = [
        row(
            case.name,
            op=case.op,
            foldgate=1.2345e-5,
            reference=123.4567,
            torch=12.34567,
            onnxruntime=1.234567,
            openvino=1.2345e-5,
        )
        for case in ALL_CASES
    ]
    text = printed(report(rows, PEERS))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "…" not in text  # nothing was cut off
    for case in ALL_CASES:
        assert case.name in text


def test_the_machine_in_a_line() -> None:
    assert Peak({"float32": 200.0}, 40.0).text() == "peak 200 GFLOP/s float32, copy 40 GB/s"
    assert Peak({"float64": 9.6}, 4.0, 54.6).text().endswith("copy 4 GB/s, 55 ns from core to core")


def test_the_numbers_of_a_row() -> None:
    text = printed(report([row("64x64", foldgate=0.02, reference=3.0, torch=0.04)], ["torch"]))
    (line,) = [line for line in text.splitlines() if "64x64" in line and "3000" in line]
    # 2 GFLOP in 20 ms are half of the peak
    assert line.split() == ["64x64", "forward", "3000", "20.0", "150x", "100", "GF/s", "50"]
    (line,) = [line for line in text.splitlines() if "64x64" in line and "2.00x" in line and "40.0" in line]
    assert line.split() == ["64x64", "forward", "20.0", "40.0", "2.00x"]


def test_a_case_that_memory_bounds_is_rated_in_bytes() -> None:
    run = report([], []).runs[0]
    compute, memory = row(foldgate=0.02), row(foldgate=0.0001)
    assert run.rate(compute) == (pytest.approx(100.0), "GF/s", pytest.approx(50.0))
    memory = Row(**{**memory.__dict__, "flops": 0})
    assert run.rate(memory) == (pytest.approx(10.0), "GB/s", pytest.approx(25.0))


def test_errors_are_printed_and_fail_the_report() -> None:
    bad = report([row("bad", errors={FOLDGATE: "dx is off by 3"})], [])
    assert bad.failed
    text = " ".join(printed(bad).split())
    assert "error conv bad forward: foldgate: dx is off by 3" in text
    peer = report([row("bad", errors={"torch": "y is [odd]"}, foldgate=1.0, reference=2.0)], ["torch"])
    assert peer.failed
    assert "torch: y is [odd]" in printed(peer)
    assert not report([row(foldgate=1.0, reference=2.0)], []).failed


def test_the_means_and_the_worst() -> None:
    rows = [
        row("a", foldgate=1.0, reference=100.0, torch=4.0, openvino=2.0),
        row("b", foldgate=1.0, reference=400.0, torch=0.5),
    ]
    text = printed(report(rows, ["torch", "openvino"]))
    summary = text[text.index("Geometric means") :]
    (line,) = [line for line in summary.splitlines() if line.split()[:2] == ["conv", "forward"]]
    # over the reference sqrt(100 x 400); over the fastest peers (2, .5) one
    assert line.split() == ["conv", "forward", "2", "200x", "1.00x", "0.50x", "b"]
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


def test_ratios() -> None:
    both = row(foldgate=0.5, torch=1.0, onnxruntime=0.25)
    assert both.fastest_peer() == "onnxruntime"
    assert both.ratio("torch") == 2.0
    assert both.ratio(REFERENCE) is None
    assert row(foldgate=1.0, reference=2.0).fastest_peer() is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (1.23456, "1235"), (0.0123456, "12.3"), (0.00123456, "1.23"), (1.23456e-5, "0.0123")],
)
def test_milliseconds(seconds: float | None, text: str) -> None:
    assert milliseconds(seconds) == text


def test_times() -> None:
    assert [times(value) for value in (None, 1234.0, 9.999, 0.5)] == ["-", "1234x", "10.0x", "0.50x"]


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    rows = [row(name, foldgate=0.02, reference=3.0, torch=0.01) for name in ("a", "b")]
    path = tmp_path / "plot.png"
    save_plot(report(rows, ["torch"]), str(path))
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_plot_a_family(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    rows = [row(op=op, foldgate=0.02, reference=3.0, torch=0.01) for op in ("conv", "max pool")]
    paths = save_family_plots([report(rows, ["torch"])], tmp_path / "plots")
    assert [path.name for path in paths] == ["conv.png", "max_pool.png"]
    assert all(path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for path in paths)


def test_shares_are_of_the_peak_of_their_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    figures: list[Any] = []
    monkeypatch.setattr(load_matplotlib(), "close", figures.append)
    files = [report([row(op=op, foldgate=0.02, torch=0.03)], ["torch"]) for op in ("conv", "max_pool")]
    files[1].runs[0] = replace(files[1].runs[0], peak=Peak({"float32": 400.0}, 40.0))
    save_family_plots(files, tmp_path)
    assert [[text.get_text() for text in figure.axes[1].texts] for figure in figures] == [["50"], ["25"]]


def test_the_plot_without_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"python -m pip install 'foldgate\[plot\]'"):
        save_plot(report([row(foldgate=1.0, reference=2.0)], []), "never.png")
