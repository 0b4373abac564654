"""Jobs as their owner meets them: reading, cancelling, and what happens to work in flight."""

from __future__ import annotations

import json
import uuid

import psycopg
import pytest

from tests.database import Database, Row, make_user, user_claims
from tests.jobs import in_background, wait_until_blocked
from tests.rows import make_job
from tests.rules import refusal

CANCEL = "select status, stage, finished_at is not null as is_over from public.cancel_job(%s)"
CANCELLED = {"status": "cancelled", "stage": "cancelled", "is_over": True}


def claim(db: Database) -> Row:
    with db.as_worker() as worker:
        return worker.row("select * from private.claim('ingestion', 1, 30)")


def cancel(db: Database, job: Row) -> Row:
    with db.as_user(job["user_id"]) as owner:
        return owner.row(CANCEL, job["id"])


def complete(connection: psycopg.Connection[Row], claimed: Row) -> None:
    connection.execute(
        "select private.complete(%s, %s)",
        (claimed["msg_id"], claimed["read_ct"]),
    )


def left(db: Database) -> Row:
    return db.row(
        "select (select count(*) from pgmq.q_jobs) as messages,"
        " (select count(*) from private.live_jobs) as live,"
        " (select count(*) from private.dead_letters) as dead"
    )


def test_the_owner_sees_the_whole_job(db: Database):
    job = make_job(db, make_user(db))
    with db.as_user(job["user_id"]) as owner:
        assert owner.rows("select * from public.jobs") == [job]


def test_system_work_is_shown_to_nobody(db: Database):
    db.execute("insert into public.jobs (kind) values ('reconcile_billing')")
    with db.as_user(make_user(db)) as user:
        assert user.rows("select * from public.jobs") == []


def test_a_queued_job_is_cancelled_at_once(db: Database):
    job = make_job(db, make_user(db))
    assert cancel(db, job) == CANCELLED
    assert left(db) == {"messages": 0, "live": 0, "dead": 0}


def test_cancelling_twice_answers_the_same(db: Database):
    job = make_job(db, make_user(db))
    assert [cancel(db, job), cancel(db, job)] == [CANCELLED, CANCELLED]


def test_a_running_job_is_left_to_its_worker_to_stop(db: Database):
    job = make_job(db, make_user(db))
    claimed = claim(db)
    assert cancel(db, job) == {"status": "running", "stage": "starting", "is_over": False}
    with db.as_worker() as worker:
        assert worker.row(
            "select msg_id, is_cancelled from private.extend(array[%s::bigint], array[%s], 30)",
            claimed["msg_id"],
            claimed["read_ct"],
        ) == {"msg_id": claimed["msg_id"], "is_cancelled": True}


def test_a_finished_job_stays_as_it_ended(db: Database):
    job = make_job(db, make_user(db))
    complete(db.connection, claim(db))
    assert cancel(db, job) == {"status": "succeeded", "stage": "done", "is_over": True}


@pytest.mark.parametrize("whose", ["other", "system", "nobody"])
def test_nobody_cancels_a_job_that_is_not_theirs(db: Database, whose: str):
    job = make_job(db, make_user(db))
    job_id = {
        "other": job["id"],
        "system": db.value("select private.enqueue('sync_customer', null)"),
        "nobody": uuid.uuid4(),
    }[whose]
    before = db.rows("select * from public.jobs order by id")
    assert refusal(db, make_user(db), "select public.cancel_job(%s)", job_id) == {
        "status": 404,
        "code": "not_found",
        "message": "There is no such job.",
        "details": None,
    }
    assert db.rows("select * from public.jobs order by id") == before


def test_what_cancels_looks_whose_job_it_is_by_itself(db: Database):
    """The function behind the RPC: who may call it is not who owns the job."""
    job = make_job(db, make_user(db))
    with db.as_user(make_user(db)) as other:
        other.rows("select private.cancel_own_job(%s)", job["id"])
    assert db.value("select status from public.jobs") == "queued"
    assert db.value("select count(*) from private.live_jobs where not is_cancelled") == 1


def test_a_cancellation_that_meets_the_end_of_the_job_does_not_undo_it(db: Database):
    job = make_job(db, make_user(db))
    claimed = claim(db)
    with db.connect("worker") as worker, db.connect("authenticator") as owner:
        worker.execute("begin")
        complete(worker, claimed)
        cancelling = in_background(lambda: cancel_through(owner, job))
        wait_until_blocked(db, owner)
        worker.execute("commit")
        assert cancelling.result(10) == {"status": "succeeded", "stage": "done", "is_over": True}


def cancel_through(connection: psycopg.Connection[Row], job: Row) -> Row:
    return as_owner(connection, job["user_id"], CANCEL, job["id"])


