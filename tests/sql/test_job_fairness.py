"""Whose job is next: tenants take turns, plans weigh, nothing due is left lying."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest

from tests.database import Database, make_user
from tests.jobs import QUEUE, claim, enqueue, make_due, make_kind

CLAIMED = "job_id, msg_id, read_ct, user_id, cursor::text"


@pytest.fixture
def db(db_everywhere: Database) -> Database:
    return db_everywhere


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


def turns(db: Database, count: int, quantity: int = 1) -> list[uuid.UUID | None]:
    """Whose jobs a worker gets that follows the cursor."""
    users, cursor = [], None
    for _ in range(count):
        with db.as_worker() as worker:
            rows = worker.rows(
                f"select {CLAIMED} from private.claim(%s, %s, 30, %s)", QUEUE, quantity, cursor
            )
        users += [row["user_id"] for row in rows]
        cursor = rows[-1]["cursor"] if rows else cursor
    return users


def weigh(db: Database, user_id: uuid.UUID, plan: str) -> None:
    """Puts the user on a plan."""
    db.execute(
        "insert into public.subscriptions (user_id, stripe_subscription_id, plan, status)"
        " values (%s, %s, %s, 'active')",
        user_id,
        f"sub_{user_id.hex}",
        plan,
    )


def test_a_second_user_waits_for_one_turn_not_for_the_first_users_backlog(db: Database):
    busy, other = make_user(db), make_user(db)
    for _ in range(50):
        enqueue(db, user_id=busy)
    enqueue(db, user_id=other)
    assert other in turns(db, 2)


def test_one_claim_of_several_serves_every_tenant_first(db: Database):
    busy, others = make_user(db), [make_user(db) for _ in range(4)]
    for _ in range(50):
        enqueue(db, user_id=busy)
    for user_id in others:
        enqueue(db, user_id=user_id)
    assert Counter(turns(db, 1, quantity=10)) == {busy: 6, **dict.fromkeys(others, 1)}


def test_tenants_of_one_weight_take_turns(db: Database):
    users = [make_user(db) for _ in range(3)]
    for user_id in users * 10:
        enqueue(db, user_id=user_id)
    assert Counter(turns(db, 12)) == dict.fromkeys(users, 4)


def test_a_better_plan_gets_more_turns_but_nobody_starves(db: Database):
    free, agency = make_user(db), make_user(db)
    weigh(db, agency, "agency")
    for user_id in [free, agency] * 20:
        enqueue(db, user_id=user_id)
    assert Counter(turns(db, 10)) == {agency: 8, free: 2}


def test_a_lone_tenant_fills_the_whole_claim(db: Database):
    user_id = make_user(db)
    for _ in range(10):
        enqueue(db, user_id=user_id)
    assert turns(db, 1, quantity=10) == [user_id] * 10


def test_many_sleeping_tenants_do_not_hide_a_due_job(db: Database):
    for _ in range(60):
        enqueue(db, user_id=make_user(db), delay_seconds=600)
    due = make_user(db)
    enqueue(db, user_id=due)
    assert turns(db, 1) == [due]


def test_whoever_sleeps_costs_others_no_turn(db: Database):
    busy, other = make_user(db), uuid.UUID(int=2**128 - 1)
    sleeping = [uuid.UUID(int=n) for n in range(300)]
    db.make_accounts(other, *sleeping)
    db.execute("select private.enqueue('noop', id) from unnest(%s) as id", sleeping)
    assert len(claim(db, quantity=300, lease_seconds=600)) == 300
    db.execute("select private.enqueue('noop', %s) from generate_series(1, 100)", busy)
    enqueue(db, user_id=other)
    assert other in turns(db, 2, quantity=10)


def test_who_slept_takes_turns_as_before(db: Database):
    users = [make_user(db) for _ in range(3)]
    for user_id in users * 4:
        enqueue(db, user_id=user_id, delay_seconds=600)
    assert turns(db, 1) == []
    make_due(db)
    assert Counter(turns(db, 9)) == dict.fromkeys(users, 3)


def test_who_slept_stands_behind_nobodys_backlog(db: Database):
    busy, other = make_user(db), make_user(db)
    sleeping = enqueue(db, user_id=other, delay_seconds=600)
    for _ in range(50):
        enqueue(db, user_id=busy)
    [job], cursor = claim_one(db, None)
    assert job != sleeping
    db.execute(
        "update pgmq.q_jobs set vt = clock_timestamp() where message ->> 'job_id' = %s",
        str(sleeping),
    )
    assert sleeping in [claim_one(db, cursor)[0][0], claim_one(db, cursor)[0][0]]


def test_a_message_without_a_tenant_is_claimed_too(db: Database):
    enqueue(db)
    db.execute("update pgmq.q_jobs set headers = headers - 'tenant' - 'weight'")
    assert len(claim(db)) == 1


def test_nothing_is_claimed_from_a_paused_queue(db: Database):
    enqueue(db)
    db.execute("update private.queues set is_paused = true where queue = %s", QUEUE)
    paused = claim(db)
    db.execute("update private.queues set is_paused = false where queue = %s", QUEUE)
    assert (paused, len(claim(db))) == ([], 1)


def test_alone_or_not_a_job_whose_worker_vanished_goes_before_the_backlog(db: Database):
    user_id = make_user(db)
    for _ in range(30):
        enqueue(db, user_id=user_id)
    cursor = None
    for vanished in range(1, 4):
        with db.as_worker() as worker:
            rows = worker.rows(f"select {CLAIMED} from private.claim(%s, 3, 30, %s)", QUEUE, cursor)
        cursor = rows[-1]["cursor"]
        assert (vanished == 1) or rows[0]["read_ct"] == vanished
        db.execute(
            "update pgmq.q_jobs set vt = clock_timestamp() where msg_id = %s",
            rows[0]["msg_id"],
        )


def claim_one(db: Database, cursor: str | None) -> tuple[list[object], str | None]:
    """The job of the next turn, and the turn's cursor."""
    with db.as_worker() as worker:
        rows = worker.rows(f"select {CLAIMED} from private.claim(%s, 1, 30, %s)", QUEUE, cursor)
    return [row["job_id"] for row in rows], rows[-1]["cursor"] if rows else cursor


