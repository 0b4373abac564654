"""Fencing after a restore: what was claimed in the time that is lost changes nothing."""

from __future__ import annotations

import pytest

from tests.database import Database, Row, make_user
from tests.jobs import claim, complete, enqueue, make_kind, state, token

RESTORED = "select private.restore_queues(), private.end_leases()"


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


def go_back(db: Database, job: Row) -> None:
    """The job is queued and unclaimed, as it was at the point in time that is restored."""
    db.execute(
        "update pgmq.q_jobs set read_ct = 0, vt = enqueued_at where msg_id = %s", job["msg_id"]
    )
    db.execute("update public.jobs set status = 'queued' where id = %s", job["job_id"])


def test_a_worker_of_before_does_not_complete_the_job_of_another(db: Database):
    enqueue(db)
    [of_before] = claim(db)
    go_back(db, of_before)
    db.execute(RESTORED)
    [now] = claim(db)
    assert complete(db, of_before) == []
    assert complete(db, now) == [now["msg_id"]]


def test_a_worker_of_before_does_not_complete_a_job_that_came_later(db: Database):
    lost = enqueue(db)
    [of_before] = claim(db)
    # Restored to before it was added: the row is gone, and its number is given again.
    db.execute("delete from pgmq.q_jobs where msg_id = %s", of_before["msg_id"])
    db.execute("delete from public.jobs where id = %s", lost)
    db.execute(
        "select setval(pg_get_serial_sequence('pgmq.q_jobs', 'msg_id'), %s, false)",
        of_before["msg_id"],
    )
    db.execute(RESTORED)
    later = enqueue(db)
    [now] = claim(db)
    assert complete(db, of_before) == []
    assert (now["job_id"], state(db, later)["status"]) == (later, "running")


def test_ended_leases_cost_no_attempt_and_are_due_at_once(db: Database):
    job_id = enqueue(db)
    [held] = claim(db)
    assert db.value("select private.end_leases()") == 1
    assert state(db, job_id)["status"] == "queued"
    [again] = claim(db)
    assert (again["attempt"], token(again) == token(held)) == (1, False)
    # A second restore to the same point gives other numbers again.
    db.execute("select private.end_leases()")
    [once_more] = claim(db)
    assert once_more["msg_id"] > again["msg_id"]


def test_what_waits_waits_on_and_the_order_stays(db: Database):
    user_id = make_user(db)
    queued = [enqueue(db, user_id=user_id) for _ in range(3)]
    waiting = enqueue(db, user_id=user_id, delay_seconds=3600)
    due_at = "select vt from pgmq.q_jobs where message ->> 'job_id' = %s"
    before = db.value(due_at, str(waiting))
    db.execute("select private.end_leases()")
    assert db.value(due_at, str(waiting)) == before
    assert [job["job_id"] for _ in queued for job in claim(db)] == queued


def test_a_worker_of_before_finds_what_is_due(db: Database):
    """Its cursor is from the time that is lost: it takes older messages for ended ones."""
    job_id = enqueue(db)
    with db.as_worker() as worker:
        cursor = worker.value(
            "select ('(,0,\"' || now() || '\",\"' || now() || '\",1,\"'"
            " || now() + interval '1 minute' || '\")')::private.claim_cursor::text"
        )
        query = "select job_id from private.claim('maintenance', 1, 30, %s)"
        assert worker.rows(query, cursor) == []
        db.execute("select private.end_leases()")
    with db.as_worker() as worker:
        assert worker.rows(query, cursor) == [{"job_id": job_id}]
