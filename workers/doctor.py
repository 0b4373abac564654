"""Finds what makes a job layer slow or deaf, and says what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection
from psycopg.errors import UndefinedTable

from core.config import SourceSettings
from core.database import Row, connect
from workers.providers import checks


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


def run(db: Connection[Row], url: str, sources: SourceSettings) -> int:
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
