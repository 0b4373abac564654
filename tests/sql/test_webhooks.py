"""Webhook endpoints and what is told of: who may, what is refused, what reaches the deliveries."""

from __future__ import annotations

import json
import uuid
from base64 import b64decode
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from core.webhook_secrets import SecretUnreadable, WebhookSecrets, register
from tests.database import Database, Row, make_product, make_user
from tests.erasure import bury, finish_erasures, rows_about
from tests.jobs import end_all
from tests.rows import (
    WEBHOOK_SECRETS,
    make_api_key,
    make_delivery,
    make_notification,
    make_subscription,
    make_webhook,
)
from tests.sql.test_isolation import acting
from tests.sql.test_organisations import make_organisation

ADD = "insert into public.webhook_endpoints (url, description, kinds) values (%s, %s, %s)"
ENDPOINT = "select disabled_at is null as is_on, disabled_reason from public.webhook_endpoints"
PENDING = "select count(*) from public.webhook_deliveries where status = 'pending'"
NEXT = "select * from private.begin_attempt(%s)"
RECORD = "select private.end_attempt(%s, %s, %s, null)"


def code(error: pytest.ExceptionInfo[psycopg.Error]) -> str:
    return json.loads(error.value.diag.message_primary or "")["code"]


def attempt(db: Database, endpoint: Row, status: int | None = 200, problem: str | None = None):
    with db.as_worker() as worker:
        begun = worker.row(NEXT, endpoint["id"])
    if begun["delivery_id"]:
        with db.as_worker() as worker:
            begun["outcome"] = worker.value(RECORD, begun["delivery_id"], status, problem)
    return begun


# Secrets


