"""Runs actors on Apify: start, poll, read, delete. It knows nothing of what an actor collects.

A job starts each run once and snoozes while it runs. One step stores the time before the start,
another one the run's id. If a worker dies between them, the next attempt looks for the run at Apify
before it pays for another one. A run keeps its data until the job has ended (delete_source_runs),
so that no attempt pays for it again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

import structlog
from apify_client import ApifyClientAsync
from apify_client._literals import WebhookEventType
from apify_client._models import Run, WebhookRepresentation
from apify_client.errors import ApifyApiError, ApifyClientError, NotFoundError
from impit import HTTPError as TransportError
from pydantic import ValidationError

from workers.engine import metrics
from workers.engine.calls import measured
from workers.engine.errors import Reject, Retry, Snooze
from workers.sources.context import Context

_log = structlog.get_logger()

MAX_CHARGE_USD = Decimal("0.50")  # of one run; a video and its niche cost about 0.30
RUN_TIMEOUT = timedelta(minutes=5)
BUSY_SECONDS = 60.0
UNAVAILABLE_SECONDS = 30.0
RECENT_RUNS = 20

_UNFINISHED = frozenset({"READY", "RUNNING", "TIMING-OUT", "ABORTING"})
# Our other runs use up the limit. They end by themselves.
_BUSY_TYPES = frozenset({"actor-memory-limit-exceeded", "concurrent-runs-limit-exceeded"})
_END_EVENTS: tuple[WebhookEventType, ...] = (
    "ACTOR.RUN.SUCCEEDED",
    "ACTOR.RUN.FAILED",
    "ACTOR.RUN.TIMED_OUT",
    "ACTOR.RUN.ABORTED",
)
_BUDGET_TYPES = frozenset(
    {
        "actor-is-not-rented",
        "monthly-usage-limit-too-low",
        "not-enough-usage-to-run-paid-actor",
        "max-total-charge-usd-below-minimum",
    }
)
# ValidationError: apify-client's models refuse Apify's answer.
_ERRORS = (ApifyClientError, TransportError, ValidationError)

POLL_SECONDS = 10.0
REPORTED_POLL_SECONDS = 60.0  # if the run reports its end; a report may get lost
MAX_STARTS = 2  # of one request: a failed run without data is started once more
GIVE_UP_AFTER = timedelta(minutes=30)
_CLOCK_LEEWAY = timedelta(minutes=1)  # between our clock and Apify's


@dataclass(frozen=True)
class Request:
    """A run to start: an actor, its input, and the limit of billed items."""

    actor: str
    run_input: dict[str, Any]
    max_items: int


@dataclass(frozen=True)
class Report:
    """The webhook to which a run reports its end, and the secret that proves it."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Status:
    """Of a run. Only a complete one has all items; others may have some."""

    run_id: str
    dataset_id: str
    store_id: str
    is_finished: bool
    is_complete: bool


class Apify:
    """Apify's API with this project's limits and errors; see `open_apify`."""

    def __init__(self, client: ApifyClientAsync, starter: ApifyClientAsync) -> None:
        self._client = client
        self._starter = starter  # does not retry: a repeated start is a second, billed run

    @measured("apify", "start")
    async def start(self, request: Request, report: Report | None = None) -> str:
        """Starts a run and returns its id. If the answer gets lost, `find` finds the run."""
        try:
            run = await self._starter.actor(request.actor).start(
                run_input=request.run_input,
                max_items=request.max_items,
                max_total_charge_usd=MAX_CHARGE_USD,
                run_timeout=RUN_TIMEOUT,
                webhooks=None if report is None else [_webhook(report)],
            )
        except _ERRORS as error:
            _translate(error)
        _log.info("apify_run_started", actor=request.actor, run_id=run.id)
        return run.id

    @measured("apify", "find")
    async def find(self, request: Request, since: datetime) -> str | None:
        """The id of a run with this input that started after `since`; None without one."""
        try:
            runs = (
                await self._client.actor(request.actor)
                .runs()
                .list(limit=RECENT_RUNS, desc=True, started_after=since)
            )
            for run in runs.items:
                store = self._client.key_value_store(run.default_key_value_store_id)
                if _same_input(await store.get_record("INPUT"), request.run_input):
                    return run.id
        except _ERRORS as error:
            _translate(error)
        return None

    @measured("apify", "status")
    async def status(self, run_id: str) -> Status | None:
        """The status of a run; None if Apify has deleted it."""
        try:
            run = await self._client.run(run_id).get()
        except _ERRORS as error:
            _translate(error)
        return None if run is None else _status(run)

    @measured("apify", "read")
    async def read(self, status: Status, max_items: int) -> list[object] | None:
        """The items of a run, at most `max_items`; None if Apify has deleted them."""
        dataset = self._client.dataset(status.dataset_id)
        items: list[object] = []
        try:
            async for item in dataset.iterate_items(limit=max_items, clean=True):
                items.append(item)
                if len(items) >= max_items:
                    break
        except NotFoundError:
            return None
        except _ERRORS as error:
            _translate(error)
        return items

    @measured("apify", "delete")
    async def delete(self, run_id: str) -> None:
        """Deletes a run and its data at Apify, if they are still there."""
        status = await self.status(run_id)
        if status is None:
            return
        leftovers = (
            self._client.dataset(status.dataset_id),
            self._client.key_value_store(status.store_id),
            self._client.run(status.run_id),
        )
        for leftover in leftovers:
            try:
                await leftover.delete()
            except NotFoundError:
                continue
            except _ERRORS as error:
                _translate(error)


