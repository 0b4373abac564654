"""The Apify runs of one job: each started once, waited for without a worker, and read.

What a step keeps is when a run was asked for and its id. A worker may die between the two: then
the run is looked for at Apify before another one is paid. A run keeps its data until the job has
ended (delete_source_runs), so that no later try has to pay for it again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.engine.errors import Park, Reject, Retry
from workers.providers.apify import MAX_CHARGE_USD, Apify, Report, Request, Status, was_refused
from workers.providers.context import Context

POLL_SECONDS = 10.0
REPORTED_POLL_SECONDS = 60.0  # where the run reports its end; a lost report costs no more
MAX_STARTS = 2  # of one request: a failed run that left nothing is paid for once more, not for ever
GIVE_UP_AFTER = timedelta(minutes=30)
_CLOCK_LEEWAY = timedelta(minutes=1)  # between our clock and Apify's


@dataclass(frozen=True)
class Harvest:
    """What a run brought; incomplete when it failed or was stopped half-way."""

    items: tuple[object, ...] = ()
    is_complete: bool = True


class _OverBudget(Exception):  # noqa: N818
    """The account's budget of the day does not reach for another run."""


class Runs:
    """The runs of one job."""

    def __init__(
        self,
        apify: Apify,
        context: Context,
        now: Callable[[], datetime],
        webhook_url: str | None = None,
    ) -> None:
        """`webhook_url` is where runs may report their end."""
        self._apify = apify
        self._expect = context.expect
        self._webhook_url = webhook_url
        self._step = context.step
        self._acquire = context.acquire
        self._now = now
        self._purchases = context.purchases
        self._has_paid = False

    async def harvest(self, requests: Mapping[str, Request], stage: str) -> dict[str, Harvest]:
        """What the named requests brought. Raises `Park` while one of them goes on."""
        # What a later stage asks for is left out where the budget ends: the first is paid already.
        may_lack = self._has_paid
        brought = {}
        for name, request in requests.items():
            try:
                brought[name] = await self._attempt(name, request)
            except _OverBudget:
                if not may_lack:
                    message = "Today's budget for this data is used up. Try again tomorrow."
                    raise Reject("daily_budget_reached", message) from None
                brought[name] = Harvest(is_complete=False)
        ready = {name: harvest for name, harvest in brought.items() if harvest is not None}
        if len(ready) < len(requests):
            raise Park(stage, REPORTED_POLL_SECONDS if self._is_reachable else POLL_SECONDS)
        return ready

    async def _attempt(self, name: str, request: Request) -> Harvest | None:
        """None while the run goes on."""
        for number in range(1, MAX_STARTS + 1):
            run_id, asked_at = await self._run(f"{name}_{number}", request)
            status = await self._apify.status(run_id)
            if status is not None and not status.is_finished:
                if self._now() - asked_at > GIVE_UP_AFTER:
                    raise Reject("source_too_slow", "TikTok's data took too long to arrive.")
                return None
            harvest = await self._read(status, request)
            if harvest is not None:
                return harvest
        raise Reject("source_failed", "TikTok could not be read right now. Please try again later.")

    async def _run(self, name: str, request: Request) -> tuple[str, datetime]:
        """The id of the one run under that name, and when it was asked for."""
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
                    # It was given back where Apify answered an error, but started it.
                    await self._purchases.reserve(name, MAX_CHARGE_USD)
                    return lost
            await self._acquire("apify")
            if not await self._purchases.reserve(name, MAX_CHARGE_USD):
                raise _OverBudget
            try:
                return await self._apify.start(request, await self._report())
            except (Park, Reject, Retry) as outcome:
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
        """Kept before the run is started: it may end before its start has been answered."""
        if self._webhook_url is None or self._expect is None:
            return None
        secret = secrets.token_urlsafe(32)
        webhook_id = await self._expect(hashlib.sha256(secret.encode()).digest())
        return Report(f"{self._webhook_url}?id={webhook_id}", secret)

    async def _read(self, status: Status | None, request: Request) -> Harvest | None:
        """None when nothing is left to read: a failed run, or one that was deleted already."""
        items = None if status is None else await self._apify.read(status, request.max_items)
        if status is None or items is None:
            return None
        if not items and not status.is_complete:
            return None
        return Harvest(tuple(items), status.is_complete)
