"""The operator's commands, run as an operator does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from core.webhook_secrets import WebhookSecrets
from tests.database import Database, make_user
from tests.jobs import QUEUE, claim, complete, enqueue, fail, make_kind, state
from tests.server import free_port


@pytest.fixture(autouse=True)
def noop(db: Database) -> str:
    return make_kind(db)


def operate(
    db: Database, *arguments: str, url: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workers", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"DB_URL": url or db.url("postgres")} | settings,
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


def peeked(db: Database, *options: str) -> list[list[str]]:
    """msg_id, job_id, kind, status, stage, attempt, read_ct and seconds until due, as shown."""
    answer = operate(db, "peek", QUEUE, *options)
    assert answer.returncode == 0
    return [line.split() for line in answer.stdout.splitlines()[1:]]


def test_peek_shows_messages_in_the_order_in_which_they_are_due_and_leases_none(db: Database):
    later, now = enqueue(db, delay_seconds=600), enqueue(db)
    db.execute("select private.enqueue('sync_customer', null)")
    rows = peeked(db)
    assert [row[1:5] for row in rows] == [
        [str(job_id), "noop", "queued", "queued"] for job_id in (now, later)
    ]
    assert rows[0][5:] == ["1", "0", "0"]
    assert 0 < int(rows[1][7]) <= 600
    assert [job["job_id"] for job in claim(db, 10)] == [now]
    assert len(peeked(db, "--limit", "1")) == 1


def test_archive_fails_a_harmful_job_and_keeps_its_message(db: Database):
    user_id = make_user(db)
    job_id, other = enqueue(db, user_id=user_id), enqueue(db)
    [harmful] = [job for job in claim(db, 2) if job["job_id"] == job_id]
    answer = operate(db, "archive", str(job_id)).stdout
    msg_id = harmful["msg_id"]
    assert answer == f"{job_id} has failed; its message {msg_id} is in the archive.\n"
    assert state(db, job_id)["status"] == "failed"
    assert complete(db, harmful) == []  # its worker has lost the lease
    [row] = peeked(db, "--archived")
    assert row[:4] == [str(msg_id), str(job_id), "noop", "failed"]
    assert [row[1] for row in peeked(db)] == [str(other)]
    assert str(user_id) not in str(db.rows("select * from pgmq.a_jobs"))
    again = operate(db, "archive", str(job_id))
    assert (again.returncode, again.stdout) == (1, f"{job_id} is not an unfinished job.\n")


def test_replay_queues_what_was_archived_from_that_queue(db: Database):
    job_ids = [enqueue(db, arguments={"n": n}) for n in range(2)]
    elsewhere = db.value("select private.enqueue('sync_customer', null)")
    for job_id in (*job_ids, elsewhere):
        operate(db, "archive", str(job_id))
    answer = operate(db, "replay", QUEUE)
    assert answer.stdout == f"2 of 2 archived jobs of {QUEUE} are queued again.\n"
    back = {job["job_id"]: job["arguments"] for job in claim(db, 10)}
    assert back == {job_id: {"n": n} for n, job_id in enumerate(job_ids)}
    assert db.value("select message ->> 'job_id' from pgmq.a_jobs") == str(elsewhere)


def test_purge_cancels_what_does_not_run_in_that_queue_once_it_is_meant(db: Database):
    running = enqueue(db)
    assert len(claim(db)) == 1
    idle = [enqueue(db), enqueue(db, delay_seconds=600)]
    elsewhere = db.value("select private.enqueue('sync_customer', null)")
    assert operate(db, "purge", QUEUE).returncode == 1
    assert {state(db, job_id)["status"] for job_id in idle} == {"queued"}
    answer = operate(db, "purge", QUEUE, "--yes")
    assert answer.stdout == f"2 jobs of {QUEUE} are cancelled; 1 run on.\n"
    assert {state(db, job_id)["status"] for job_id in idle} == {"cancelled"}
    assert [state(db, job_id)["status"] for job_id in (running, elsewhere)] == ["running", "queued"]
    assert db.value("select count(*) from pgmq.q_jobs") == 2


@pytest.mark.parametrize("command", ["peek", "replay", "purge"])
def test_no_command_takes_a_queue_that_is_not_there(db: Database, command: str):
    answer = operate(db, command, "nowhere")
    assert (answer.returncode, answer.stdout) == (1, "There is no queue nowhere.\n")


def test_reconcile_queues_one_look_at_stripe_however_often_it_is_asked(db: Database):
    answers = {operate(db, "reconcile").stdout for _ in range(2)}
    [job] = db.rows("select id, user_id from public.jobs where kind = 'reconcile_billing'")
    assert (answers, job["user_id"]) == ({f"Queued as job {job['id']}.\n"}, None)


def test_the_doctor_finds_nothing_wrong_with_a_fresh_database(db: Database):
    answer = operate(db, "doctor")
    assert (answer.returncode, "FAIL" in answer.stdout) == (0, False)


def test_the_doctor_names_what_is_wrong(db: Database):
    job_id = enqueue(db)
    db.execute("delete from pgmq.q_jobs")
    db.execute("alter table pgmq.q_jobs reset (autovacuum_vacuum_scale_factor)")
    operate(db, "pause", "scripts")
    answer = operate(db, "doctor")
    problems = [line.strip() for line in answer.stdout.splitlines() if line.startswith("     ")]
    assert answer.returncode == 1
    assert [problem.split(".")[0] for problem in problems] == [
        "the table of messages has lost its vacuum settings",
        "queue scripts is paused",
        f"job {job_id} has lost its message",
    ]


def test_the_owner_registers_the_key_of_webhook_secrets(db: Database):
    key = Fernet.generate_key().decode()
    missing = operate(db, "register-webhook-key")
    assert (missing.returncode, missing.stdout) == (
        1, "WEBHOOK_SECRET_KEYS is empty: nothing is registered.\n",
    )  # fmt: skip
    with db.as_user(make_user(db)) as user:
        user.execute("insert into public.webhook_endpoints (url) values ('https://a.example/in')")
    assert "no key makes their secrets" in operate(db, "doctor").stdout
    done = operate(db, "register-webhook-key", WEBHOOK_SECRET_KEYS=key)
    [stored] = db.rows("select key_id from private.endpoint_keys")
    assert (done.returncode, stored["key_id"] in done.stdout) == (0, True)
    assert stored["key_id"] == WebhookSecrets([key]).newest.key_id
    assert operate(db, "doctor").returncode == 0
    refused = operate(db, "register-webhook-key", url=db.url("worker"), WEBHOOK_SECRET_KEYS=key)
    assert refused.returncode == 1


def test_a_database_out_of_reach_is_one_line(db: Database):
    answer = operate(db, "doctor", url=f"postgresql://postgres@127.0.0.1:{free_port()}/none")
    assert (answer.returncode, answer.stderr, answer.stdout.count("\n")) == (1, "", 1)
    assert answer.stdout.startswith("The database of DB_URL can't be reached: ")
