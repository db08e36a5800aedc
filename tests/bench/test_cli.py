"""The command line: arguments, exit codes, the JSON file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import foldgate
from foldgate import bench, cli, reference

SMALL = ["bench", "--quick", "--ops", "simple_rnn", "--filter", "20 32", "--threads", "1"]


def test_a_run_prints_and_writes_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "found.json"
    assert cli.main([*SMALL, "--json", str(path)]) == 0
    text = capsys.readouterr().out
    assert "20 32 8 16" in text
    assert max(map(len, text.splitlines())) <= 100
    found = json.loads(path.read_text())
    assert found["schema"] == 1
    assert found["versions"]["foldgate"] == foldgate.__version__
    assert found["machine"]["isa"] == foldgate.get_isa()
    (run,) = found["runs"]
    assert run["threads"] == 1
    assert run["peak"]["bandwidth"] > 0
    assert run["peak"]["gflops"]["float32"] > 0
    assert run["peak"]["handover"] == 0  # of one thread
    assert [row["pass_"] for row in run["rows"]] == ["forward", "train"]
    for row in run["rows"]:
        assert row["errors"] == {}
        assert row["shapes"]["x"] == [32, 20, 8]
        assert set(row["times"]) == {"foldgate", "reference"}
        for measured in row["times"].values():
            assert 0 < measured["minimum"] <= measured["median"]
            assert measured["calls"] >= len(measured["rounds"]) >= 1


def test_the_number_of_threads_is_restored() -> None:
    before = foldgate.get_num_threads()
    assert cli.main([*SMALL[:-1], "1,2"]) == 0
    assert foldgate.get_num_threads() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--ops", "conv,foo"], "ops has 'foo'; expected some of conv, conv_max_pool, depthwise"),
        (["--peers", "jax"], "peers has 'jax'; expected some of torch, onnxruntime, openvino"),
        (["--cases", "few"], "cases is 'few'; expected one of quick, default, tables, beyond, all"),
        (["--filter", "no such"], "no case of any op in set 'quick' has 'no such' in its name"),
        (["--threads", "0"], "'0' is not a number of threads; expected integers from 1 up"),
        (["--threads", "1,two"], "'two' is not a number of threads"),
        (["--threads", "-1"], "'-1' is not a number of threads"),
        (["--json", "no/such/folder/f.json"], "no/such/folder is not a folder"),
    ],
)
def test_bad_arguments_are_named(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: Any = cli.main(["bench", "--quick", *arguments])
    except SystemExit as stopped:  # argparse's own
        code = stopped.code
    assert code == 2
    assert words in capsys.readouterr().err


def test_a_missing_matplotlib_is_said_before_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(bench, "run", lambda *_, **__: pytest.fail("it ran"))
    assert cli.main([*SMALL, "--plot", "plot.png"]) == 2
    assert "foldgate[plot]" in capsys.readouterr().err


def test_ctrl_c_ends_with_130_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "run", interrupted)
    assert cli.main(SMALL) == 130
    assert capsys.readouterr().err.strip().splitlines()[-1] == "foldgate: interrupted"


def test_a_wrong_result_is_an_error_row_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong_backward(*arguments: Any, **keywords: Any) -> Any:
        gradients = reference.simple_rnn_backward(*arguments, **keywords)
        return gradients._replace(dkernel=gradients.dkernel * np.float32(1.01))

    def no_ops(*arguments: Any, **keywords: Any) -> Any:
        raise RuntimeError("out of order")

    broken = SimpleNamespace(simple_rnn=reference.simple_rnn, simple_rnn_backward=wrong_backward)
    plain = bench.run
    monkeypatch.setattr(bench, "run", lambda settings, **rest: plain(settings, ops=broken, **rest))
    assert cli.main(SMALL) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "error simple_rnn 20 32 8 16 train: foldgate: dkernel_00 is off by" in text
    assert "forward: foldgate:" not in text  # the forward pass is right, and is timed

    broken.simple_rnn = no_ops
    assert cli.main(SMALL) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "forward: foldgate: RuntimeError: out of order" in text


def test_info_prints_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info"]) == 0
    text = capsys.readouterr().out
    for name, value in foldgate.config.config().items():
        assert name in text
        assert str(value) in text


def test_python_m_foldgate_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "foldgate", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"foldgate {foldgate.__version__}"


def test_the_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["bench", "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for option in ("quick", "ops", "threads", "peers", "cases", "filter", "json", "plot"):
        assert f"--{option}" in text
