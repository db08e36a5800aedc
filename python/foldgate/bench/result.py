"""What a run found, as plain data: the tables, the plot and the JSON file all read it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from math import exp, log
from typing import Any

from .peak import Peak
from .timing import Measurement

SCHEMA = 1
FOLDGATE, REFERENCE = "foldgate", "reference"


@dataclass(frozen=True)
class Row:
    """One case, one pass, one number of threads.

    Args:
        errors: What was wrong; by contestant. A contestant with an error has no time.
        times: A measurement by contestant: "foldgate", "reference" and the peers that have the operation.
        variants: The layout that was a peer's fastest.
    """

    op: str
    family: str
    name: str
    pass_: str
    dtype: str
    threads: int
    shapes: dict[str, tuple[int, ...]]
    flops: int
    traffic: int
    errors: dict[str, str]
    times: dict[str, Measurement]
    variants: dict[str, str]

    def seconds(self, contestant: str) -> float | None:
        measurement = self.times.get(contestant)
        return measurement.median if measurement else None

    def ratio(self, contestant: str) -> float | None:
        """How many times longer than foldgate the contestant takes."""
        ours, theirs = self.seconds(FOLDGATE), self.seconds(contestant)
        return theirs / ours if ours and theirs else None

    def fastest_peer(self) -> str | None:
        peers = {name: m.median for name, m in self.times.items() if name not in (FOLDGATE, REFERENCE)}
        return min(peers, key=peers.__getitem__) if peers else None


@dataclass(frozen=True)
class Run:
    """All rows on one number of threads, with the machine's limits on that number."""

    threads: int
    peak: Peak
    rows: list[Row]

    def memory_bound(self, row: Row) -> bool:
        """Would moving the operands once take longer than the arithmetic, both at the machine's limit?"""
        return row.traffic / self.peak.bandwidth > row.flops / self.peak.gflops[row.dtype]

    def rate(self, row: Row) -> tuple[float, str, float] | None:
        """(rate, unit, per cent of the peak): GB/s where memory bounds the case, else GFLOP/s."""
        seconds = row.seconds(FOLDGATE)
        if not seconds:
            return None
        if self.memory_bound(row):
            rate, limit, unit = row.traffic / seconds / 1e9, self.peak.bandwidth, "GB/s"
        else:
            rate, limit, unit = row.flops / seconds / 1e9, self.peak.gflops[row.dtype], "GF/s"
        return rate, unit, 100.0 * rate / limit


@dataclass(frozen=True)
class Report:
    """A whole benchmark: the machine, the versions, what was asked for and what was found."""

    machine: dict[str, Any]
    versions: dict[str, str]
    settings: dict[str, Any]
    runs: list[Run] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(row.errors for run in self.runs for row in run.rows)

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}


def report_from_json(content: dict[str, Any]) -> Report:
    """The report that `Report.to_json` turned into `content`.

    Raises:
        ValueError: It was written by another version of the schema.
    """
    if content.get("schema") != SCHEMA:
        raise ValueError(f"bench: the file has schema {content.get('schema')!r}; expected {SCHEMA}")
    runs = [
        Run(run["threads"], Peak(**run["peak"]), [_row_from_json(row) for row in run["rows"]])
        for run in content["runs"]
    ]
    return Report(content["machine"], content["versions"], content["settings"], runs)


def _row_from_json(row: dict[str, Any]) -> Row:
    shapes = {name: tuple(shape) for name, shape in row["shapes"].items()}
    times = {
        name: Measurement(**(measured | {"rounds": tuple(measured["rounds"])}))
        for name, measured in row["times"].items()
    }
    return Row(**(row | {"shapes": shapes, "times": times}))


def geometric_mean(values: list[float]) -> float:
    return exp(sum(map(log, values)) / len(values))
