"""Analyses of a page that answers once and is blocked after the paid run, asked for without end.

One account on the free plan of twenty a month; each analysis is asked for when the last has ended.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

from tests.database import Database, make_product, make_user
from tests.fakes import apify as fake_apify
from tests.fakes.apify import FakeApify, Outcome
from tests.fakes.website import serving
from tests.sources.test_paid_runs import PAGE, TurningPage, analysed_again, ended, swept
from tests.trials.figures import Figure
from tests.trials.migrated import migrated_database
from workers.jobs.services import Services
from workers.sources.tiktok.apify import open_apify
from workers.sources.web.fetch import open_fetcher

PLANNED, ATTEMPTS, PATIENCE_SECONDS = 20, 70, 80.0


def run() -> list[Figure]:
    """Paid runs of one account, and what they leave at the source."""
    with migrated_database() as db, fake_apify.serving() as apify:
        apify.otherwise = Outcome([], looks_until_finished=1)
        ends = asyncio.run(_loop(db, apify))
    return [
        Figure("analyses asked for", len(ends), before="70"),
        Figure("paid runs", len(apify.started), before="70 of 20 planned", at_most=PLANNED),
        Figure("analyses refused", sum("quota_exceeded" in end for end in ends), at_least=1),
        Figure("runs left at the source", len(apify.left), before="70", at_most=0),
    ]


async def _loop(db: Database, apify: FakeApify) -> list[str]:
    """How each analysis ended: a code, or the refusal."""
    async with (
        serving() as website,
        open_fetcher(allowed=(f"127.0.0.1:{website.port}",)) as fetcher,
        open_apify(fake_apify.TOKEN, apify.url) as client,
    ):
        services = Services(
            fetcher=fetcher, ref_key=b"trial", now=lambda: datetime.now(UTC), apify=client
        )
        blocking = replace(services, fetcher=TurningPage(fetcher, website))
        product = make_product(db, make_user(db), source_url=website.page("/mug", PAGE))
        ends = [await ended(db, blocking, product)]
        begun = time.monotonic()
        while len(ends) < ATTEMPTS and time.monotonic() - begun < PATIENCE_SECONDS:
            ends.append(await analysed_again(db, blocking, website, product))
        await swept(db, services)
    return ends
