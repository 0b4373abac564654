"""deliver_webhooks: posts what is due for one webhook endpoint, signed as Standard Webhooks.

One job for each endpoint: an endpoint that hangs delays only itself. The database counts attempts.
It decides on retries and pauses, and when an endpoint is disabled (49_webhook_attempts.sql).
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

import structlog

from core.webhook_secrets import SecretUnreadable, WebhookSecrets
from workers.engine.errors import Snooze
from workers.engine.handlers import Handler, JobContext
from workers.engine.queue import Database, Job, Pool
from workers.jobs.services import Services
from workers.sources.web.fetch import PostFailed

ATTEMPT_SECONDS = 10.0
_GO_SECONDS = 15.0  # then other endpoints get the slot
_AGAIN_SECONDS = 1.0
_NO_KEY_SECONDS = 600.0
_USER_AGENT = "CreatorsCook-Webhooks/1.0"
_KEY_HINTS = {
    "no_key": "Webhook endpoints are in use. Set WEBHOOK_SECRET_KEYS.",
    "not_registered": "Run python -m workers register-webhook-key with DB_URL.",
}
_log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended; `problem` is None for an answer 2xx."""

    status: int | None
    problem: str | None
    after_seconds: float | None = None


def handler(services: Services) -> Handler[None, None]:
    """The job's arguments name the endpoint."""
    return Handler(
        load=None, work=partial(deliver, services=services), save=save, timeout_seconds=60
    )


async def deliver(_input: None, context: JobContext, *, services: Services) -> None:
    """Posts what is due, the oldest first. Snoozes while something is pending that is not due."""
    await context.acquire("webhooks")
    endpoint_id = context.job.arguments["endpoint_id"]
    ends_at = time.monotonic() + _GO_SECONDS
    while time.monotonic() < ends_at:
        delivery = await _call(context.pool, "select * from private.begin_attempt(%s)", endpoint_id)
        if delivery["wait_seconds"] is not None:
            raise Snooze("waiting", float(delivery["wait_seconds"]))
        if delivery["delivery_id"] is None:
            return
        keys = _keys(services.webhook_secrets, delivery["secrets"] or ())
        outcome = await _post(services, delivery, keys)
        await _call(
            context.pool,
            "select private.end_attempt(%s, %s, %s, %s)",
            *(delivery["delivery_id"], outcome.status, outcome.problem, outcome.after_seconds),
        )
        _log.info("webhook_attempted", status=outcome.status, problem=outcome.problem)
    raise Snooze("waiting", 0)


async def save(db: Database, job: Job, _output: None) -> None:
    """Ends the job only if nothing was added meanwhile."""
    cursor = await db.execute(
        "select private.may_end_deliveries_job(%s) as is_over", (job.arguments["endpoint_id"],)
    )
    row = await cursor.fetchone()
    if row is not None and not row["is_over"]:
        raise Snooze("waiting", _AGAIN_SECONDS)


async def report_key(pool: Pool, secrets: WebhookSecrets | None) -> None:
    """Logs an error if this worker cannot sign for the endpoints in use."""
    key_id = secrets.newest.key_id if secrets else None
    row = await _call(pool, "select private.endpoint_key_problem(%s) as problem", key_id)
    if row["problem"] is not None:
        _log.error("webhook_key_problem", problem=row["problem"], hint=_KEY_HINTS[row["problem"]])


def signature(keys: Sequence[bytes], message_id: UUID, now: datetime, body: bytes) -> str:
    """The header webhook-signature: one for each secret, the current one first."""
    signed = f"{message_id}.{int(now.timestamp())}.".encode() + body
    digests = [hmac.digest(key, signed, "sha256") for key in keys]
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def _keys(secrets: WebhookSecrets | None, encrypted: Sequence[dict[str, str]]) -> list[bytes]:
    """The secrets of an endpoint. Snoozes, for a worker that has the keys of all of them."""
    try:
        if secrets is not None:
            return [secrets.open(each["key_id"], each["ephemeral"]) for each in encrypted]
    except SecretUnreadable:
        pass
    _log.error("webhook_secret_unreadable", hint="Look at WEBHOOK_SECRET_KEYS.")
    raise Snooze("waiting", _NO_KEY_SECONDS)


async def _post(services: Services, delivery: dict[str, Any], keys: Sequence[bytes]) -> Outcome:
    body = str(delivery["body"]).encode()
    now = services.now()
    headers = {
        "content-type": "application/json",
        "user-agent": _USER_AGENT,
        "webhook-id": str(delivery["delivery_id"]),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(keys, delivery["delivery_id"], now, body),
    }
    try:
        answer = await services.fetcher.post(
            delivery["url"], body, headers, seconds=ATTEMPT_SECONDS
        )
    except PostFailed as error:
        return Outcome(None, error.problem)
    problem = None if answer.status // 100 == 2 else "status"
    return Outcome(answer.status, problem, answer.after_seconds)


async def _call(pool: Pool, statement: str, *arguments: object) -> dict[str, Any]:
    async with pool.connection() as db:
        row = await (await db.execute(statement, arguments)).fetchone()
    return cast("dict[str, Any]", row)
