"""Watches: products that are analysed again by themselves, spread out, within plan and quota."""

from __future__ import annotations

import math
import uuid
from collections import Counter

import pytest

from tests.database import Database, Row, make_product, make_user
from tests.erasure import bury
from tests.jobs import end_all, in_background
from tests.rows import make_subscription
from tests.rules import refusal

SET = "update public.products set watch = %s where id = %s"
NEXT = "select private.run_next_watch()"
DUE = "update private.watches set next_at = now() - interval '1 minute'"
NOTES = """
select kind, product_id, text from public.notifications
where kind in ('breakout', 'watch_failing', 'watch_stopped') order by created_at
"""
PERIODS = {"weekly": 7, "daily": 1}


def make_watched(db: Database, watch: str = "daily", plan: str = "agency") -> Row:
    """A product whose first analysis is over, due to be analysed again."""
    user = make_user(db)
    make_subscription(db, user, plan=plan)
    product = make_product(db, user, "Mug")
    end_all(db, user, "cancelled")
    set_watch(db, product, watch)
    db.execute(DUE)
    return product


def set_watch(db: Database, product: Row, watch: str) -> None:
    with db.as_user(product["user_id"]) as owner:
        assert owner.execute(SET, watch, product["id"]) == 1


def run(db: Database) -> list[str]:
    """Outcomes of all watches that are due, as the job of the schedule gets them."""
    outcomes = []
    with db.connect("worker") as worker:
        while (row := worker.execute(NEXT).fetchone()) and row["run_next_watch"]:
            outcomes.append(row["run_next_watch"])
    return outcomes


def live(db: Database) -> int:
    return db.value("select count(*) from private.live_jobs where kind = 'analyze_product'")


def used(db: Database, user: uuid.UUID) -> int:
    with db.as_user(user) as owner:
        return owner.value("select (usage ->> 'analyses')::integer from public.account()")


def test_a_new_product_is_not_watched(db: Database):
    product = make_product(db, make_user(db))
    assert product["watch"] == "off"
    assert db.rows("select * from private.watches") == []


@pytest.mark.parametrize(
    ("plan", "allowed"),
    [("free", ["off"]), ("creator", ["off", "weekly"]), ("agency", ["off", "weekly", "daily"])],
)
def test_a_plan_says_how_often_a_product_may_be_watched(
    db: Database, plan: str, allowed: list[str]
):
    user = make_user(db)
    if plan != "free":
        make_subscription(db, user, plan=plan)
    product = make_product(db, user)
    for watch in allowed:
        set_watch(db, product, watch)
    for watch in {"off", "weekly", "daily"} - set(allowed):
        message = {
            "free": "Your plan does not include watching products.",
            "creator": "Your plan includes a weekly watch at most.",
        }
        assert refusal(db, user, SET, watch, product["id"]) == {
            "status": 402,
            "code": "quota_exceeded",
            "message": message[plan],
            "details": {
                "metric": "watch",
                "limit": allowed[-1],
                "requested": watch,
                "plan": plan,
                "resets_at": None,
            },
        }


@pytest.mark.parametrize("watch", ["hourly", "", None])
def test_what_is_no_watch_is_refused_with_a_sentence(db: Database, watch: str | None):
    product = make_product(db, make_user(db))
    wrong = {
        "status": 422,
        "code": "invalid_watch",
        "message": "The watch must be off, weekly or daily.",
        "details": {
            "field": "watch",
            "reason": "not_allowed",
            "allowed": ["off", "weekly", "daily"],
        },
    }
    assert refusal(db, product["user_id"], SET, watch, product["id"]) == wrong
    insert = (
        "insert into public.products (name, source_url, watch)"
        " values ('Mug', 'https://shop.example/mug', %s)"
    )
    assert refusal(db, product["user_id"], insert, watch) == wrong


def test_a_product_may_be_added_with_its_watch(db: Database):
    user = make_user(db)
    insert = (
        "insert into public.products (name, source_url, watch)"
        " values ('Mug', 'https://shop.example/mug', 'weekly')"
    )
    assert refusal(db, user, insert)["code"] == "quota_exceeded"
    make_subscription(db, user)
    with db.as_user(user) as owner:
        owner.execute(insert)
    assert db.value("select every = interval '7 days' from private.watches") is True


def test_the_watch_of_another_account_stays_as_it_is(db: Database):
    product = make_watched(db, "weekly")
    with db.as_user(make_user(db)) as other:
        assert other.execute(SET, "off", product["id"]) == 0
    assert db.value("select watch from public.products") == "weekly"


def test_a_watch_that_is_due_queues_one_analysis_and_counts_it(db: Database):
    product = make_watched(db)
    before = used(db, product["user_id"])
    assert run(db) == ["queued"]
    assert db.row(
        "select user_id, product_id, status from public.jobs where status = 'queued'"
    ) == {
        "user_id": product["user_id"],
        "product_id": product["id"],
        "status": "queued",
    }
    assert used(db, product["user_id"]) == before + 1
    assert run(db) == []


