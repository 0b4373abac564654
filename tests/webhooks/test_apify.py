"""Apify's webhook: whose call wakes which job, and that nobody else's does."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from psycopg.types.json import Jsonb

from tests.jobs import claim, enqueue, fail, make_kind, state, token
from tests.webhooks.edge import make_settings, running
from webhooks.apify import MAX_BODY_BYTES

SECRET = "made-up-secret"
HASH = hashlib.sha256(SECRET.encode()).digest()


@pytest.fixture
def snoozed(db):
    """A job that waits for a run, and the id of the run's webhook."""
    make_kind(db)
    enqueue(db)
    [job] = claim(db)
    with db.as_worker() as session:
        webhook = session.value("select private.expect_apify_run(%s, %s, %s)", *token(job), HASH)
        session.execute("select private.snooze(%s, %s, 600, 'collecting')", *token(job))
    return job, webhook


def tell(edge, webhook, secret=SECRET, body=b"{}"):
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    return edge.client.post(f"/apify/webhook?id={webhook}", headers=headers, data=body)


def test_the_job_that_waits_is_due_at_once(edge, db, snoozed):
    job, webhook = snoozed
    answer = tell(edge, webhook)
    assert (answer.status_code, answer.json) == (200, {"received": True})
    assert [row["job_id"] for row in claim(db)] == [job["job_id"]]


def test_a_repeated_call_changes_nothing(edge, db, snoozed):
    _job, webhook = snoozed
    assert [tell(edge, webhook).status_code for _ in range(3)] == [200, 200, 200]
    assert len(claim(db)) == 1
    assert tell(edge, webhook).status_code == 200
    assert claim(db) == []


def test_a_call_after_the_job_has_ended_is_well_and_does_nothing(edge, db, snoozed):
    job, webhook = snoozed
    tell(edge, webhook)
    [again] = claim(db)
    fail(db, again, "source_failed", "x")
    assert tell(edge, webhook).status_code == 200
    assert state(db, job["job_id"])["status"] == "failed"


def test_an_unknown_webhook_and_a_wrong_secret_are_told_the_same(edge, db, snoozed):
    job, webhook = snoozed
    answers = [
        tell(edge, uuid.uuid4()),
        tell(edge, webhook, secret="guess"),
        tell(edge, webhook, secret=""),
        tell(edge, webhook, secret=HASH.hex()),
        tell(edge, "nonsense"),
        edge.client.post("/apify/webhook"),
    ]
    told = {(a.status_code, a.json["code"], a.json["detail"]) for a in answers}
    assert told == {(404, "not_found", "There is no such webhook.")}
    assert state(db, job["job_id"])["status"] == "waiting"


def test_guesses_of_an_address_are_not_looked_up_without_bound(db, tmp_path):
    for edge in running(make_settings(db.url("webhook"), tmp_path, refusals_per_minute=3)):
        looked_up = edge.watch_database()
        statuses = [tell(edge, uuid.uuid4(), secret="guess").status_code for _ in range(20)]
        assert statuses == [404] * 3 + [429] * 17
        assert len(looked_up) == 3


def test_what_the_body_says_is_not_read(edge, snoozed):
    _job, webhook = snoozed
    assert tell(edge, webhook, body=b'{"eventType": ').status_code == 200


def test_a_body_has_a_limit(edge, snoozed):
    _job, webhook = snoozed
    answer = tell(edge, webhook, body=b"x" * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_the_secret_is_kept_as_a_hash_only(db, snoozed):
    [row] = db.rows("select secret_hash from private.apify_webhooks")
    assert bytes(row["secret_hash"]) == HASH
    assert db.value("select count(*) from private.live_jobs where arguments <> %s", Jsonb({})) == 0


def test_a_worker_without_the_lease_prepares_no_webhook(db):
    with db.as_worker() as session:
        assert session.value("select private.expect_apify_run(1, 1, %s)", HASH) is None