def as_owner(
    connection: psycopg.Connection[Row], user_id: uuid.UUID, query: str, *parameters: object
) -> Row:
    """One request on a connection of its own; commits unless a transaction is open already."""
    claims = json.dumps(user_claims(user_id))
    with connection.transaction():
        connection.execute("set local role authenticated")
        connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
        [row] = connection.execute(query, parameters).fetchall()
        return row


def test_a_cancellation_that_meets_a_claim_is_passed_on_to_the_worker(db: Database):
    job = make_job(db, make_user(db))
    with db.connect("worker") as worker, db.connect("authenticator") as owner:
        worker.execute("begin")
        worker.execute("select * from private.claim('ingestion', 1, 30)")
        cancelling = in_background(lambda: cancel_through(owner, job))
        wait_until_blocked(db, owner)
        worker.execute("commit")
        assert cancelling.result(10) == {
            "status": "running",
            "stage": "starting",
            "is_over": False,
        }
    assert db.value("select is_cancelled from private.live_jobs")


def test_waking_a_snoozed_job_that_a_worker_just_took_leaves_it_its_lease(db: Database):
    job = make_job(db, make_user(db))
    claimed = claim(db)
    lease = (claimed["msg_id"], claimed["read_ct"])
    db.execute("select private.snooze(%s, %s, 0, 'waiting')", *lease)
    with db.connect("worker") as worker, db.connect("postgres") as another:
        worker.execute("begin")
        worker.execute("select * from private.claim('ingestion', 1, 30)")
        waking = in_background(lambda: another.execute("select private.wake(%s)", (job["id"],)))
        wait_until_blocked(db, another)
        worker.execute("commit")
        assert waking.result(10).fetchall() == [{"wake": False}]
    assert db.value("select vt > now() from pgmq.q_jobs")


RUN = "select id from public.run_analysis(%s)"


def run_through(connection: psycopg.Connection[Row], job: Row) -> uuid.UUID:
    return as_owner(connection, job["user_id"], RUN, job["product_id"])["id"]


def test_two_requests_at_once_share_one_analysis(db: Database):
    job = make_job(db, make_user(db))
    cancel(db, job)
    with db.connect("authenticator") as one, db.connect("authenticator") as two:
        with one.transaction():
            first = run_through(one, job)
            asking = in_background(lambda: run_through(two, job))
            wait_until_blocked(db, two)
        assert asking.result(10) == first
    assert left(db) == {"messages": 1, "live": 1, "dead": 0}


def test_a_request_whose_rival_ended_meanwhile_starts_its_own(db: Database):
    job = make_job(db, make_user(db))
    cancel(db, job)
    hold_deletions_of_jobs(db)
    with db.connect("authenticator") as one, db.connect("authenticator") as two:
        db.execute("select pg_advisory_lock(7)")
        with one.transaction():
            first = run_through(one, job)
            asking = in_background(lambda: run_through(two, job))
            wait_until_blocked(db, two)
        wait_until_blocked(db, two, "advisory")
        complete(db.connection, claim(db))
        db.execute("select pg_advisory_unlock(7)")
        second = asking.result(10)
    assert db.rows("select id, status from public.jobs order by created_at") == [
        {"id": job["id"], "status": "cancelled"},
        {"id": first, "status": "succeeded"},
        {"id": second, "status": "queued"},
    ]


def test_a_request_that_waited_gets_its_own_job_not_a_younger_one(db: Database):
    job = make_job(db, make_user(db))
    cancel(db, job)
    with (
        db.connect("authenticator") as fast,
        db.connect("authenticator") as slow,
        slow.transaction(),
    ):
        # The request has begun, and with it the time that its job will carry.
        slow.execute("select now()")
        rival = run_through(fast, job)
        complete(db.connection, claim(db))
        assert run_through(slow, job) != rival


def hold_deletions_of_jobs(db: Database) -> None:
    """Stops whoever deletes a job for as long as the test holds advisory lock 7."""
    db.execute(
        "create function public.hold() returns trigger language plpgsql as $$"
        " begin perform pg_advisory_xact_lock(7); return old; end $$"
    )
    db.execute("grant execute on function public.hold to authenticated")
    db.execute(
        "create trigger jobs_10_hold before delete on public.jobs"
        " for each row execute function public.hold()"
    )


def test_a_semaphore_costs_the_same_however_many_jobs_are_waiting(db: Database):
    make_job(db, make_user(db))
    first = blocks_read_to_acquire(db, claim(db))
    db.execute("select count(private.enqueue('prune_jobs', null)) from generate_series(1, 300)")
    make_job(db, make_user(db))
    assert blocks_read_to_acquire(db, claim(db)) < 3 * first


def blocks_read_to_acquire(db: Database, claimed: Row) -> int:
    """The second time: the first one fills the session's caches."""
    query = "explain (analyze, buffers, format json) select private.acquire(%s, %s, 'apify')"
    for _ in range(2):
        [plan] = db.value(query, claimed["msg_id"], claimed["read_ct"])
    return plan["Plan"]["Shared Hit Blocks"]
