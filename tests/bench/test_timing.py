"""The timing's bookkeeping; never how long anything takes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest

from foldgate.bench.timing import MAX_CALLS, Contestant, Measurement, measure


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still unless a test moves it."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def takes(clock: list[float], seconds: float, log: list[str], name: str) -> Callable[[], None]:
    def call() -> None:
        clock[0] += seconds
        log.append(name)

    return call


def test_medians_are_what_the_calls_take(clock: list[float]) -> None:
    log: list[str] = []
    contestants = [
        Contestant("fast", takes(clock, 0.001, log, "fast")),
        Contestant("slow", takes(clock, 0.004, log, "slow")),
    ]
    measured = measure(contestants, budget=1.0, rounds=5)
    assert measured["fast"].median == pytest.approx(0.001)
    assert [measured["slow"].median, measured["slow"].minimum] == pytest.approx([0.004, 0.004])
    assert len(measured["fast"].rounds) == 5
    assert measured["fast"].calls > measured["slow"].calls


def test_rounds_alternate_and_rotate(clock: list[float]) -> None:
    log: list[str] = []
    contestants = [Contestant(name, takes(clock, 0.01, log, name)) for name in "abc"]
    measure(contestants, budget=1.5, rounds=3)
    turns = [name for index, name in enumerate(log) if index == 0 or log[index - 1] != name]
    # the estimates (one call, then two), then three rounds of which each begins with another
    assert "".join(turns) == "abc" + "abc" + "abc" + "bca" + "cab"


def test_a_call_beyond_its_share_is_made_once(clock: list[float]) -> None:
    log: list[str] = []
    contestants = [
        Contestant("fast", takes(clock, 0.001, log, "fast")),
        Contestant("slow", takes(clock, 10.0, log, "slow")),
    ]
    measured = measure(contestants, budget=1.0)
    assert log.count("slow") == 1
    assert measured["slow"] == Measurement(10.0, 10.0, (10.0,), 1)


def test_a_slow_call_that_was_made_already_is_not_made_again(clock: list[float]) -> None:
    log: list[str] = []
    slow = Contestant("slow", takes(clock, 10.0, log, "slow"), known=9.0)
    measured = measure([Contestant("fast", takes(clock, 0.001, log, "fast")), slow], budget=1.0)
    assert "slow" not in log
    assert measured["slow"].median == 9.0


def test_the_number_of_calls_is_bounded(clock: list[float]) -> None:
    log: list[str] = []
    measured = measure([Contestant("tiny", takes(clock, 1e-7, log, "tiny"))], budget=5.0, rounds=2)
    assert measured["tiny"].calls == 2 * MAX_CALLS


def test_garbage_collection_rests_and_comes_back() -> None:
    states: list[bool] = []
    measure([Contestant("watch", lambda: states.append(gc.isenabled()))], budget=1e-4)
    assert states
    assert not any(states)
    assert gc.isenabled()
