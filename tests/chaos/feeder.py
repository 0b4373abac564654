"""Jobs as they come in: a few at a time, as fast as the workers take them, whatever happens."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress

import psycopg

from local.postgres import Server
from tests.chaos.servers import ACCOUNTS, connect
from tests.patience import PATIENCE_SECONDS

_BATCH = 5
# Enough to keep two workers busy, too few to queue for long: an interrupted job queues as well.
_LIVE_JOBS = 24
_LIVE = "select count(*) as n from private.live_jobs"
_ENQUEUE = """
    select private.enqueue('effect', (%s::uuid[])[1 + n %% 20]) as job_id
    from generate_series(%s::integer, %s::integer) as n
"""


def feed(server: Server, database: str, jobs: int) -> list[uuid.UUID]:
    """Enqueues until that many were confirmed; their ids.

    When an answer gets lost it asks again, as a user would: some jobs may be there unconfirmed.
    """
    confirmed: list[uuid.UUID] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(confirmed) < jobs and time.monotonic() < deadline:
        with suppress(psycopg.OperationalError), connect(server, database) as db:
            while len(confirmed) < jobs:
                [live] = db.execute(_LIVE).fetchall()
                if live["n"] < _LIVE_JOBS:
                    numbers = (len(confirmed) + 1, min(len(confirmed) + _BATCH, jobs))
                    rows = db.execute(_ENQUEUE, (ACCOUNTS, *numbers))
                    confirmed += [row["job_id"] for row in rows]
                else:
                    time.sleep(0.01)
        time.sleep(0.05)
    return confirmed
