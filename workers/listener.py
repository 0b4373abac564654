"""Wakes the worker on NOTIFY. Missing one costs only latency: the runner polls as well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
import structlog

from core.database import connect_async

_log = structlog.get_logger()
_PROBE = "probe"
_PROBE_SECONDS = 2
_RECONNECT_SECONDS = 1.0


async def listen(
    url: str,
    on_connected: Callable[[bool], None],
    on_queue: Callable[[str], None],
    on_cancelled: Callable[[str], None],
) -> None:
    """Calls `on_queue(name)` when a queue has work, `on_cancelled(job_id)` on cancel; for ever.

    After every (re)connect it calls `on_connected(is_deaf)`: whatever was missed must be looked
    for once. A transaction pooler is deaf to LISTEN without an error, so it probes itself first.
    """
    while True:
        try:
            async with await connect_async(url, application_name="worker listener") as connection:
                await connection.execute("listen jobs")
                await connection.execute("listen job_cancelled")
                on_connected(await _is_deaf(connection, url))
                async for note in connection.notifies():
                    if note.channel == "job_cancelled":
                        on_cancelled(note.payload)
                    elif note.payload != _PROBE:
                        on_queue(note.payload)
        except psycopg.Error as error:
            _log.warning("listener_lost", error_class=type(error).__name__)
        await asyncio.sleep(_RECONNECT_SECONDS)


async def _is_deaf(connection: psycopg.AsyncConnection[dict[str, object]], url: str) -> bool:
    # Told by another connection, as every enqueue is: a pooler brings us what we tell ourselves.
    async with await connect_async(url, application_name="worker listener probe") as other:
        await other.execute("select pg_notify('jobs', %s)", (_PROBE,))
    async for _ in connection.notifies(timeout=_PROBE_SECONDS, stop_after=1):
        return False
    _log.error("listener_deaf", hint="Use a direct or session connection; polling goes on.")
    return True
