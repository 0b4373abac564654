"""What `make load` makes of its numbers. The load itself is a command, too long for a test."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from local.layout import ROOT
from tests.load import drive, model, page, watch
from tests.load.accounts import Size
from tests.load.drive import Pace, Run
from tests.load.growth import Point
from tests.load.watch import Sample, Seen

SCRIPT = (Path(__file__).parent / "users.js").read_text()
JOB = {"kind": "analyze_product", "status": "succeeded", "error_code": None, "jobs": 30}
TIMES = dict.fromkeys(("wait_p50", "wait_p99", "end_p50", "end_p95"), 0.5)
ROUTE = {"count": 3000, "p50": 4.0, "p99": 20.0, "most": 90.0}
SIZES = {
    name: Size(rows=100, bytes=100_000)
    for name in (
        "public.products",
        "public.jobs",
        "public.analysis_results",
        "public.virality_packs",
        "public.analysis_numbers",
        "public.scripts",
        "public.notifications",
        "public.brand_rules",
    )
}
TOKENS = {"gpt-6-luna": {"in": 40_000, "out": 4_000}}


def a_run(errors=(), jobs=(JOB,), lost=0, think=1.0, requests=3000):
    seen = Seen(seconds=100.0, foreign_cpu=10.0, looks=100)
    seen.cpu = dict.fromkeys(
        (
            *watch.CORES,
            watch.K6,
            "workers",
            watch.POSTGRES_REST,
            "Postgres for the API",
            "Postgres for workers",
            "Postgres for the edge",
        ),
        6.0,
    )
    seen.busy["authenticator"] = [1, 10]
    seen.waits["authenticator"]["IO: WalSync"] = 3
    summary = {
        "requests": requests,
        "settled": requests,
        "p50": 4.0,
        "p99": 20.0,
        "unchanged": 10,
        "routes": {"account": ROUTE},
    }
    counted = Counter(dict(errors))
    return Run(
        pace=Pace(20, 105, 5, think),
        summary=summary,
        seen=seen,
        jobs=[TIMES | each for each in jobs],
        packs=30,
        unfinished_at_end=0,
        drained_seconds=0.0,
        lost=lost,
        doubled=0,
        errors=counted,
        examples=dict.fromkeys(counted, "{}"),
    )


def recorded(**changed):
    return page.record(a_run(**changed), TOKENS, SIZES)


@pytest.mark.parametrize(
    ("changed", "unexplained"),
    [
        ({}, 0),
        ({"errors": [(("list products", 429, "rate_limited"), 7)]}, 0),
        ({"errors": [(("list products", 500, "57014"), 2)]}, 2),
        ({"errors": [(("list products", 0, "EOF"), 1)]}, 1),
        ({"jobs": [JOB | {"status": "failed", "error_code": "internal", "jobs": 3}]}, 3),
        ({"lost": 1}, 1),
    ],
)
def test_an_error_counts_unless_it_is_explained(changed, unexplained):
    assert a_run(**changed).unexplained == unexplained


def test_an_exception_of_the_script_is_an_error_too(tmp_path):
    told = {"route": "account", "status": 503, "code": "", "error": "", "body": "busy"}
    log = tmp_path / "errors.log"
    log.write_text(
        json.dumps(told) + "\nRequest Failed\nTypeError: Cannot read property 'id' of null\n"
    )
    counted, examples = drive._errors(log)
    assert counted == {
        ("account", 503, ""): 1,
        ("the script", 0, "TypeError: Cannot read property 'id' of null"): 1,
    }
    assert examples["account", 503, ""] == "busy"


def test_what_was_used_is_counted_between_the_ramp_and_the_end():
    cpu = ((0, 1.0), (10, 3.0), (20, 5.0), (30, 100.0))
    samples = [Sample(at, {"edge": used, "workers": used}, 3 * used) for at, used in cpu]
    seen = Seen(samples)
    seen.settle(since=5, until=25)
    assert (seen.seconds, seen.cpu) == (10, {"edge": 2.0, "workers": 2.0})
    assert seen.foreign_cpu == 2.0
    with pytest.raises(SystemExit):
        seen.settle(since=5, until=15)


def test_every_route_of_the_script_is_one_that_k6_keeps():
    listed = SCRIPT.split("const ROUTES = [")[1].split("]")[0]
    kept = set(re.findall(r"'([^']+)'", listed))
    used = set(re.findall(r"route: '([^']+)'", SCRIPT)) | set(
        re.findall(r"note\('([^']+)'", SCRIPT)
    )
    assert used == kept


def test_the_costs_of_a_request_and_a_job_are_their_processes_cpu():
    found = model.costs(recorded())
    assert found.request["PostgREST"] == pytest.approx(6.0 / 3000)
    assert found.job["workers"] == pytest.approx(6.0 / 30)
    assert found.requests_per_person == pytest.approx(30.0 / 20)


def limit(**given):
    beside = {"jobs_per_second": 0, "foreign_cores": 0, "machine_cores": 2, "people": 0}
    return model.limit(model.costs(recorded()), **beside | given)


def test_requests_end_where_the_first_thing_is_full():
    machine = limit()
    assert machine.name == "the machine"
    # Four processes with 2 ms each, beside PostgreSQL itself and the fakes.
    assert machine.requests_per_second == pytest.approx((2 * model.FULL - 0.12) / 0.008)
    for less in ({"jobs_per_second": 1}, {"foreign_cores": 0.5}, {"people": 20}):
        assert limit(**less).requests_per_second < machine.requests_per_second
    assert limit(machine_cores=64).name in watch.CORES


def test_the_model_prices_tokens_as_the_code_does():
    # A quarter of the characters are tokens: 10,000 read at $0.10 and 1,000 written at $0.50.
    assert model.model_usd(TOKENS) == pytest.approx(10_000 * 0.10e-6 + 1_000 * 0.50e-6)


def test_an_account_has_what_its_plan_keeps():
    rows = model.account_bytes(recorded()["sizes"]) / 1000  # each row has 1,000 bytes
    kept = 12 * model.KEPT_ANALYSES
    assert rows == pytest.approx(12 + 3 * kept + 12 * 30 + 30 + 90 + 24 * 4 + 6)


def test_a_need_that_no_size_holds_says_so():
    found = model.costs(recorded())
    sizes = recorded()["sizes"]
    small, large = (model.need(count, found, sizes, TOKENS) for count in (1_000, 100_000_000))
    assert small.compute is not None
    assert small.compute[0] == "Large"
    assert (large.compute, large.hosting_usd) == (None, None)


def test_the_page_says_what_is_unexplained_and_what_is_full():
    data = {
        "facts": {"cores": "2", "load measured": "2026-11-30 20:00Z"},
        "load": recorded(errors=[(("list products", 500, "57014"), 2)]),
        "push": recorded(think=0.05, requests=9000),
        "growth": page.points(
            [Point("account", 1000, 2.0, 1.0), Point("account", 10_000, 3.0, 1.5)]
        ),
    }
    text = page.text(data)
    assert "| list products | 500 | `57014` | 2 | **unexplained** |" in text
    assert "| account, ms | 2.00 | 3.00 | 1.50 |" in text
    assert "were busy at 50% of the looks" in text


def test_the_table_goes_between_its_marks(tmp_path):
    data = {"facts": {"load measured": "now"}, "load": recorded()}
    once = page.into(f"# Scaling\n\n{page.BEGIN}\n{page.END}\n\nEnd.\n", data)
    assert once == page.into(once, data)
    assert once.endswith("End.\n")
    assert "| a person at work | 1.50 requests/s |" in once


def test_the_pages_are_what_the_numbers_give():
    kept = ROOT / "docs" / "benchmarks" / "load.json"
    data = json.loads(kept.read_text())
    assert kept.with_suffix(".md").read_text() == page.text(data)
    scaling = (ROOT / "docs" / "scaling.md").read_text()
    assert scaling == page.into(scaling, data)
