"""The micro-benchmark behind `foldgate bench`: every operation against its reference and other libraries."""

from __future__ import annotations

from .cases import ALL_CASES, CASE_SETS, OPS, select
from .peers import PEERS
from .plot import save_plot
from .report import print_report
from .result import Report, Row, Run
from .runner import Settings, run

__all__ = [
    "ALL_CASES",
    "CASE_SETS",
    "OPS",
    "PEERS",
    "Report",
    "Row",
    "Run",
    "Settings",
    "print_report",
    "run",
    "save_plot",
    "select",
]