def test_a_job_whose_transaction_took_its_time_is_found_at_once(db: Database):
    """Meanwhile the claims have gone on beyond it."""
    for _ in range(10):
        enqueue(db)
    with db.connect("postgres") as slow:
        slow.execute("begin")
        late = slow.execute("select private.enqueue('prune_jobs', null)").fetchone()["enqueue"]
        for _ in range(5):
            enqueue(db)
        cursor = None
        for _ in range(12):
            seen, cursor = claim_one(db, cursor)
            assert seen != [late]
        slow.execute("commit")
    assert claim_one(db, cursor)[0] == [late]


@pytest.mark.parametrize("scan_due_in", ["-1 second", "1 day"])
def test_what_a_clock_that_was_set_back_hides_is_found_by_a_full_scan(
    db: Database, scan_due_in: str
):
    """It is due after a minute, and at once if its time is further away: the clock was set back."""
    ids = [enqueue(db) for _ in range(6)]
    cursor = None
    for _ in range(4):
        _seen, cursor = claim_one(db, cursor)
    db.execute(
        "update pgmq.q_jobs set vt = now() - interval '1 day' where message ->> 'job_id' = %s",
        str(ids[5]),
    )
    assert claim_one(db, cursor)[0] == [ids[4]]
    due = db.value("select (now() + %s::interval)::text", scan_due_in)
    full = f'{cursor.rpartition(",")[0]},"{due}")'
    assert claim_one(db, full)[0] == [ids[5]]


def test_jobs_are_claimed_oldest_first_within_a_tenant(db: Database):
    ids = [enqueue(db) for _ in range(5)]
    assert [job["job_id"] for job in claim(db, quantity=1) + claim(db, quantity=1)] == ids[:2]
