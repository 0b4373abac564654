"""deliver_webhooks by a real worker to a real receiver: down, slow, redirecting, gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.database import Database, Row, make_user
from tests.fakes.receiver import OK, Receiver, answer
from tests.patience import PATIENCE_SECONDS
from tests.rows import WEBHOOK_SECRETS, make_notification, make_webhook
from tests.running import worker
from workers.jobs import webhooks
from workers.jobs.services import Services
from workers.sources.web.fetch import Resolve, open_fetcher

HOUR = 3600.0
# Lets time pass for all that the deliveries wait for.
ADVANCE = """
with a as (select make_interval(secs => %(seconds)s) as by),
messages as (update pgmq.q_jobs as m set vt = m.vt - a.by from a),
deliveries as (
    update public.webhook_deliveries as d set
        next_attempt_at = d.next_attempt_at - a.by, last_attempt_at = d.last_attempt_at - a.by
    from a
),
secrets as (update private.endpoint_secrets as s set ends_at = s.ends_at - a.by from a)
update private.endpoint_states as s set
    failing_since_at = s.failing_since_at - a.by, paused_until_at = s.paused_until_at - a.by
from a
"""
JOB = """
select extract(epoch from m.vt - now())::float8 as due_in, j.status
from private.live_jobs as l join pgmq.q_jobs as m on m.msg_id = l.msg_id
join public.jobs as j on j.id = l.job_id where l.kind = 'deliver_webhooks'
"""
DELIVERIES = "select * from public.webhook_deliveries order by created_at, id"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.up()
    yield made
    await made.down()


@asynccontextmanager
async def sending(
    db: Database, *receivers: Receiver, resolve: Resolve | None = None
) -> AsyncIterator[None]:
    """A worker that may reach these receivers."""
    db.execute("delete from private.schedules")
    allowed = tuple(f"127.0.0.1:{each.port}" for each in receivers)
    async with open_fetcher(allowed=allowed, resolve=resolve) as fetcher:
        services = Services(
            fetcher=fetcher,
            ref_key=b"test",
            now=lambda: datetime.now(UTC),
            webhook_secrets=WEBHOOK_SECRETS,
        )
        async with worker(db, "deliver_webhooks", webhooks.handler(services), "maintenance"):
            yield


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - it is in the database
            await asyncio.sleep(0.02)


def is_at_rest(db: Database) -> bool:
    """No job of deliveries is due or runs."""
    jobs = db.rows(JOB)
    return all(job["status"] == "waiting" and job["due_in"] > 0.5 for job in jobs)


async def pass_time(db: Database, seconds: float) -> None:
    """Lets so much time pass, from one due attempt to the next."""
    left = seconds
    while left > 0:
        await until(lambda: is_at_rest(db))
        due = [job["due_in"] for job in db.rows(JOB)]
        step = min([left, *due])
        with db.connection.transaction():
            db.execute(ADVANCE.replace("%(seconds)s", str(step)))
            db.execute("select pg_notify('jobs', 'maintenance')")
        left -= step
    await until(lambda: is_at_rest(db))


def verified(receiver: Receiver, secret: str) -> list[dict]:
    """What came in, each signature checked as receivers do."""
    return [Webhook(secret).verify(each.body, each.headers) for each in receiver.messages]


async def test_a_notification_arrives_signed(db: Database, receiver: Receiver):
    endpoint = make_webhook(db, make_user(db), receiver.url)
    async with sending(db, receiver):
        told = make_notification(db, endpoint["user_id"], kind="sold_out", text="Mug: sold out.")
        await until(lambda: not db.rows(JOB) and receiver.messages)
    [event] = verified(receiver, endpoint["secret"])
    assert event == {
        "type": "sold_out",
        "timestamp": event["timestamp"],
        "data": {
            "notification_id": str(told["id"]),
            "account_id": str(endpoint["user_id"]),
            "product_id": None,
            "text": "Mug: sold out.",
            "params": {},
        },
    }
    assert datetime.fromisoformat(event["timestamp"]) == told["created_at"]
    [delivery] = db.rows(DELIVERIES)
    assert receiver.messages[0].headers["webhook-id"] == str(delivery["id"])
    assert receiver.messages[0].headers["content-type"] == "application/json"
    assert (delivery["status"], delivery["attempts"]) == ("delivered", 1)
    with pytest.raises(WebhookVerificationError):
        verified(receiver, make_webhook(db, make_user(db), receiver.url)["secret"])


async def test_both_secrets_sign_during_a_rotation(db: Database, receiver: Receiver):
    endpoint = make_webhook(db, make_user(db), receiver.url)
    with db.as_user(endpoint["user_id"]) as owner:
        new = owner.row("select * from public.rotate_webhook_secret(%s)", endpoint["id"])
    async with sending(db, receiver):
        make_notification(db, endpoint["user_id"])
        await until(lambda: not db.rows(JOB) and receiver.messages)
        assert verified(receiver, new["secret"]) == verified(receiver, endpoint["secret"])
        db.execute("update private.endpoint_secrets set ends_at = now()"
                   " where ends_at is not null")  # fmt: skip
        receiver.messages.clear()
        make_notification(db, endpoint["user_id"])
        await until(lambda: not db.rows(JOB) and receiver.messages)
    verified(receiver, new["secret"])
    with pytest.raises(WebhookVerificationError):
        verified(receiver, endpoint["secret"])


async def test_nothing_is_lost_while_a_receiver_is_down_for_an_hour(
    db: Database, receiver: Receiver
):
    endpoint = make_webhook(db, make_user(db), receiver.url)
    await receiver.down()
    async with sending(db, receiver):
        for number in range(3):
            make_notification(db, endpoint["user_id"], text=f"Number {number}.")
        await pass_time(db, HOUR)
        rows = db.rows(DELIVERIES)
        assert {(row["status"], row["problem"]) for row in rows} == {("pending", "unreachable")}
        # Backoff: not one attempt a second, and none of the three is left out.
        assert 3 <= sum(row["attempts"] for row in rows) <= 20
        assert min(row["attempts"] for row in rows) >= 1
        assert all(row["next_attempt_at"] is not None for row in rows)
        assert db.value("select disabled_at from public.webhook_endpoints") is None
        await receiver.up()
        # The longest backoff of an hour of failures, and the pause of the endpoint.
        await pass_time(db, HOUR)
        await until(lambda: not db.rows(JOB))
    rows = db.rows(DELIVERIES)
    assert [row["status"] for row in rows] == ["delivered"] * 3
    events = verified(receiver, endpoint["secret"])
    assert sorted(event["data"]["text"] for event in events) == [
        "Number 0.", "Number 1.", "Number 2.",
    ]  # fmt: skip
    sent = [message.headers["webhook-id"] for message in receiver.messages]
    assert sorted(sent) == sorted(str(row["id"]) for row in rows)
    assert db.value("select count(*) from private.endpoint_states") == 0


async def test_days_of_failures_end_an_endpoint_and_its_owner_is_told(
    db: Database, receiver: Receiver
):
    receiver.reply = answer(500)
    endpoint = make_webhook(db, make_user(db), receiver.url)
    async with sending(db, receiver):
        for day in range(4):
            make_notification(db, endpoint["user_id"], text=f"Day {day}.")
            await pass_time(db, 22 * HOUR)
            [shown] = db.rows("select disabled_reason from public.webhook_endpoints")
            assert (shown["disabled_reason"] == "failing") is (day == 3)
        await until(lambda: not db.rows(JOB))
    assert {row["status"] for row in db.rows(DELIVERIES)} == {"failed"}
    told = db.rows("select text from public.notifications where kind = 'webhook_disabled'")
    assert len(told) == 1
    assert len(receiver.messages) < 80
    # It is left alone, until its owner enables it.
    receiver.reply = OK
    receiver.messages.clear()
    async with sending(db, receiver):
        make_notification(db, endpoint["user_id"])
        with db.as_user(endpoint["user_id"]) as owner:
            owner.execute(
                "update public.webhook_endpoints set disabled_at = null where id = %s",
                endpoint["id"],
            )
            owner.execute("select public.test_webhook(%s)", endpoint["id"])
        await until(lambda: not db.rows(JOB) and receiver.messages)
    assert [event["type"] for event in verified(receiver, endpoint["secret"])] == ["test"]


async def test_a_receiver_that_hangs_is_left_and_tried_again(
    db: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(webhooks, "ATTEMPT_SECONDS", 0.2)
    receiver.reply = None
    endpoint = make_webhook(db, make_user(db), receiver.url)
    async with sending(db, receiver):
        make_notification(db, endpoint["user_id"])
        await until(lambda: [row for row in db.rows(DELIVERIES) if row["problem"]])
        [delivery] = db.rows(DELIVERIES)
        assert (delivery["status"], delivery["problem"]) == ("pending", "timeout")
        assert delivery["response_status"] is None
        monkeypatch.setattr(webhooks, "ATTEMPT_SECONDS", PATIENCE_SECONDS)
        receiver.reply = OK
        await pass_time(db, 60)
        await until(lambda: not db.rows(JOB))
    assert [row["status"] for row in db.rows(DELIVERIES)] == ["delivered"]


async def test_the_body_of_an_answer_is_not_read(db: Database, receiver: Receiver):
    rest = b"content-length: 9999999999\r\n\r\nplanted-word"
    receiver.reply = b"HTTP/1.1 200 OK\r\n" + rest
    endpoint = make_webhook(db, make_user(db), receiver.url)
    async with sending(db, receiver):
        make_notification(db, endpoint["user_id"])
        await until(lambda: not db.rows(JOB) and receiver.messages)
    [delivery] = db.rows(DELIVERIES)
    assert (delivery["status"], delivery["response_status"]) == ("delivered", 200)
    assert "planted-word" not in json.dumps(delivery, default=str)


async def test_no_redirect_is_followed(db: Database, receiver: Receiver):
    private = Receiver()
    await private.up()
    receiver.reply = answer(307, location=f"http://127.0.0.1:{private.port}/latest/meta-data")
    endpoint = make_webhook(db, make_user(db), receiver.url)
    # Even one that the fetcher might reach.
    async with sending(db, receiver, private):
        make_notification(db, endpoint["user_id"])
        await until(lambda: [row for row in db.rows(DELIVERIES) if row["problem"]])
    await private.down()
    [delivery] = db.rows(DELIVERIES)
    assert (delivery["problem"], delivery["response_status"]) == ("status", 307)
    assert private.connections == 0


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1"])
async def test_a_name_of_a_private_address_is_refused(
    db: Database, receiver: Receiver, address: str
):
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", address]

    endpoint = make_webhook(db, make_user(db), "https://hooks.example/in")
    async with sending(db, resolve=resolve):
        make_notification(db, endpoint["user_id"])
        await until(lambda: [row for row in db.rows(DELIVERIES) if row["problem"]])
    assert [row["problem"] for row in db.rows(DELIVERIES)] == ["not_allowed"]
    assert receiver.connections == 0


async def test_a_private_address_in_the_url_is_refused(db: Database, receiver: Receiver):
    endpoint = make_webhook(db, make_user(db), receiver.url)
    async with sending(db):
        make_notification(db, endpoint["user_id"])
        await until(lambda: [row for row in db.rows(DELIVERIES) if row["problem"]])
    assert [row["problem"] for row in db.rows(DELIVERIES)] == ["not_allowed"]
    assert receiver.connections == 0


async def test_410_ends_an_endpoint_at_once(db: Database, receiver: Receiver):
    receiver.reply = answer(410)
    endpoint = make_webhook(db, make_user(db), receiver.url)
    async with sending(db, receiver):
        make_notification(db, endpoint["user_id"])
        make_notification(db, endpoint["user_id"])
        await until(lambda: not db.rows(JOB) and receiver.messages)
    assert len(receiver.messages) == 1
    [shown] = db.rows("select disabled_reason from public.webhook_endpoints")
    assert shown["disabled_reason"] == "gone"
    assert {row["status"] for row in db.rows(DELIVERIES)} == {"failed"}
    assert (
        db.value("select count(*) from public.notifications where kind = 'webhook_disabled'") == 1
    )


async def test_retry_after_is_respected(db: Database, receiver: Receiver):
    receiver.reply = answer(429, retry_after="1800")
    endpoint = make_webhook(db, make_user(db), receiver.url)
    async with sending(db, receiver):
        make_notification(db, endpoint["user_id"])
        await pass_time(db, 1700)
        assert len(receiver.messages) == 1
        receiver.reply = OK
        await pass_time(db, 200)
        await until(lambda: not db.rows(JOB))
    assert len(receiver.messages) == 2


async def test_one_that_hangs_does_not_delay_others(db: Database, receiver: Receiver):
    slow = Receiver(reply=None)
    await slow.up()
    first = make_webhook(db, make_user(db), slow.url)
    second = make_webhook(db, make_user(db), receiver.url)
    async with sending(db, slow, receiver):
        make_notification(db, first["user_id"])
        await until(lambda: slow.messages)
        make_notification(db, second["user_id"])
        await until(lambda: receiver.messages)
        assert [row["status"] for row in db.rows(DELIVERIES) if row["user_id"] ==
                first["user_id"]] == ["pending"]  # fmt: skip
        await slow.down()


async def test_a_worker_without_the_key_leaves_it_to_others(db: Database, receiver: Receiver):
    endpoint: Row = make_webhook(db, make_user(db), receiver.url)
    db.execute("delete from private.schedules")
    async with open_fetcher(allowed=(f"127.0.0.1:{receiver.port}",)) as fetcher:
        services = Services(fetcher=fetcher, ref_key=b"test", now=lambda: datetime.now(UTC))
        async with worker(db, "deliver_webhooks", webhooks.handler(services), "maintenance"):
            make_notification(db, endpoint["user_id"])
            await until(lambda: is_at_rest(db) and db.rows(JOB))
    assert receiver.messages == []
    async with sending(db, receiver):
        await pass_time(db, 700)
        await until(lambda: not db.rows(JOB))
    assert len(verified(receiver, endpoint["secret"])) == 1
