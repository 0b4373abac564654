"""Keeps leases alive from its own thread and connection: a busy event loop can't lose them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Literal

import psycopg
import structlog

from core.database import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.queue import Job

_log = structlog.get_logger()
_EXTEND = "select msg_id, is_cancelled from private.extend(%s, %s, %s, %s)"


class Heartbeat:
    """Renews the leases of `held()` every third of a lease, one statement per queue.

    Calls `halt(job, "lost")` for a job that somebody else holds now or that could not be renewed
    for a whole lease, and `halt(job, "cancelled")` for one its user cancelled; from its thread.
    """

    def __init__(
        self,
        url: str,
        lease_seconds: int,
        held: Callable[[], list[Job]],
        halt: Callable[[Job, Literal["lost", "cancelled"]], None],
    ) -> None:
        self._url = url
        self._lease_seconds = lease_seconds
        self._held = held
        self._halt = halt
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._stopping.set()
        self._thread.join(timeout=self._lease_seconds)

    def _run(self) -> None:
        connection: psycopg.Connection[dict[str, object]] | None = None
        renewed_at = time.monotonic()
        while not self._stopping.wait(self._lease_seconds / 3):
            try:
                if connection is None or connection.closed:
                    connection = connect(self._url, application_name="worker heartbeat")
                self._beat(connection)
                renewed_at = time.monotonic()
            except psycopg.Error as error:
                _log.warning("heartbeat_failed", error_class=type(error).__name__)
                if connection is not None:
                    connection.close()
                if time.monotonic() - renewed_at > self._lease_seconds:
                    for job in self._held():
                        self._halt(job, "lost")
        if connection is not None:
            connection.close()

    def _beat(self, connection: psycopg.Connection[dict[str, object]]) -> None:
        jobs = self._held()
        for queue in sorted({job.queue for job in jobs}):
            mine = [job for job in jobs if job.queue == queue]
            rows = connection.execute(
                _EXTEND,
                (
                    queue,
                    [job.msg_id for job in mine],
                    [job.read_ct for job in mine],
                    self._lease_seconds,
                ),
            ).fetchall()
            cancelled = {row["msg_id"]: row["is_cancelled"] for row in rows}
            for job in mine:
                if job.msg_id not in cancelled:
                    self._halt(job, "lost")
                elif cancelled[job.msg_id]:
                    self._halt(job, "cancelled")