@asynccontextmanager
async def open_apify(token: str, base_url: str) -> AsyncIterator[Apify]:
    """Apify with that token. Two clients, because only one of them may retry."""
    client = ApifyClientAsync(token, api_url=base_url, api_public_url=base_url, max_retries=3)
    starter = ApifyClientAsync(token, api_url=base_url, api_public_url=base_url, max_retries=0)
    async with client.http_client, starter.http_client:
        yield Apify(client, starter)


def _webhook(report: Report) -> WebhookRepresentation:
    """The secret is in a header, because URLs get into logs."""
    return WebhookRepresentation(
        event_types=list(_END_EVENTS),
        request_url=report.url,
        headers_template=json.dumps({"Authorization": f"Bearer {report.secret}"}),
        payload_template='{"eventType": {{eventType}}}',  # our webhook does not read it
    )


def _status(run: Run) -> Status:
    is_finished = run.status not in _UNFINISHED
    if is_finished:
        _log.info("apify_run_ended", run_id=run.id, outcome=run.status, usd=run.usage_total_usd)
        _count_cost(run.id, float(run.usage_total_usd or 0))
    return Status(
        run_id=run.id,
        dataset_id=run.default_dataset_id,
        store_id=run.default_key_value_store_id,
        is_finished=is_finished,
        is_complete=run.status == "SUCCEEDED",
    )


@lru_cache(maxsize=10_000)  # a job may ask for the status of an ended run again
def _count_cost(run_id: str, usd: float) -> None:  # noqa: ARG001 - counts each run once
    metrics.PROVIDER_USD.labels("apify").inc(max(usd, 0.0))


def _same_input(record: dict[str, Any] | None, run_input: dict[str, Any]) -> bool:
    value = record.get("value") if record else None
    if isinstance(value, str | bytes):
        try:
            value = json.loads(value)
        except ValueError:
            return False
    # The stored input also has the actor's defaults, so only the names that we sent are compared.
    return isinstance(value, dict) and all(
        name in value and value[name] == sent for name, sent in run_input.items()
    )


def was_refused(outcome: Exception) -> bool:
    """Whether Apify answered with an error. Without an answer it may have started a run."""
    return isinstance(outcome.__cause__, ApifyApiError)


def _translate(error: ApifyClientError | TransportError | ValidationError) -> NoReturn:
    """Raises the job's outcome for an error of Apify."""
    if not isinstance(error, ApifyApiError):
        if isinstance(error, ValidationError):
            places = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
            _log.error("apify_answer_not_understood", places=places[:10])
        message = "Our data source cannot be reached right now."
        raise Retry("source_unavailable", message, UNAVAILABLE_SECONDS) from error
    _log.warning("apify_error", status=error.status_code, type=error.type)
    if error.type in _BUSY_TYPES or error.status_code == 429:
        raise Snooze("waiting_for_source", BUSY_SECONDS) from error
    if error.type in _BUDGET_TYPES or error.status_code == 402:
        message = "Our budget for this data source is used up. We have been told."
        raise Reject("source_over_budget", message) from error
    if error.status_code in {401, 403}:
        message = "Our data source does not accept us right now. We have been told."
        raise Reject("source_refused", message) from error
    if error.status_code < 500:  # the actor was deleted, or refuses this input
        _log.error("apify_refuses", status=error.status_code, type=error.type)
    message = "Our data source has a problem right now."
    raise Retry("source_unavailable", message, UNAVAILABLE_SECONDS) from error


