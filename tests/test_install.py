"""What is installed: the version, the typing marker, the stubs, the command."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import foldgate

ROOT = Path(__file__).resolve().parent.parent

try:
    METADATA = importlib.metadata.metadata("foldgate")
except importlib.metadata.PackageNotFoundError:
    METADATA = None

installed = pytest.mark.skipif(METADATA is None, reason="foldgate is used from its sources, not installed")


@installed
def test_the_version_is_the_metadatas():
    assert foldgate.__version__ == METADATA["Version"]


def test_the_version_is_the_projects():
    project = (ROOT / "pyproject.toml").read_text()
    assert re.search(r'^version = "([^"]+)"', project, re.MULTILINE)[1] == foldgate.__version__
    assert f"## [Unreleased] - {foldgate.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_the_typing_marker_and_the_stubs_are_there():
    package = resources.files("foldgate")
    for name in ("py.typed", "_native.pyi"):
        assert package.joinpath(name).is_file(), name


@installed
def test_the_licence_and_the_run_time_packages_are_said():
    assert METADATA["License-Expression"] == "Apache-2.0" or "Apache" in METADATA["License"]
    required = [need for need in METADATA.get_all("Requires-Dist") if "extra ==" not in need]
    needs = {re.split(r"[^\w-]", need)[0] for need in required}
    assert needs <= {"numpy", "rich", "safetensors"}
    assert METADATA["Requires-Python"] == ">=3.10"


@installed
def test_no_sources_travel_in_the_wheel():
    files = [str(path) for path in importlib.metadata.files("foldgate")]
    assert [name for name in files if name.endswith((".cc", ".h", ".o", ".a", ".pyx", ".c", ".cpp"))] == []


def test_python_m_foldgate_answers():
    done = subprocess.run(
        [sys.executable, "-m", "foldgate", "info"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert foldgate.__version__ in done.stdout
    assert foldgate.get_isa() in done.stdout


def test_the_readme_speaks_of_things_that_are_there():
    """Its first commands are the two that do all the set-up, and its paths and functions exist."""
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^python -m pip install .*$", readme, re.MULTILINE)
    assert commands[:2] == [
        "python -m pip install . && foldgate bench",
        "python -m pip install '.[test]' && python -m pytest",
    ]
    for path in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (ROOT / path).exists(), path
    for name in set(re.findall(r"`foldgate\.(\w+)\(", readme)):
        assert hasattr(foldgate, name), name


def test_the_readmes_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where the files that it saves may lie
    readme = (ROOT / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
