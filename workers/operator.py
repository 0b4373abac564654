"""What an operator asks of the queues and may do to them; connects as the owner, with DB_URL."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable

import psycopg
from pgmq_sqlalchemy import PGMQueue
from psycopg import Connection

from core.config import OperatorSettings
from core.database import Row, connect
from workers import doctor


def run(arguments: argparse.Namespace, settings: OperatorSettings) -> int:
    """Runs the command; its exit code."""
    url = settings.db_url.get_secret_value()
    commands: dict[str, Callable[[Connection[Row]], int]] = {
        "queues": lambda db: _queues(db, url),
        "doctor": lambda db: doctor.run(db, url, settings),
        "pause": lambda db: _set_paused(db, arguments.queue, is_paused=True),
        "resume": lambda db: _set_paused(db, arguments.queue, is_paused=False),
        "reconcile": _reconcile,
        "redrive": lambda db: _redrive(db, arguments.job_id),
    }
    try:
        connection = connect(url, application_name="operator")
    except psycopg.OperationalError as error:
        print(f"The database of DB_URL can't be reached: {str(error).splitlines()[0]}")
        return 1
    with connection as db:
        return commands[arguments.command](db)


def _queues(db: Connection[Row], url: str) -> int:
    # pgmq counts every message, ours only what is due: side by side they show what sleeps.
    pgmq = PGMQueue(dsn=url.replace("postgresql://", "postgresql+psycopg://", 1))
    totals = {metrics.queue_name: metrics for metrics in pgmq.metrics_all() or []}
    pgmq.engine.dispose()
    line = "{:<14}{:>8}{:>10}{:>12}{:>11}{:>10}{:>8}"
    print(line.format("queue", "due", "messages", "oldest due", "dead rows", "failed", "paused"))
    for row in db.execute("select * from private.queue_metrics()"):
        oldest = row["oldest_due_seconds"]
        print(
            line.format(
                str(row["queue"]),
                "1000+" if row["due"] == 1000 else str(row["due"]),
                totals[str(row["queue"])].queue_length,
                "-" if oldest is None else f"{float(str(oldest)):.0f} s",
                str(row["dead_rows"]),
                str(row["dead_letters"]),
                "yes" if row["is_paused"] else "no",
            )
        )
    return 0


def _set_paused(db: Connection[Row], queue: str, *, is_paused: bool) -> int:
    done = db.execute(
        "update private.queues set is_paused = %s where queue = %s", (is_paused, queue)
    )
    if not done.rowcount:
        print(f"There is no queue {queue}.")
        return 1
    db.execute("select pg_notify('jobs', %s)", (queue,))
    print(f"{queue} is {'paused' if is_paused else 'running'}.")
    return 0


def _reconcile(db: Connection[Row]) -> int:
    # Keyed as its schedule is: a run that still lasts is not doubled.
    row = db.execute(
        "select private.enqueue('reconcile_billing', null, null, 'reconcile_billing') as job_id"
    ).fetchone()
    print(f"Queued as job {row['job_id'] if row else ''}.")
    return 0


def _redrive(db: Connection[Row], job_id: uuid.UUID) -> int:
    row = db.execute("select private.redrive(%s) as is_back", (job_id,)).fetchone()
    is_back = row is not None and bool(row["is_back"])
    print(f"{job_id} is {'queued again' if is_back else 'not among the failed jobs'}.")
    return 0 if is_back else 1
