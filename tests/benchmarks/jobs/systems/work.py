"""The body of every job in every Python system."""

from __future__ import annotations

import asyncio

from tests.benchmarks.jobs.systems.system import Work


async def perform(work: Work, number: int) -> None:
    """Nothing, a pause, or a note of when it began."""
    work.start(number)
    if work.seconds:
        await asyncio.sleep(work.seconds)
    work.finish()
