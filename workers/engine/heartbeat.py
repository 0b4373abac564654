"""Keeps leases alive, and hears of new jobs.

The heartbeat has its own thread and connection, so that a busy event loop can't lose leases. The
listener wakes the worker on NOTIFY. Missing one costs only latency: the runner polls as well.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import psycopg
import structlog

from core.database import Row, connect, connect_async
from workers.engine.queue import Database, Job

_log = structlog.get_logger()

Connection = psycopg.Connection[Row]
_EXTEND = "select msg_id, read_ct, is_cancelled from private.extend(%s, %s, %s)"
_PROBE = "probe "
_PROBE_SECONDS = 2
_RECONNECT_SECONDS = 1.0


class Heartbeat:
    """Renews the leases of `held()` in one statement: every third of a lease, or more often.

    Calls `halt(job, "lost")` for a job that another worker holds now. Also for a job whose lease
    could not be renewed until it ended. Calls `halt(job, "cancelled")` for a job that its user
    cancelled. It calls from its own thread or that of `watch`, and perhaps more than once.
    """

    def __init__(
        self,
        url: str,
        lease_seconds: int,
        held: Callable[[], list[Job]],
        halt: Callable[[Job, Literal["lost", "cancelled"]], object],
    ) -> None:
        self._url = url
        self._lease_seconds = lease_seconds
        self._held = held
        self._halt = halt
        self._interval = lease_seconds / 3
        self._connection: Connection | None = None
        self._renewed_at: dict[tuple[int, int], float] = {}  # by fencing token
        self._stopping = threading.Event()
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def beat_every(self, seconds: float) -> None:
        """Beats now, and so often from now on: beats tell what was cancelled."""
        self._interval = min(seconds, self._lease_seconds / 3)
        self._due.set()

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._stopping.set()
        self._due.set()
        self._thread.join(timeout=self._lease_seconds)

    def watch(self) -> None:
        """Halts what could not be renewed for a whole lease. To be called often, by another thread.

        The heartbeat's own thread may wait for an answer on a silent network. Then this shuts its
        connection down, and the thread makes a new one.
        """
        now = time.monotonic()
        lost = [
            job
            for job in self._held()
            if now - self._renewed_at.setdefault(job.token, now) > self._lease_seconds
        ]
        for job in lost:
            self._halt(job, "lost")
            self._renewed_at[job.token] = now  # gives a new connection its time
        if lost and self._connection is not None:
            with (
                suppress(psycopg.Error, OSError),  # it may end by itself in this very moment
                socket.socket(fileno=os.dup(self._connection.fileno())) as line,
            ):
                line.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._url, application_name="worker heartbeat") as self._connection:
                    while not self._stopping.is_set():
                        self._beat(self._connection)
                        self._rest()
            except psycopg.Error as error:
                _log.warning("heartbeat_failed", error_class=type(error).__name__)
                self._rest()

    def _rest(self) -> None:
        self._due.wait(self._interval)
        self._due.clear()

    def _beat(self, connection: Connection) -> None:
        jobs = self._held()
        for token in self._renewed_at.keys() - {job.token for job in jobs}:
            del self._renewed_at[token]
        if not jobs:
            return
        asked_at = time.monotonic()
        tokens = [job.msg_id for job in jobs], [job.read_ct for job in jobs]
        rows = connection.execute(_EXTEND, (*tokens, self._lease_seconds)).fetchall()
        is_cancelled = {(row["msg_id"], row["read_ct"]): row["is_cancelled"] for row in rows}
        for job in jobs:
            if job.token not in is_cancelled:
                self._halt(job, "lost")
                continue
            self._renewed_at[job.token] = asked_at
            if is_cancelled[job.token]:
                self._halt(job, "cancelled")


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
                    elif not note.payload.startswith(_PROBE):
                        on_queue(note.payload)
        except psycopg.Error as error:
            _log.warning("listener_lost", error_class=type(error).__name__)
        await asyncio.sleep(_RECONNECT_SECONDS)


async def _is_deaf(connection: Database, url: str) -> bool:
    # Told by another connection, as every enqueue is: a pooler brings us what we tell ourselves.
    # Only our own probe counts: during a statement a pooler brings us others' notes, too.
    probe = f"{_PROBE}{uuid.uuid4()}"
    async with await connect_async(url, application_name="worker listener probe") as other:
        await other.execute("select pg_notify('jobs', %s)", (probe,))
    async for note in connection.notifies(timeout=_PROBE_SECONDS):
        if note.payload == probe:
            return False
    _log.error("listener_deaf", hint="Use a direct or session connection; polling goes on.")
    return True
