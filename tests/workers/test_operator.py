"""The operator's commands, run as an operator does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.database import Database
from tests.jobs import QUEUE, claim, enqueue, fail, make_kind, state
from tests.server import free_port


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


def operate(
    db: Database, *arguments: str, url: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"DB_URL": url or db.url("postgres")},
    )


def test_queues_shows_what_is_due_and_what_there_is(db: Database):
    enqueue(db)
    enqueue(db, delay_seconds=600)
    [line] = [row for row in operate(db, "queues").stdout.splitlines() if row.startswith(QUEUE)]
    assert line.split()[:3] == [QUEUE, "1", "2"]


def test_pause_and_resume_decide_whether_jobs_are_claimed(db: Database):
    enqueue(db)
    assert operate(db, "pause", QUEUE).stdout == "maintenance is paused.\n"
    assert claim(db) == []
    assert operate(db, "resume", QUEUE).stdout == "maintenance is running.\n"
    assert len(claim(db)) == 1


def test_an_unknown_queue_is_named(db: Database):
    answer = operate(db, "pause", "nowhere")
    assert (answer.returncode, answer.stdout) == (1, "There is no queue nowhere.\n")


def test_redrive_brings_a_failed_job_back(db: Database):
    job_id = enqueue(db)
    [job] = claim(db)
    fail(db, job)
    assert operate(db, "redrive", str(job_id)).stdout == f"{job_id} is queued again.\n"
    assert state(db, job_id)["status"] == "queued"


def test_reconcile_queues_one_look_at_stripe_however_often_it_is_asked(db: Database):
    answers = {operate(db, "reconcile").stdout for _ in range(2)}
    [job] = db.rows("select id, user_id from public.jobs where kind = 'reconcile_billing'")
    assert (answers, job["user_id"]) == ({f"Queued as job {job['id']}.\n"}, None)


def test_the_doctor_finds_nothing_wrong_with_a_fresh_database(db: Database):
    answer = operate(db, "doctor")
    assert (answer.returncode, "FAIL" in answer.stdout) == (0, False)


def test_the_doctor_names_what_is_wrong(db: Database):
    job_id = enqueue(db)
    db.execute("delete from pgmq.q_maintenance")
    db.execute("alter table pgmq.q_billing reset (autovacuum_vacuum_scale_factor)")
    operate(db, "pause", "scripts")
    answer = operate(db, "doctor")
    problems = [line.strip() for line in answer.stdout.splitlines() if line.startswith("     ")]
    assert answer.returncode == 1
    assert [problem.split(".")[0] for problem in problems] == [
        "queue billing",
        "queue scripts is paused",
        f"job {job_id} has lost its message",
    ]


def test_a_database_out_of_reach_is_one_line(db: Database):
    answer = operate(db, "doctor", url=f"postgresql://postgres@127.0.0.1:{free_port()}/none")
    assert (answer.returncode, answer.stderr, answer.stdout.count("\n")) == (1, "", 1)
    assert answer.stdout.startswith("The database of DB_URL can't be reached: ")
