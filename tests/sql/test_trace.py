"""The trace of a request is kept with the jobs that it adds."""

from __future__ import annotations

import json

import pytest

from tests.database import Database, make_product, make_user
from tests.jobs import enqueue, make_kind

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def trace_of_new_job(db: Database, headers: str) -> str | None:
    make_kind(db)
    with db.connection.transaction():
        db.execute("select set_config('request.headers', %s, true)", headers)
        enqueue(db)
    with db.as_worker() as worker:
        return worker.row("select trace from private.claim('maintenance', 1, 30)")["trace"]


def test_a_claim_hands_out_the_trace_of_the_request(db: Database):
    headers = json.dumps({"traceparent": TRACEPARENT, "prefer": "x"})
    assert trace_of_new_job(db, headers) == TRACEPARENT


@pytest.mark.parametrize(
    "header",
    [
        "",
        "text of a user",
        TRACEPARENT.upper(),
        TRACEPARENT + "\n",
        TRACEPARENT + "-00",
        "01" + TRACEPARENT[2:],
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "x" * 10_000,
    ],
)
def test_what_is_no_traceparent_is_not_kept(db: Database, header: str):
    assert trace_of_new_job(db, json.dumps({"traceparent": header})) is None


@pytest.mark.parametrize("headers", ["", "{}", '{"traceparent": null}'])
def test_a_request_without_one_adds_jobs_without_a_trace(db: Database, headers: str):
    assert trace_of_new_job(db, headers) is None


def test_the_plan_of_a_job_is_that_of_its_account(db: Database):
    user = make_user(db)
    make_product(db, user)
    with db.as_worker() as worker:
        job = worker.row("select msg_id, read_ct from private.claim('ingestion', 1, 30)")
        plan = "select private.plan_of_job(%s, %s)"
        assert worker.value(plan, job["msg_id"], job["read_ct"]) == "free"
        assert worker.value(plan, job["msg_id"], job["read_ct"] + 1) is None


def test_the_plan_of_system_work_is_none(db: Database):
    make_kind(db)
    enqueue(db)
    with db.as_worker() as worker:
        job = worker.row("select msg_id, read_ct from private.claim('maintenance', 1, 30)")
        assert (
            worker.value("select private.plan_of_job(%s, %s)", job["msg_id"], job["read_ct"])
            == "none"
        )


def test_the_server_says_how_it_is(db: Database):
    make_kind(db)
    enqueue(db)
    db.execute("update private.queues set is_paused = true where queue = 'scripts'")
    db.execute("update private.schedules set problem = 'wrong'")
    with db.as_webhook() as edge:
        rows = edge.rows("select * from private.server_metrics()")
    found = {(row["name"], row["label"]): row["value"] for row in rows}
    assert found["jobs_due", "maintenance"] == 1
    assert found["jobs_oldest_due_seconds", "maintenance"] > 0
    assert found["jobs_oldest_due_seconds", "billing"] == 0
    assert (found["queue_paused", "scripts"], found["queue_paused", "billing"]) == (1, 0)
    assert 0 < found["connections", "used"] <= found["connections", "limit"]
    assert found["database_bytes", ""] > 1_000_000
    assert found["schedules_stopped", ""] == db.value("select count(*) from private.schedules")
