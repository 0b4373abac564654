"""Starting an Apify run acquires a semaphore that all workers share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workers.engine.errors import Snooze
from workers.sources.context import Context, forgetful
from workers.sources.tiktok.apify import ActorRuns


class Asked:
    """Stands where Apify's client would be: a start is what must not happen."""

    starts = 0

    async def start(self, _request: object) -> str:
        self.starts += 1
        return "run"


async def report(_stage: str, _percent: int) -> None:
    pass


async def is_full(semaphore: str) -> None:
    raise Snooze(f"waiting for {semaphore}", 5)


async def test_while_the_semaphore_is_full_nothing_is_started_and_the_job_snoozes():
    apify = Asked()
    runs = ActorRuns(apify, Context(report, forgetful, is_full), lambda: datetime.now(UTC))
    with pytest.raises(Snooze, match="waiting for apify"):
        await runs.fetch({"posts": object()}, "collecting")
    assert apify.starts == 0
