"""What the API's benchmark says of its samples, and that its requests ask everybody the same."""

from __future__ import annotations

from tests.benchmarks.api import cases, data, knobs, page, targets
from tests.benchmarks.api.load import Request
from tests.benchmarks.jobs import report, row
from tests.benchmarks.jobs.measure import Sample

RUN = {"seconds": 2, "connections": 16, "clients": 8}


def measured(case: str, **rates: float) -> list[Sample]:
    """A sample for each system, named by its constant here."""
    return [
        Sample(
            case,
            getattr(cases, name),
            {"requests_per_second": rate, "cpu_us_per_request": 1e6 / rate},
            0.05,
        )
        for name, rate in rates.items()
    ]


def rows(*samples: Sample) -> list[row.Row]:
    return report.rows(samples, "2026-11-26 18:00Z")


def words(found: list[row.Row]) -> dict[str, str]:
    return {verdict.target.text: verdict.word for verdict in targets.judge(found)}


def test_a_target_is_met_missed_or_not_measured():
    said = words(rows(*measured(cases.LIST, OURS=1000, NEXT=200, EXPRESS=1100)))
    assert said["list 20, requests/s, times Next.js"] == "met"
    assert said["… times Express + pg"] == "missed"
    assert said["… of pgbench"] == "not measured"


def test_a_limit_for_what_is_lost_counts_from_the_faster_side():
    target = "an insert without the rate limit, times one with it"
    assert words(rows(*measured(cases.INSERT, OURS=100, UNLIMITED=109)))[target] == "met"
    assert words(rows(*measured(cases.INSERT, OURS=100, UNLIMITED=111)))[target] == "missed"


def test_the_page_tells_what_a_setting_is_worth():
    changed = Sample(
        knobs.CASE, "no cache", {"requests_per_second": 500, "cpu_us_per_request": 3000}, 0.05
    )
    found = rows(*measured(knobs.CASE, OURS=1000), changed)
    text = page.text({"cores": "2"}, found, targets.judge(found), **RUN)
    assert "| no cache | -50% | +200% |" in text
    assert "provisional" not in text


def test_a_busy_machine_makes_the_verdicts_provisional():
    [sample] = measured(cases.LIST, OURS=1000)
    found = rows(Sample(sample.case, sample.system, sample.numbers, 0.4))
    assert "provisional" in page.text({}, found, targets.judge(found), **RUN)


def test_everybody_is_asked_for_the_same_products_in_the_same_order():
    asked = {
        system: [request.account for request in cases.requests(cases.GET, system)]
        for system in (cases.OURS, *cases.PEERS)
    }
    assert len({tuple(accounts) for accounts in asked.values()}) == 1
    assert set(asked[cases.OURS]) == set(range(data.ASKERS))


def test_a_request_with_a_body_is_a_post():
    assert Request("/a", 0).line("t") == "GET\t/a\tt\t\n"
    assert Request("/a", 0, "{}").line("t") == "POST\t/a\tt\t{}\n"
