"""History and watches against what chance and an enemy would do."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import suppress

import pytest

from tests.database import Database, Row, make_product, make_user
from tests.history import analyse, pass_days, sentiment, virality
from tests.jobs import in_background, wait_until_blocked
from tests.patience import PATIENCE_SECONDS
from tests.rows import make_subscription
from tests.sql.test_watches import NEXT, NOTES, make_watched, run


@pytest.fixture
def product(db: Database) -> Row:
    user = make_user(db)
    make_subscription(db, user, plan="agency")
    return make_product(db, user, "Mug")


def told(db: Database, product: Row) -> list[str]:
    with db.as_user(product["user_id"]) as owner:
        return [row["kind"] for row in owner.rows(NOTES)]


def test_real_data_after_sample_data_is_no_breakout_now(db: Database, product: Row):
    sample = sentiment(subject={"source_kind": "sample"})
    analyse(db, product, [virality(1, (0.5, 2), "typical", video="s"), sample])
    analyse(db, product, [virality(9, (4, 12), "breakout", video="v"), sentiment()])
    assert told(db, product) == []


def test_another_video_is_no_breakout_now(db: Database, product: Row):
    analyse(db, product, [virality(1, (0.5, 2), "typical", video="a"), sentiment()])
    analyse(db, product, [virality(9, (4, 12), "breakout", video="b"), sentiment()])
    assert told(db, product) == []
    # The first video again: it was none before.
    analyse(db, product, [virality(9, (4, 12), "breakout", video="a"), sentiment()])
    assert told(db, product) == ["breakout"]


def test_another_baseline_is_no_breakout_now(db: Database, product: Row):
    analyse(db, product, [followers(1, (0.5, 2), "typical"), sentiment()])
    analyse(db, product, [virality(9, (4, 12), "breakout"), sentiment()])
    assert told(db, product) == []


def test_a_look_that_measured_nothing_is_no_turn(db: Database, product: Row):
    breakout = virality(9, (4, 12), "breakout")
    for each in (virality(), breakout, virality(None, None, "insufficient_data"), breakout):
        analyse(db, product, [each, sentiment()])
    assert told(db, product) == ["breakout"]


def followers(ratio: float, interval: tuple[float, float], band: str = "typical") -> Row:
    """A breakdown whose usual views follow from the number of followers."""
    found = virality(ratio, interval, band)
    found["content"]["stands_out"]["basis"] = "followers"
    return found


def test_intervals_from_followers_are_not_judged(db: Database, product: Row):
    for _ in range(3):
        analyse(db, product, [followers(1, (0.5, 2)), sentiment()])
        pass_days(db, 4)
    with db.as_user(product["user_id"]) as owner:
        assert owner.row("select * from public.score_record()")["n"] == 0
        looks = owner.rows("select is_hit, judged_at from public.product_history")
    assert looks == [{"is_hit": None, "judged_at": None}] * 3


@pytest.mark.parametrize(
    ("hours", "counted"),
    [((1, 2, 23), 1), ((1, 25, 49), 3), ((23, 25), 2), ((23, 25, 26, 47), 2)],
    ids=["one day", "three days", "past midnight", "two days"],
)
def test_one_look_at_a_video_counts_each_day(
    db: Database, product: Row, hours: tuple[int, ...], counted: int
):
    """Two products of one account show the same video."""
    other = make_product(db, product["user_id"], "Same mug")
    for place, hour in enumerate(hours):
        analyse(db, (product, other)[place % 2])
        db.execute(
            "update public.analysis_numbers set created_at = timestamptz '2026-11-01 00:00+00'"
            " + make_interval(hours => %s) where created_at > '2026-11-20'",
            hour,
        )
    for each in (product, other):
        analyse(db, each)
    with db.as_user(product["user_id"]) as owner:
        assert owner.row("select * from public.score_record()")["n"] == counted
        judged = "select count(*) from public.product_history where is_hit"
        assert owner.value(judged) == len(hours)


def test_the_service_record_tells_about_no_single_video(db: Database, product: Row):
    for _ in range(20):
        analyse(db, product)
    pass_days(db, 4)
    analyse(db, product)
    with db.as_user(make_user(db)) as stranger:
        assert stranger.row("select * from public.service_score_record()")["n"] is None
    with db.as_user(product["user_id"]) as owner:
        # Twenty looks within a second at one video are not twenty trials.
        assert owner.row("select * from public.score_record()")["n"] == 1


def test_an_erasure_beside_a_watch_waits_for_nobody(db: Database):
    product = make_watched(db)
    with db.as_worker() as worker:
        assert worker.value(NEXT) == "queued"
        started = time.monotonic()
        with db.as_user(product["user_id"]) as owner:
            owner.execute("set local lock_timeout = '3s'")
            owner.execute("select public.delete_account()")
        assert time.monotonic() - started < 3
    left = db.rows("select kind, tenant from private.live_jobs")
    assert [row["kind"] for row in left if row["tenant"] != "system"] == ["analyze_product"], left


def test_an_erasure_and_then_a_watch(db: Database):
    product = make_watched(db)
    with db.as_user(product["user_id"]) as owner:
        owner.execute("select public.delete_account()")
    assert run(db) in ([], ["skipped"])


def test_a_product_deleted_beside_a_watch(db: Database):
    product = make_watched(db)
    errors: list[Exception] = []
    with db.as_worker() as worker:
        assert worker.value(NEXT) == "queued"

        def delete() -> None:
            try:
                with db.as_user(product["user_id"]) as owner:
                    owner.execute("delete from public.products where id = %s", product["id"])
            except Exception as error:  # noqa: BLE001
                errors.append(error)

        thread = threading.Thread(target=delete)
        thread.start()
        time.sleep(0.5)
    thread.join(10)
    assert errors == []
    assert db.value("select count(*) from private.live_jobs where kind = 'analyze_product'") == 0


INSERTS = {
    "products": "(id, name, source_url) values (%s, 'Mug', 'https://s.example/m')",
    "scripts": "(id, product_id, content) select %s, id, 'Mug' from public.products",
    "brand_rules": "(id, rule_name, rule_definition) values (%s, 'Rule', '{\"kind\":"
    ' "banned_phrase", "severity": "error", "params": {"terms": ["cure"]}}\')',
    "brands": "(id, name) values (%s, 'Potter')",
}


@pytest.mark.parametrize("table", INSERTS)
@pytest.mark.parametrize("is_kept", [True, False], ids=["kept", "rolled back"])
def test_two_accounts_insert_one_id_at_once(db: Database, table: str, *, is_kept: bool):
    one, two = make_user(db), make_user(db)
    for user in (one, two):
        make_product(db, user)
    same = uuid.uuid4()
    insert = f"insert into public.{table} {INSERTS[table]}"

    with db.as_user(two) as second:
        with suppress(ZeroDivisionError), db.as_user(one) as first:
            first.execute(insert, same)
            waiting = in_background(lambda: second.execute(insert, same))
            wait_until_blocked(db, second.connection)
            if not is_kept:
                raise ZeroDivisionError
        assert waiting.result(PATIENCE_SECONDS) == 1
    owners = db.rows(f"select user_id from public.{table} where id = %s", same)
    assert owners == [{"user_id": one if is_kept else two}]
    added = f"select count(*) from public.{table} where user_id = %s and id = %s"
    assert db.value(added, two, same) == (0 if is_kept else 1)
    mine = f"select count(*) from public.{table} where user_id = %s"
    assert db.value(mine, two) == 1 + (table == "products")
    assert db.value("select count(*) from private.ids_in_flight") == 0


def test_a_competitor_of_another_account(db: Database, product: Row):
    theirs = make_product(db, make_user(db), "Theirs")
    with db.as_user(product["user_id"]) as owner, pytest.raises(Exception) as caught:
        owner.execute(
            "insert into public.competitors (product_id, competitor_id) values (%s, %s)",
            product["id"],
            theirs["id"],
        )
    assert "not_found" in str(caught.value)
