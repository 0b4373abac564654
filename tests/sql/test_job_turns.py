"""What the drains rely on: a worker with room gets as many jobs as are due, whoever's they are."""

from __future__ import annotations

import pytest

from core.database import async_pool
from tests.database import Database, make_user
from tests.jobs import QUEUE, enqueue, make_kind
from workers.engine import queue as protocol


async def taken_in_turns(db: Database, turns: int) -> list[int]:
    """How many jobs a worker with ten free slots gets, turn after turn."""
    counts, cursor = [], None
    async with async_pool(db.url("worker"), application_name="test", max_size=1) as pool:
        for _ in range(turns):
            claimed, cursor = await protocol.claim(
                pool, QUEUE, quantity=10, lease_seconds=30, cursor=cursor
            )
            counts.append(len(claimed))
    return counts


@pytest.mark.parametrize("users", [0, 3], ids=["the system's own", "three users"])
async def test_the_jobs_of_few_users_fill_every_slot_turn_after_turn(db: Database, users: int):
    make_kind(db)
    for user_id in [make_user(db) for _ in range(users)] or [None]:
        for _ in range(45 // max(users, 1)):
            enqueue(db, user_id=user_id)
    assert await taken_in_turns(db, 4) == [10, 10, 10, 10]