@pytest.mark.parametrize(("watch", "days"), PERIODS.items())
def test_the_next_time_is_a_period_later_however_late_a_worker_was(
    db: Database, watch: str, days: int
):
    make_watched(db, watch)
    db.execute("update private.watches set next_at = now() - interval '30 days 1 hour'")
    first = db.value("select next_at from private.watches")
    assert run(db) == ["queued"]
    steps = (
        "select extract(epoch from next_at - %s) / 86400 as passed, next_at > now() as is_ahead"
        " from private.watches"
    )
    passed, is_ahead = db.row(steps, first).values()
    assert is_ahead
    assert passed % days == 0
    assert passed - 30 <= days


def test_a_product_that_is_being_analysed_is_skipped(db: Database):
    product = make_watched(db)
    with db.as_user(product["user_id"]) as owner:
        owner.execute("select public.run_analysis(%s)", product["id"])
    assert run(db) == ["skipped"]
    assert live(db) == 1


@pytest.mark.parametrize(("hours", "outcome"), [(11, "skipped"), (13, "queued")])
def test_a_product_that_was_just_analysed_is_skipped(db: Database, hours: int, outcome: str):
    make_watched(db)
    ago = "update public.products set last_analyzed_at = now() - make_interval(hours => %s)"
    db.execute(ago, hours)
    assert run(db) == [outcome]


def test_nothing_is_queued_for_what_is_off_deleted_or_erased(db: Database):
    off, deleted, erased = (make_watched(db) for _ in range(3))
    set_watch(db, off, "off")
    with db.as_user(deleted["user_id"]) as owner:
        owner.execute("delete from public.products where id = %s", deleted["id"])
    bury(db, erased["user_id"])
    assert run(db) == ["skipped"]
    assert live(db) == 0


def test_when_the_analyses_are_used_up_watching_stops_with_one_notification(db: Database):
    product = make_watched(db)
    user = product["user_id"]
    others = [make_product(db, user) for _ in range(2)]
    end_all(db, user, "cancelled")
    for each in others:
        set_watch(db, each, "daily")
    db.execute(DUE)
    db.execute("update public.plans set analyses_per_month = 1 where id = 'agency'")
    assert Counter(run(db)) == {"queued": 1, "stopped": 2}
    with db.as_user(user) as owner:
        [note] = owner.rows(NOTES)
    first = db.value("select to_char(private.next_month() at time zone 'UTC', 'FMDD FMMonth')")
    assert note == {
        "kind": "watch_stopped",
        "product_id": None,
        "text": (
            "This month's analyses are used up. Watched products are analysed again from "
            f"{first} on."
        ),
    }
    db.execute(DUE)
    end_all(db, user, "succeeded")
    assert run(db) == ["stopped"] * 3
    assert len(db.rows(NOTES)) == 1
    # With a larger quota, watching goes on by itself.
    db.execute("update public.plans set analyses_per_month = 9 where id = 'agency'")
    db.execute(DUE)
    assert run(db) == ["queued"] * 3


@pytest.mark.parametrize(("plan", "left"), [("creator", "weekly"), (None, "off")])
def test_a_watch_that_the_plan_no_longer_includes_falls_back(
    db: Database, plan: str | None, left: str
):
    product = make_watched(db)
    db.execute("update public.subscriptions set plan = %s", plan)
    assert run(db) == ["stopped"]
    assert live(db) == 0
    with db.as_user(product["user_id"]) as owner:
        assert owner.value("select watch from public.products") == left
        assert owner.rows(NOTES) == [
            {
                "kind": "watch_stopped",
                "product_id": product["id"],
                "text": (
                    f"Your plan no longer includes this watch of Mug. Its watch is now {left}."
                ),
            }
        ]
    assert db.value("select count(*) from private.watches") == (left != "off")


def look(db: Database, product: Row, status: str, code: str | None = None) -> list[str]:
    """What the run of a due watch gives; its analysis then ends so."""
    db.execute(DUE)
    outcomes = run(db)
    end_all(db, product["user_id"], status, code)
    return outcomes


def notes(db: Database, product: Row) -> list[Row]:
    with db.as_user(product["user_id"]) as owner:
        return owner.rows(NOTES)


PAGE_FAILURES = ["page_not_found", "page_unavailable", "page_blocked", "not_a_product"]


@pytest.mark.parametrize("code", PAGE_FAILURES)
@pytest.mark.parametrize("watch", ["weekly", "daily"])
def test_a_page_that_keeps_failing_is_looked_at_less_and_then_no_more(
    db: Database, watch: str, code: str
):
    product = make_watched(db, watch)
    before = used(db, product["user_id"])
    periods = []
    for _ in range(4):
        assert look(db, product, "failed", code) == ["queued"]
        ahead = db.value("select extract(epoch from next_at - now()) / 86400 from private.watches")
        periods.append(math.ceil(ahead / PERIODS[watch]))
    assert periods == [1, 2, 4, 4]
    assert look(db, product, "failed", code) == ["stopped"]
    assert look(db, product, "failed", code) == []
    assert live(db) == 0
    assert used(db, product["user_id"]) == before
    assert [(row["kind"], row["product_id"]) for row in notes(db, product)] == [
        ("watch_failing", product["id"]),
        ("watch_stopped", product["id"]),
    ]
    assert [row["text"] for row in notes(db, product)] == [
        (
            "Mug could not be analysed twice in a row: Why. Its watch looks less often now, and "
            "ends after 4 failures."
        ),
        "Mug could not be analysed 4 times in a row: Why. Its watch is off now.",
    ]
    with db.as_user(product["user_id"]) as owner:
        assert owner.value("select watch from public.products") == "off"


