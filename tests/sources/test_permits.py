"""Starting an Apify run needs a permit that all workers share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workers.engine.errors import Park
from workers.sources.context import Context, forgetful
from workers.sources.tiktok.apify import Runs


class Asked:
    """Stands where Apify's client would be: a start is what must not happen."""

    starts = 0

    async def start(self, _request: object) -> str:
        self.starts += 1
        return "run"


async def report(_stage: str, _percent: int) -> None:
    pass


async def no_permit(limit: str) -> None:
    raise Park(f"waiting for {limit}", 5)


async def test_without_a_permit_nothing_is_started_and_the_job_parks():
    apify = Asked()
    runs = Runs(apify, Context(report, forgetful, no_permit), lambda: datetime.now(UTC))
    with pytest.raises(Park, match="waiting for apify"):
        await runs.harvest({"posts": object()}, "collecting")
    assert apify.starts == 0
