"""What the benchmark says of its samples: medians, ratios, targets, files."""

from __future__ import annotations

import json

from tests.benchmarks.jobs import page, report, row, targets
from tests.benchmarks.jobs.measure import Sample
from tests.benchmarks.jobs.plan import SYSTEMS, cases

RESULTS = "results, 10 at once"


def done(system: str, *rates: float) -> list[Sample]:
    return [Sample(RESULTS, system, {"jobs_per_second": rate}, 0.05) for rate in rates]


def rows(*samples: Sample) -> list[row.Row]:
    return report.rows(samples, "2026-11-22 21:00Z")


def test_a_row_is_the_median_of_its_repeats_with_their_ends_and_the_ratio_to_ours():
    ours, peer = rows(*done("ours", 900, 1000, 1400), *done("procrastinate", 100))
    assert (ours.value, ours.minimum, ours.maximum, ours.repeats) == (1000, 900, 1400, 3)
    assert (peer.value, peer.ratio_to_ours, peer.unit) == (100, 0.1, "jobs/s")


def test_without_ours_there_is_no_ratio():
    [peer] = rows(*done("procrastinate", 100))
    assert peer.ratio_to_ours is None


def test_the_file_is_a_list_of_rows_led_by_versions(tmp_path):
    measured = rows(*done("ours", 1000))
    report.save(tmp_path / "jobs.json", {"postgresql": "18.6"}, measured)
    head, row = json.loads((tmp_path / "jobs.json").read_text())
    assert head == {
        "case": "environment",
        "system": "postgresql",
        "metric": "version",
        "value": "18.6",
        "unit": "",
        "ratio_to_ours": None,
    }
    assert list(row)[:6] == ["case", "system", "metric", "value", "unit", "ratio_to_ours"]
    assert report.load(tmp_path / "jobs.json") == measured


def test_a_case_measured_again_replaces_all_its_earlier_rows():
    earlier = rows(*done("ours", 1), *done("gone", 1), Sample("enqueue", "ours", {"bulk": 5}, 0))
    now = rows(*done("ours", 2))
    assert [(row.case, row.system, row.value) for row in report.merged(earlier, now)] == [
        (RESULTS, "ours", 2),
        ("enqueue", "ours", 5),
    ]


def test_targets_are_met_missed_or_not_measured():
    measured = rows(
        *done("ours", 1000),
        *done("procrastinate", 100),
        *done("pgqueuer (psycopg)", 1100),
    )
    words = {verdict.target.text: verdict.word for verdict in targets.judge(measured)}
    assert words["jobs/s with a result each, times procrastinate"] == "met"
    assert words["… times PgQueuer (psycopg)"] == "missed"
    assert words["… times graphile-worker"] == "not measured"


def test_the_page_shows_versions_targets_and_tables():
    measured = rows(*done("ours", 1234))
    text = page.text({"postgresql": "18.6"}, measured, targets.judge(measured))
    assert "postgresql 18.6" in text
    assert "| … times graphile-worker | ≥ 1 |  | not measured |" in text
    assert "| ours | 1,234 | 1,234 | 1,234 | 1 | 1.00 | 5% |" in text


def test_every_number_that_a_target_needs_is_planned():
    planned = {(case.name, system) for case in cases(is_quick=False) for system in case.systems}
    asked = set()

    def look(case: str, system: str, _metric: str) -> float:
        asked.add((case, system))
        return 1.0

    for target in targets.TARGETS:
        target.value(look)
    assert asked - planned == set()


def test_ours_leads_every_case():
    first = {case.name: case.systems[0] for case in reversed(cases(is_quick=False))}
    assert all(system.startswith("ours") for system in first.values())
    assert {system for case in cases(is_quick=True) for system in case.systems} == set(SYSTEMS)
