"""What the edge's benchmark says of its samples, and how its load generator reads answers."""

from __future__ import annotations

import asyncio

from tests.benchmarks.edge import load, page
from tests.benchmarks.jobs import report
from tests.benchmarks.jobs.measure import Sample
from tests.webhooks import served

SETTING = {"rate": 200, "rounds": 5, "users": 1000, "clients": 32}


def sample(system: str, p99_ms: float, foreign_share: float = 0.01) -> Sample:
    numbers = {"p50_ms": 1.0, "p99_ms": p99_ms, "cpu_us_per_request": 500.0, "failures": 0}
    return Sample("session", system, numbers, foreign_share)


def test_the_summary_has_the_medians_of_each_system():
    measured = report.rows(
        [sample("ours", 5), sample("ours", 9), sample("ours", 4), sample("bare", 2)], "now"
    )
    assert page.summary(measured).splitlines()[2:] == [
        "| session | ours | 1 | 5 | 500 | 0 |",
        "| session | bare | 1 | 2 | 500 | 0 |",
    ]


def test_a_disturbed_run_says_so():
    for share, is_warned in ((0.05, False), (0.5, True)):
        measured = report.rows([sample("ours", 5, share)], "now")
        assert ("provisional" in page.text({"cores": "2"}, measured, SETTING)) is is_warned


def test_the_load_generator_counts_what_was_answered_and_what_was_not():
    content = load.request("/auth/session", {})
    with served.bare() as app:
        taken = asyncio.run(load.drive(app.port, lambda _: content, rate=50, seconds=0.4))
        assert [status for _, status in taken] == [200] * 20
        missing = load.request("/nowhere", {})
        taken = asyncio.run(load.drive(app.port, lambda _: missing, rate=50, seconds=0.1))
        assert {status for _, status in taken} == {404}
        port = app.port
    taken = asyncio.run(load.drive(port, lambda _: content, rate=50, seconds=0.1))
    assert {status for _, status in taken} == {load.FAILED}