@dataclass(frozen=True)
class RunOutput:
    """The items of a run; incomplete if it failed or was stopped."""

    items: tuple[object, ...] = ()
    is_complete: bool = True


class _OverBudget(Exception):  # noqa: N818
    """Another run exceeds the account's daily budget."""


class ActorRuns:
    """The actor runs of one job."""

    def __init__(
        self,
        apify: Apify,
        context: Context,
        now: Callable[[], datetime],
        webhook_url: str | None = None,
    ) -> None:
        """`webhook_url`: where runs report their end; None if Apify can't reach us."""
        self._apify = apify
        self._expect = context.expect
        self._webhook_url = webhook_url
        self._step = context.step
        self._acquire = context.acquire
        self._now = now
        self._purchases = context.purchases
        self._has_paid = False

    async def fetch(self, requests: Mapping[str, Request], stage: str) -> dict[str, RunOutput]:
        """The outputs of the named requests. Raises `Snooze` while one of their runs goes on.

        Over budget, the first call rejects the job. Later ones leave the request's items out.
        """
        may_lack = self._has_paid
        found = {}
        for name, request in requests.items():
            try:
                found[name] = await self._attempt(name, request)
            except _OverBudget:
                if not may_lack:
                    message = "Today's budget for this data is used up. Try again tomorrow."
                    raise Reject("daily_budget_reached", message) from None
                found[name] = RunOutput(is_complete=False)
        ready = {name: output for name, output in found.items() if output is not None}
        if len(ready) < len(requests):
            raise Snooze(stage, REPORTED_POLL_SECONDS if self._is_reachable else POLL_SECONDS)
        return ready

    async def _attempt(self, name: str, request: Request) -> RunOutput | None:
        """None while the run goes on."""
        for number in range(1, MAX_STARTS + 1):
            run_id, asked_at = await self._run(f"{name}_{number}", request)
            status = await self._apify.status(run_id)
            if status is not None and not status.is_finished:
                if self._now() - asked_at > GIVE_UP_AFTER:
                    raise Reject("source_too_slow", "TikTok's data took too long to arrive.")
                return None
            output = await self._read(status, request)
            if output is not None:
                return output
        raise Reject("source_failed", "TikTok could not be read right now. Please try again later.")

    async def _run(self, name: str, request: Request) -> tuple[str, datetime]:
        """The id of the run of that name, and the time before its start."""
        is_first_try = False

        async def ask() -> str:
            nonlocal is_first_try
            is_first_try = True
            return self._now().isoformat()

        asked_at = datetime.fromisoformat(await self._step(f"{name}_asked", ask))

        async def start() -> str:
            if not is_first_try:
                lost = await self._apify.find(request, asked_at - _CLOCK_LEEWAY)
                if lost is not None:
                    # Apify may have answered the start with an error, which released it.
                    await self._purchases.reserve(name, MAX_CHARGE_USD)
                    return lost
            await self._acquire("apify")
            if not await self._purchases.reserve(name, MAX_CHARGE_USD):
                raise _OverBudget
            try:
                return await self._apify.start(request, await self._report())
            except (Snooze, Reject, Retry) as outcome:
                if was_refused(outcome):
                    await self._purchases.release(name)
                raise

        run_id = await self._step(f"{name}_run", start)
        await self._purchases.record(name, MAX_CHARGE_USD, run_id)
        self._has_paid = True
        return run_id, asked_at

    @property
    def _is_reachable(self) -> bool:
        return self._webhook_url is not None and self._expect is not None

    async def _report(self) -> Report | None:
        """Registers the webhook before the start: a run may end before Apify answers."""
        if self._webhook_url is None or self._expect is None:
            return None
        secret = secrets.token_urlsafe(32)
        webhook_id = await self._expect(hashlib.sha256(secret.encode()).digest())
        return Report(f"{self._webhook_url}?id={webhook_id}", secret)

    async def _read(self, status: Status | None, request: Request) -> RunOutput | None:
        """None without data: Apify has deleted it, or the run failed before its first item."""
        items = None if status is None else await self._apify.read(status, request.max_items)
        if status is None or items is None:
            return None
        if not items and not status.is_complete:
            return None
        return RunOutput(tuple(items), status.is_complete)
