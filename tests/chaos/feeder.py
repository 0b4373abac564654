"""Jobs as they come in from users: a few at a time, at a steady rate, whatever the server does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg

from tests.chaos.servers import connect

if TYPE_CHECKING:
    import uuid

    from local.postgres import Server

_JOBS_PER_SECOND = 100
_BATCH = 5
_PATIENCE_SECONDS = 60
_ENQUEUE = """
    select private.enqueue('effect', md5('user ' || n %% 20)::uuid) as job_id
    from generate_series(%s::integer, %s::integer) as n
"""


def feed(server: Server, database: str, jobs: int) -> list[uuid.UUID]:
    """Enqueues until that many were confirmed; their ids.

    When an answer gets lost it asks again, as a user would: some jobs may be there unconfirmed.
    """
    confirmed: list[uuid.UUID] = []
    due_at = time.monotonic()
    while len(confirmed) < jobs and time.monotonic() < due_at + _PATIENCE_SECONDS:
        try:
            with connect(server, database) as db:
                while len(confirmed) < jobs:
                    time.sleep(max(0, due_at - time.monotonic()))
                    numbers = (len(confirmed) + 1, min(len(confirmed) + _BATCH, jobs))
                    confirmed += [row["job_id"] for row in db.execute(_ENQUEUE, numbers)]
                    due_at = max(due_at, time.monotonic() - 1) + _BATCH / _JOBS_PER_SECOND
        except psycopg.OperationalError:
            time.sleep(0.05)
    return confirmed