def test_a_secret_is_shown_once_and_only_a_workers_key_opens_it(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    secret = b64decode(endpoint["secret"].removeprefix("whsec_"), validate=True)
    assert len(secret) == 32
    make_delivery(db, endpoint["user_id"], endpoint_id=endpoint["id"])
    [encrypted] = attempt(db, endpoint)["secrets"]
    assert WEBHOOK_SECRETS.open(**encrypted) == secret
    with pytest.raises(SecretUnreadable):
        WebhookSecrets([Fernet.generate_key().decode()]).open(**encrypted)
    stored = db.value(
        "select concat_ws(' ', to_jsonb(e), to_jsonb(s), to_jsonb(k))"
        " from public.webhook_endpoints as e"
        " join private.endpoint_secrets as s on s.endpoint_id = e.id"
        " join private.endpoint_keys as k on k.key_id = s.key_id"
    )
    for form in (endpoint["secret"][6:], secret.hex(), str(int.from_bytes(secret))):
        assert form not in stored


def test_two_endpoints_have_two_secrets(db: Database) -> None:
    user = make_user(db)
    assert make_webhook(db, user)["secret"] != make_webhook(db, user)["secret"]


def test_an_old_secret_signs_for_a_day_beside_the_new_one(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    secrets = [endpoint["secret"]]
    for _ in range(2):
        with db.as_user(endpoint["user_id"]) as owner:
            made = owner.row("select * from public.rotate_webhook_secret(%s)", endpoint["id"])
        assert made["old_secret_ends_at"] is not None
        secrets.insert(0, made["secret"])
    make_delivery(db, endpoint["user_id"], endpoint_id=endpoint["id"])
    make_delivery(db, endpoint["user_id"], endpoint_id=endpoint["id"])
    opened = [WEBHOOK_SECRETS.open(**each) for each in attempt(db, endpoint)["secrets"]]
    # The third one back ended with the second rotation.
    assert opened == [b64decode(secret[6:]) for secret in secrets[:2]]
    db.execute("update private.endpoint_secrets set ends_at = ends_at - interval '24 hours'")
    [encrypted] = attempt(db, endpoint)["secrets"]
    assert WEBHOOK_SECRETS.open(**encrypted) == b64decode(secrets[0][6:])


def test_the_key_that_was_registered_last_makes_new_secrets(db: Database) -> None:
    user = make_user(db)
    make_webhook(db, user)
    newer = WebhookSecrets([Fernet.generate_key().decode()]).newest
    register(db.connection, newer)
    with db.as_user(user) as owner:
        [endpoint] = owner.rows("select id from public.webhook_endpoints")
        owner.execute("select public.rotate_webhook_secret(%s)", endpoint["id"])
    used = db.rows("select key_id from private.endpoint_secrets order by created_at")
    assert [row["key_id"] for row in used] == [WEBHOOK_SECRETS.newest.key_id, newer.key_id]


@pytest.mark.parametrize("login", ["worker", "webhook", "authenticator"])
def test_no_login_registers_a_key_and_so_reads_later_secrets(db: Database, login: str) -> None:
    own = WebhookSecrets([Fernet.generate_key().decode()]).newest
    with db.connect(login) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        register(connection, own)
    assert db.value("select count(*) from private.endpoint_keys") == 0


def test_a_worker_is_told_what_its_key_lacks(db: Database) -> None:
    newer, older = (WebhookSecrets([Fernet.generate_key().decode()]).newest for _ in range(2))

    def problem(key_id: str | None) -> str | None:
        with db.as_worker() as worker:
            return worker.value("select private.endpoint_key_problem(%s)", key_id)

    assert (problem(None), problem(newer.key_id)) == (None, "not_registered")
    register(db.connection, older)
    register(db.connection, newer)
    assert [problem(key) for key in (None, older.key_id, newer.key_id)] == [
        None, "not_registered", None,
    ]  # fmt: skip
    endpoint = make_webhook(db, make_user(db))
    register(db.connection, newer)
    assert (problem(None), problem(newer.key_id)) == ("no_key", None)
    db.execute("update public.webhook_endpoints set disabled_at = now() where id = %s",
               endpoint["id"])  # fmt: skip
    assert problem(None) is None


def test_without_a_key_there_are_no_webhooks(db: Database) -> None:
    with db.as_user(make_user(db)) as user:
        user.execute(ADD, "https://hooks.example/in", "", "{}")
        endpoint = user.row("select id from public.webhook_endpoints")
        with pytest.raises(psycopg.Error) as refused:
            user.execute("select public.rotate_webhook_secret(%s)", endpoint["id"])
    assert code(refused) == "webhooks_not_configured"


# Endpoints

WRONG: dict[str, tuple[tuple[Any, ...], str]] = {
    "no url": (("", "", "{}"), "invalid_url"),
    "plain http": (("http://hooks.example/in", "", "{}"), "invalid_url"),
    "link-local": (("https://169.254.169.254/latest", "", "{}"), "invalid_url"),
    "credentials": (("https://me:secret@hooks.example/", "", "{}"), "invalid_url"),
    "loopback's name inside": (("http://localhost.example/", "", "{}"), "invalid_url"),
    "long description": (("https://hooks.example/", "x" * 201, "{}"), "invalid_name"),
    "hidden text": (("https://hooks.example/", "a\u202eb", "{}"), "invalid_name"),
    "two lines": (("https://hooks.example/", "a\nb", "{}"), "invalid_name"),
    "no such kind": (("https://hooks.example/", "", "{sold_out,nothing}"), "invalid_kinds"),
}


@pytest.mark.parametrize(("values", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_endpoint_is_refused(db: Database, values, expected: str) -> None:
    with pytest.raises(psycopg.Error) as refused, db.as_user(make_user(db)) as user:
        user.execute(ADD, *values)
    assert code(refused) == expected


def test_an_account_has_ten_endpoints_at_most(db: Database) -> None:
    with db.as_user(make_user(db)) as user:
        for _ in range(10):
            user.execute(ADD, "https://hooks.example/in", "", "{}")
        with pytest.raises(psycopg.Error) as refused:
            user.execute(ADD, "https://hooks.example/in", "", "{}")
    assert code(refused) == "too_many_webhooks"


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_only_admins_make_and_use_endpoints(db: Database, role: str) -> None:
    organisation, person = make_organisation(db), make_user(db)
    endpoint = make_webhook(db, organisation)
    for query, value in (
        (ADD.replace("%s, %s, %s", "%s, '', '{}'"), "https://hooks.example/in"),
        ("select public.rotate_webhook_secret(%s)", endpoint["id"]),
        ("select public.test_webhook(%s)", endpoint["id"]),
    ):
        with (
            pytest.raises(psycopg.Error) as refused,
            db.as_user(organisation, **acting(person, role)) as member,
        ):
            member.execute(query, value)
        assert code(refused) == "role_not_allowed"


def test_an_api_key_makes_no_endpoint_and_sees_none(db: Database) -> None:
    user = make_user(db)
    make_webhook(db, user)
    key = make_api_key(db, user, "write")
    claims = {"account_role": "editor", "api_key": str(key["id"])}
    with db.as_user(user, **claims) as agent:
        assert agent.rows("select from public.webhook_endpoints") == []
        with pytest.raises(psycopg.Error) as refused:
            agent.execute(ADD, "https://hooks.example/in", "", "{}")
    assert code(refused) == "role_not_allowed"


def test_another_accounts_endpoint_is_not_there(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    for function in ("rotate_webhook_secret", "test_webhook"):
        with pytest.raises(psycopg.Error) as refused, db.as_user(make_user(db)) as other:
            other.execute(f"select public.{function}(%s)", endpoint["id"])
        assert code(refused) == "not_found"


def test_disabling_and_enabling_take_the_servers_clock(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    make_notification(db, endpoint["user_id"])
    change = "update public.webhook_endpoints set disabled_at = %s where id = %s"
    with db.as_user(endpoint["user_id"]) as owner:
        owner.execute(change, "2020-01-01", endpoint["id"])
        shown = owner.row("select * from public.webhook_endpoints")
    assert shown["disabled_reason"] == "owner"
    assert shown["disabled_at"].year > 2020
    assert db.row("select status, problem from public.webhook_deliveries") == {
        "status": "failed", "problem": "endpoint_disabled",
    }  # fmt: skip
    make_notification(db, endpoint["user_id"])
    assert db.value(PENDING) == 0
    with db.as_user(endpoint["user_id"]) as owner:
        owner.execute(change, None, endpoint["id"])
        owner.execute(change, None, endpoint["id"])
    assert db.row(ENDPOINT) == {"is_on": True, "disabled_reason": None}
    make_notification(db, endpoint["user_id"])
    assert db.value(PENDING) == 1


def test_changes_of_endpoints_are_in_the_audit_trail(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    with db.as_user(endpoint["user_id"]) as owner:
        owner.execute(
            "update public.webhook_endpoints set url = 'https://hooks.example/2' where id = %s",
            endpoint["id"],
        )
        owner.execute("delete from public.webhook_endpoints where id = %s", endpoint["id"])
        seen = owner.rows(
            "select action, target_kind, changes from public.audit_events order by created_at"
        )
    assert sorted((row["action"], row["target_kind"], tuple(row["changes"])) for row in seen) == [
        ("delete", "webhook_endpoint", ()),
        ("insert", "webhook_endpoint", ()),
        ("update", "webhook_endpoint", ("url",)),
    ]


# What is told of


def told(db: Database, user_id: uuid.UUID) -> list[tuple[str, str]]:
    query = "select kind, text from public.notifications where user_id = %s order by created_at"
    return [(row["kind"], row["text"]) for row in db.rows(query, user_id)]


def test_an_analysis_that_fails_is_told_of_in_its_transaction(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db), kinds="{analysis_failed}")
    product = make_product(db, endpoint["user_id"])
    end_all(db, endpoint["user_id"], "failed", "page_not_found")
    assert told(db, endpoint["user_id"]) == [
        ("analysis_failed", "The analysis of Walnut desk lamp failed. Why.")
    ]
    delivery = db.row("select kind, payload, status from public.webhook_deliveries")
    assert (delivery["kind"], delivery["status"]) == ("analysis_failed", "pending")
    payload = delivery["payload"]
    assert payload["type"] == "analysis_failed"
    assert payload["data"]["product_id"] == str(product["id"])
    assert payload["data"]["text"] == "The analysis of Walnut desk lamp failed. Why."
    assert payload["data"]["params"] == {
        "product": "Walnut desk lamp", "error_code": "page_not_found", "error_message": "Why.",
    }  # fmt: skip


def test_a_cancelled_analysis_is_not_told_of(db: Database) -> None:
    user = make_user(db)
    make_product(db, user)
    end_all(db, user, "cancelled")
    assert told(db, user) == []


def test_a_failure_beside_the_deletion_of_its_product_waits_for_nobody(db: Database) -> None:
    user = make_user(db)
    product = make_product(db, user)
    with db.connect("postgres") as deleting:
        deleting.execute("begin")
        deleting.execute("select from public.products where id = %s for update", (product["id"],))
        db.execute("set lock_timeout = '1ms'")
        end_all(db, user, "failed", "page_not_found")
    assert told(db, user) == []


def test_eighty_percent_of_a_quota_are_told_of_once_a_month(db: Database) -> None:
    user = make_user(db)
    db.execute("update public.plans set analyses_per_month = 5, max_products = 100")
    for number in range(1, 6):
        make_product(db, user)
        quotas = [text for kind, text in told(db, user) if kind == "quota_nearly_used"]
        used = ["4 of this month's 5 analyses are used."]
        assert quotas == (used if number >= 4 else [])
    # What is given back and used again is the same mark, whatever the sentence says.
    db.execute("update private.usage set used = 3")
    db.execute("update public.notifications set text = 'In other words.'")
    make_product(db, user)
    assert [kind for kind, _ in told(db, user)] == ["quota_nearly_used"]
    month = db.value("select private.current_month()::text")
    assert db.value("select params from public.notifications") == {
        "metric": "analyses", "used": 4, "limit": 5, "month": month,
    }  # fmt: skip
    # The next month has its own.
    db.execute("update private.usage set month = month - interval '1 month'")
    for _ in range(4):
        make_product(db, user)
    assert [kind for kind, _ in told(db, user)] == ["quota_nearly_used"] * 2


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_a_failed_payment_is_told_of_once(db: Database, status: str) -> None:
    user = make_user(db)
    make_subscription(db, user)
    for new in (status, status, "active"):
        db.execute("update public.subscriptions set status = %s", new)
    assert [kind for kind, _ in told(db, user)] == ["payment_failed"]


def test_an_endpoint_gets_the_kinds_that_it_names_and_an_empty_list_all(db: Database) -> None:
    user, other = make_user(db), make_user(db)
    some, every = make_webhook(db, user, kinds="{sold_out}"), make_webhook(db, user)
    make_webhook(db, other)
    for kind in ("breakout", "sold_out"):
        make_notification(db, user, kind=kind)
    query = "select kind from public.webhook_deliveries where endpoint_id = %s order by kind"
    assert [row["kind"] for row in db.rows(query, some["id"])] == ["sold_out"]
    assert [row["kind"] for row in db.rows(query, every["id"])] == ["breakout", "sold_out"]
    assert db.value("select count(*) from public.webhook_deliveries") == 3


def test_an_endpoint_without_a_secret_gets_nothing(db: Database) -> None:
    user = make_user(db)
    with db.as_user(user) as owner:
        owner.execute(ADD, "https://hooks.example/in", "", "{}")
        endpoint = owner.row("select id from public.webhook_endpoints")
    make_notification(db, user)
    assert db.value(PENDING) == 0
    with pytest.raises(psycopg.Error) as refused, db.as_user(user) as owner:
        owner.execute("select public.test_webhook(%s)", endpoint["id"])
    assert code(refused) == "webhook_without_secret"


def test_an_endpoint_has_a_thousand_pending_deliveries_at_most(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    db.execute(
        "insert into public.notifications (user_id, kind, text)"
        " select %s, 'breakout', 'Told.' from generate_series(1, 700)",
        endpoint["user_id"],
    )
    for _ in range(2):
        db.execute(
            "insert into public.notifications (user_id, kind, text)"
            " select %s, 'breakout', 'Told.' from generate_series(1, 400)",
            endpoint["user_id"],
        )
    assert db.value(PENDING) == 1000
    with pytest.raises(psycopg.Error) as refused, db.as_user(endpoint["user_id"]) as owner:
        owner.execute("select public.test_webhook(%s)", endpoint["id"])
    assert code(refused) == "rate_limited"
    # One job for all of them.
    assert db.value("select count(*) from private.live_jobs where kind = 'deliver_webhooks'") == 1


# Attempts


def test_a_test_is_a_delivery_that_the_owner_sees(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    with db.as_user(endpoint["user_id"]) as owner:
        made = owner.row("select * from public.test_webhook(%s)", endpoint["id"])
    assert (made["kind"], made["status"], made["attempts"]) == ("test", "pending", 0)
    begun = attempt(db, endpoint, 204)
    assert (begun["delivery_id"], begun["url"]) == (made["id"], endpoint["url"])
    assert json.loads(begun["body"]) == made["payload"]
    with db.as_user(endpoint["user_id"]) as owner:
        shown = owner.row("select * from public.webhook_deliveries")
    assert (shown["status"], shown["attempts"], shown["response_status"]) == ("delivered", 1, 204)
    assert (shown["next_attempt_at"], shown["problem"]) == (None, None)


def test_a_disabled_endpoint_is_not_tested(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    db.execute("update public.webhook_endpoints set disabled_at = now()")
    with pytest.raises(psycopg.Error) as refused, db.as_user(endpoint["user_id"]) as owner:
        owner.execute("select public.test_webhook(%s)", endpoint["id"])
    assert code(refused) == "webhook_disabled"


def test_a_delivery_is_tried_twenty_times(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    make_delivery(db, endpoint["user_id"], endpoint_id=endpoint["id"])
    outcomes = []
    for _ in range(20):
        outcomes.append(attempt(db, endpoint, 500, "status")["outcome"])
        db.execute(
            "update public.webhook_deliveries set next_attempt_at = now(),"
            " last_attempt_at = now() - interval '2 minutes' where status = 'pending'"
        )
        db.execute("update private.endpoint_states set paused_until_at = null")
    assert outcomes == ["pending"] * 19 + ["failed"]
    assert attempt(db, endpoint)["delivery_id"] is None


def test_an_account_has_120_attempts_a_minute(db: Database) -> None:
    user = make_user(db)
    first, second = make_webhook(db, user), make_webhook(db, user)
    db.execute(
        "insert into public.webhook_deliveries"
        " (user_id, endpoint_id, kind, payload, status, last_attempt_at)"
        " select %s, %s, 'breakout', '{}', 'delivered', now() - interval '10 seconds'"
        " from generate_series(1, 119)",
        user,
        first["id"],
    )
    for _ in range(2):
        make_delivery(db, user, endpoint_id=second["id"])
    assert attempt(db, second)["outcome"] == "delivered"
    assert 45 < attempt(db, second)["wait_seconds"] <= 50
    other = make_webhook(db, make_user(db))
    make_delivery(db, other["user_id"], endpoint_id=other["id"])
    assert attempt(db, other)["outcome"] == "delivered"


def test_failures_for_three_days_disable_an_endpoint_and_a_success_forgives(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    for _ in range(4):
        make_delivery(db, endpoint["user_id"], endpoint_id=endpoint["id"])
    ago = (
        "update private.endpoint_states set failing_since_at = now() - %s::interval, "
        "paused_until_at = null"
    )
    assert attempt(db, endpoint, None, "unreachable")["outcome"] == "pending"
    db.execute(ago, "2 days 23 hours")
    assert attempt(db, endpoint, 200)["outcome"] == "delivered"
    assert db.value("select count(*) from private.endpoint_states") == 0
    assert attempt(db, endpoint, None, "timeout")["outcome"] == "pending"
    db.execute(ago, "3 days 1 hour")
    assert attempt(db, endpoint, 500, "status")["outcome"] == "disabled"
    assert db.row(ENDPOINT) == {"is_on": False, "disabled_reason": "failing"}
    assert db.value(PENDING) == 0
    [(kind, text)] = told(db, endpoint["user_id"])
    assert kind == "webhook_disabled"
    assert text == (
        "A webhook endpoint was disabled, because it has failed for three days: hooks.example"
    )


def test_410_disables_at_once_and_other_endpoints_are_told(db: Database) -> None:
    user = make_user(db)
    gone, other = make_webhook(db, user), make_webhook(db, user, kinds="{webhook_disabled}")
    for _ in range(2):
        make_delivery(db, user, endpoint_id=gone["id"])
    assert attempt(db, gone, 410, "status")["outcome"] == "disabled"
    query = "select status, problem from public.webhook_deliveries where endpoint_id = %s"
    assert {(row["status"], row["problem"]) for row in db.rows(query, gone["id"])} == {
        ("failed", "endpoint_disabled")
    }
    assert db.rows(query, other["id"]) == [{"status": "pending", "problem": None}]


@pytest.mark.parametrize("rest", ["?token=hush", "#hush", "/hush?token=hush"])
def test_who_is_told_of_a_disabled_endpoint_sees_its_host_alone(db: Database, rest: str) -> None:
    user = make_user(db)
    endpoint = make_webhook(db, user, url="https://hooks.example" + rest)
    make_delivery(db, user, endpoint_id=endpoint["id"])
    attempt(db, endpoint, 410, "status")
    [note] = db.rows("select text, params from public.notifications where user_id = %s", user)
    assert "hush" not in json.dumps(note)
    assert note["params"]["host"] == "hooks.example"


def test_a_job_ends_only_when_nothing_is_pending(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    is_over = "select private.may_end_deliveries_job(%s)"
    make_delivery(db, endpoint["user_id"], endpoint_id=endpoint["id"])
    with db.as_worker() as worker:
        assert worker.value(is_over, endpoint["id"]) is False
    attempt(db, endpoint)
    with db.as_worker() as worker:
        assert worker.value(is_over, endpoint["id"]) is True
        # Who adds a delivery now waits for the end of the job, and then queues another one.
        with db.connect("postgres") as adding:
            adding.execute("set lock_timeout = '1ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                adding.execute(
                    "insert into public.notifications (user_id, kind, text)"
                    " values (%s, 'breakout', 'Told.')",
                    (endpoint["user_id"],),
                )


def test_what_a_lost_job_has_left_is_queued_again(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    make_delivery(db, endpoint["user_id"], endpoint_id=endpoint["id"])
    with db.as_worker() as worker:
        assert worker.value("select private.requeue_deliveries()") == 0
    db.execute("update public.webhook_deliveries set next_attempt_at = now() - interval '1 hour'")
    with db.as_worker() as worker:
        assert worker.value("select private.requeue_deliveries()") == 1
    assert db.value("select count(*) from private.live_jobs where kind = 'deliver_webhooks'") == 1


# The end of an account


def test_endpoints_and_deliveries_are_exported_and_erased(db: Database) -> None:
    endpoint = make_webhook(db, make_user(db))
    make_delivery(db, endpoint["user_id"], endpoint_id=endpoint["id"])
    with db.as_user(endpoint["user_id"]) as owner:
        page = owner.value("select public.export_account()")
    [exported] = page["webhook_endpoints"]
    assert exported["url"] == endpoint["url"]
    assert len(page["webhook_deliveries"]) == 1
    assert endpoint["secret"] not in json.dumps(page)
    bury(db, endpoint["user_id"])
    finish_erasures(db, quantity=1)
    assert rows_about(db, endpoint["user_id"]) == {}
    assert db.value("select count(*) from private.endpoint_secrets") == 0
