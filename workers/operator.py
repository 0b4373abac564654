"""What an operator asks of the queues and may do to them; connects as the owner, with DB_URL.

`doctor` finds what makes a job layer slow or deaf, and says what to do about it.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from pgmq_sqlalchemy import PGMQueue
from psycopg import Connection
from psycopg.errors import UndefinedTable

from core.config import OperatorSettings, SourceSettings
from core.database import Row, connect
from workers.sources import checks


def run(arguments: argparse.Namespace, settings: OperatorSettings) -> int:
    """Runs the command; its exit code."""
    url = settings.db_url.get_secret_value()
    commands: dict[str, Callable[[Connection[Row]], int]] = {
        "queues": lambda db: _queues(db, url),
        "doctor": lambda db: diagnose(db, url, settings),
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


@dataclass(frozen=True)
class Check:
    """`statement` returns a row for each thing that is wrong, described in its column `problem`."""

    name: str
    statement: str
    advice: str


CHECKS = [
    Check(
        "every queue has its table",
        "select format('queue %s has no table', queue) as problem from private.queues"
        " where to_regclass(format('pgmq.%I', 'q_' || queue)) is null",
        "A dump has left it out: select private.restore_queues();",
    ),
    Check(
        "no transaction older than a minute",
        "select format('pid %s of %s has been open for %s', pid, usename, now() - xact_start)"
        " as problem from pg_stat_activity where xact_start < now() - interval '1 minute'",
        "It keeps vacuum from cleaning the queues; end it with pg_terminate_backend(pid).",
    ),
    Check(
        "queues are vacuumed by count",
        "select format('queue %s', q.queue) as problem from private.queues as q"
        " inner join pg_class as c on c.oid = format('pgmq.q_%s', q.queue)::regclass"
        " where not coalesce('autovacuum_vacuum_scale_factor=0' = any (c.reloptions), false)",
        "Set it as private.create_queue does; a restore may have lost it.",
    ),
    Check(
        "dead rows are cleaned up",
        "select format('queue %s has %s dead rows', queue, dead_rows) as problem"
        " from private.queue_metrics() where dead_rows > 100000",
        "Look for an old transaction or replication slot that holds vacuum back.",
    ),
    Check(
        "due jobs are taken",
        "select format('queue %s: the oldest due job waits for %s s', queue,"
        " round(oldest_due_seconds)) as problem from private.queue_metrics()"
        " where oldest_due_seconds > 300 and not is_paused",
        "Is a worker running for this queue? Start more of them.",
    ),
    Check(
        "no queue is paused",
        "select format('queue %s is paused', queue) as problem from private.queues where is_paused",
        "python -m workers resume QUEUE",
    ),
    Check(
        "every schedule fires",
        "select format('schedule %s: %s', name, problem) as problem from private.schedules"
        " where problem is not null",
        "Correct its row in private.schedules; it is tried again every ten minutes.",
    ),
    Check(
        "every live job has its message",
        "select format('job %s has lost its message', l.job_id) as problem"
        " from private.live_jobs as l where not exists (select from private.messages as m"
        " where m.msg_id = l.msg_id and m.tableoid = ('pgmq.q_' || l.queue)::regclass)",
        "A restore or somebody's delete has lost it: select private.restore_queues();",
    ),
]


def diagnose(db: Connection[Row], url: str, sources: SourceSettings) -> int:
    """Prints every check; 1 if one found something."""
    problems = 0
    for row in db.execute(
        "select current_setting('server_version') as postgresql,"
        " (select extversion from pg_extension where extname = 'pgmq') as pgmq"
    ):
        print(f"PostgreSQL {row['postgresql']}, pgmq {row['pgmq']}")
    for check in CHECKS:
        try:
            found = [str(row["problem"]) for row in db.execute(check.statement)]
        except UndefinedTable as error:  # the first check says so
            found = [str(error.diag.message_primary)]
        problems += len(found)
        print(f"{'ok  ' if not found else 'FAIL'} {check.name}")
        for problem in found:
            print(f"     {problem}. {check.advice}")
    for problem in checks.problems(sources):
        problems += 1
        print(f"FAIL paid services would serve\n     {problem}. Analyses and scripts do without.")
    if not _hears(url):
        problems += 1
        print("FAIL notifications arrive\n     Workers poll instead. Use a direct connection.")
    else:
        print("ok   notifications arrive")
    return 1 if problems else 0


def _hears(url: str) -> bool:
    with connect(url, application_name="doctor") as db:
        db.execute("listen doctor")
        with connect(url, application_name="doctor") as other:
            other.execute("select pg_notify('doctor', '')")
        return any(True for _ in db.notifies(timeout=2, stop_after=1))