def test_a_watch_begins_anew_when_its_owner_sets_it(db: Database):
    product = make_watched(db)
    for _ in range(5):
        look(db, product, "failed", "page_not_found")
    set_watch(db, product, "daily")
    assert db.row("select failures, job_id from private.watches") == {"failures": 0, "job_id": None}
    assert look(db, product, "failed", "page_not_found") == ["queued"]


@pytest.mark.parametrize("by_owner", [False, True], ids=["the watch", "the owner"])
def test_an_analysis_that_succeeds_ends_the_row_of_failures(db: Database, *, by_owner: bool):
    product = make_watched(db)
    for _ in range(3):
        look(db, product, "failed", "page_not_found")
    if by_owner:
        ago = "update public.jobs set finished_at = finished_at - interval '2 days'"
        db.execute(ago)
        db.execute("update public.products set last_analyzed_at = now() - interval '1 day'")
    else:
        look(db, product, "succeeded")
    assert look(db, product, "failed", "page_not_found") == ["queued"]
    assert db.value("select failures from private.watches") == 0
    assert [row["kind"] for row in notes(db, product)] == ["watch_failing"]


@pytest.mark.parametrize("code", ["internal_error", "source_failed", "analysis_interrupted"])
def test_failures_on_our_side_use_nothing_up_and_change_no_watch(db: Database, code: str):
    product = make_watched(db)
    for _ in range(2):
        look(db, product, "failed", "page_not_found")
    before = used(db, product["user_id"])
    for _ in range(6):
        assert look(db, product, "failed", code) == ["queued"]
    assert used(db, product["user_id"]) == before
    assert [row["kind"] for row in notes(db, product)] == ["watch_failing"]
    with db.as_user(product["user_id"]) as owner:
        assert owner.value("select watch from public.products") == "daily"


@pytest.mark.parametrize(("code", "is_kept"), [("internal_error", False), ("nothing_found", True)])
def test_what_has_paid_for_data_in_vain_stays_counted(db: Database, code: str, *, is_kept: bool):
    product = make_watched(db)
    before = used(db, product["user_id"])
    db.execute(DUE)
    assert run(db) == ["queued"]
    job_id = db.value("select job_id from private.watches")
    db.execute(
        "insert into private.source_runs (job_id, name, usd) values (%s, 'videos', 0.5)", job_id
    )
    end_all(db, product["user_id"], "failed", code)
    assert used(db, product["user_id"]) == before + is_kept


def test_an_analysis_of_the_owner_that_fails_still_counts(db: Database):
    product = make_watched(db)
    before = used(db, product["user_id"])
    with db.as_user(product["user_id"]) as owner:
        owner.execute("select public.run_analysis(%s)", product["id"])
    end_all(db, product["user_id"], "failed", "page_not_found")
    assert used(db, product["user_id"]) == before + 1


def test_first_times_spread_over_the_period(db: Database):
    """A thousand products that are watched with one statement."""
    db.execute("alter table public.products disable trigger products_50_enqueue_analysis")
    user = make_user(db)
    insert = "insert into public.products (user_id, name, source_url, watch) select %s, 'Mug',"
    db.execute(f"{insert} 'https://shop.example', 'weekly' from generate_series(1, 1000)", user)
    in_days = db.rows(
        "select extract(day from next_at - now())::integer as day, count(*) as n"
        " from private.watches group by day order by day"
    )
    assert [row["day"] for row in in_days] == list(range(7))
    # 143 expected a day, ± five standard deviations.
    assert all(88 <= row["n"] <= 198 for row in in_days)


def test_two_workers_at_once_queue_each_product_once(db: Database):
    for _ in range(4):
        make_watched(db)
    outcomes = [in_background(lambda: run(db)) for _ in range(2)]
    assert [one for done in outcomes for one in done.result(30)] == ["queued"] * 4
    assert live(db) == 4


def test_a_product_that_is_locked_makes_no_other_wait(db: Database):
    held, free = make_watched(db), make_watched(db)
    with db.connect("postgres") as session, session.transaction():
        session.execute("select from public.products where id = %s for update", (held["id"],))
        assert run(db) == ["queued"]
    assert db.value("select key from private.live_jobs") == str(free["id"])
    assert run(db) == ["queued"]


def test_the_schedule_runs_watches(db: Database):
    schedule = "select kind, every::text from private.schedules where name = 'watch_products'"
    assert db.row(schedule) == {"kind": "watch_products", "every": "00:01:00"}
