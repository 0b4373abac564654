"""What an operator asks of the queues and may do to them; connects as the owner, with DB_URL.

`doctor` finds what makes a job layer slow or deaf, and says what to do about it.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from pgmq_sqlalchemy import PGMQueue
from psycopg import Connection
from psycopg.errors import UndefinedTable
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from core import webhook_secrets
from core.billing_sync import price_problems
from core.config import OperatorSettings
from core.database import Row, connect
from core.stripe_gateway import BillingError, open_gateway
from workers.sources import checks

_STORE = "jobs"  # the one queue of pgmq; it holds the messages of all logical queues
_BATCH = 1000
_PEEK = """
    select
        m.msg_id, m.message ->> 'job_id' as job_id, j.kind, j.status, j.stage, j.attempt, m.read_ct,
        case when m.vt <= m.enqueued_at then 0 else extract(epoch from m.vt - now()) end::int
        as due_in
    from pgmq.q_jobs as m left join public.jobs as j on j.id::text = m.message ->> 'job_id'
    where m.headers ->> 'queue' = %s order by m.vt limit %s
"""
_PEEK_ARCHIVED = """
    select
        m.msg_id, m.message ->> 'job_id' as job_id, j.kind, j.status, j.stage, j.attempt, m.read_ct,
        null as due_in
    from pgmq.a_jobs as m left join public.jobs as j on j.id::text = m.message ->> 'job_id'
    where m.headers ->> 'queue' = %s order by m.archived_at desc limit %s
"""


def run(arguments: argparse.Namespace, settings: OperatorSettings) -> int:
    """Runs the command; its exit code."""
    url = settings.db_url.get_secret_value()
    commands: dict[str, Callable[[Connection[Row]], int]] = {
        "queues": lambda db: _queues(db, url),
        "doctor": lambda db: diagnose(db, url, settings),
        "pause": lambda db: _set_paused(db, arguments.queue, is_paused=True),
        "resume": lambda db: _set_paused(db, arguments.queue, is_paused=False),
        "peek": lambda db: _peek(
            db, arguments.queue, arguments.limit, is_archived=arguments.archived
        ),
        "archive": lambda _: _archive(url, arguments.job_id),
        "replay": lambda db: _replay(db, arguments.queue),
        "purge": lambda db: _purge(db, url, arguments.queue, is_meant=arguments.yes),
        "redrive": lambda db: _redrive(db, arguments.job_id),
        "reconcile": _reconcile,
        "register-webhook-key": lambda db: _register_webhook_key(db, settings),
    }
    try:
        connection = connect(url, application_name="operator")
    except psycopg.OperationalError as error:
        print(f"The database of DB_URL can't be reached: {str(error).splitlines()[0]}")
        return 1
    with connection as db:
        queue = getattr(arguments, "queue", None)
        known = {row["queue"] for row in db.execute("select queue from private.queues")}
        if queue and queue not in known:
            print(f"There is no queue {queue}.")
            return 1
        return commands[arguments.command](db)


@contextmanager
def _pgmq(url: str) -> Iterator[tuple[PGMQueue, Session]]:
    """pgmq's own operations, in one transaction with statements of the session."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with Session(engine) as session, session.begin():
            yield PGMQueue(engine=engine), session
    finally:
        engine.dispose()


def _queues(db: Connection[Row], url: str) -> int:
    _print_table(
        ("queue", "due", "all", "oldest due", "dead letters", "paused"),
        [
            (
                row["queue"],
                _count(row["due"]),
                _count(row["due"], row["not_due"]),
                "-"
                if row["oldest_due_seconds"] is None
                else f"{float(str(row['oldest_due_seconds'])):.0f} s",
                row["dead_letters"],
                "yes" if row["is_paused"] else "no",
            )
            for row in db.execute("select * from private.queue_metrics()")
        ],
    )
    with _pgmq(url) as (pgmq, session):
        store = pgmq.metrics(_STORE, session=session, commit=False)
    print(f"In all {store.queue_length} messages; {store.total_messages} were ever sent.")
    return 0


def _count(*numbers: object) -> str:
    """Their sum; the database stops counting at 1,000."""
    total = sum(int(str(number)) for number in numbers)
    return f"{total}+" if "1000" in map(str, numbers) else str(total)


def _print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def _set_paused(db: Connection[Row], queue: str, *, is_paused: bool) -> int:
    db.execute("update private.queues set is_paused = %s where queue = %s", (is_paused, queue))
    db.execute("select pg_notify('jobs', %s)", (queue,))
    print(f"{queue} is {'paused' if is_paused else 'running'}.")
    return 0


def _peek(db: Connection[Row], queue: str, limit: int, *, is_archived: bool) -> int:
    # Not by pgmq-sqlalchemy: its read leases what it reads, and from pgmq 1.10 on it takes one
    # column for another.
    rows = db.execute(_PEEK_ARCHIVED if is_archived else _PEEK, (queue, limit)).fetchall()
    head = ("msg_id", "job_id", "kind", "status", "stage", "attempt", "read_ct", "due_in")
    _print_table(head, [["-" if row[name] is None else row[name] for name in head] for row in rows])
    return 0


def _archive(url: str, job_id: uuid.UUID) -> int:
    with _pgmq(url) as (pgmq, session):
        set_aside = text("select private.set_aside(:job_id)")
        msg_id = session.execute(set_aside, {"job_id": job_id}).scalar_one()
        if msg_id is None:
            print(f"{job_id} is not an unfinished job.")
            return 1
        pgmq.archive(_STORE, msg_id, session=session, commit=False)
    print(f"{job_id} has failed; its message {msg_id} is in the archive.")
    return 0


def _replay(db: Connection[Row], queue: str) -> int:
    rows = db.execute(
        "select private.redrive((m.message ->> 'job_id')::uuid) as is_back from pgmq.a_jobs as m"
        " where m.headers ->> 'queue' = %s order by m.msg_id",
        (queue,),
    ).fetchall()
    back = sum(bool(row["is_back"]) for row in rows)
    print(f"{back} of {len(rows)} archived jobs of {queue} are queued again.")
    return 0 if back == len(rows) else 1


def _purge(db: Connection[Row], url: str, queue: str, *, is_meant: bool) -> int:
    if not is_meant:
        print(f"This cancels every job of {queue} that does not run. Say --yes if you mean it.")
        return 1
    purged = 0
    while batch := _cancel_batch(url, queue):
        purged += batch
    left = db.execute(
        "select count(*) as jobs from pgmq.q_jobs as m where m.headers ->> 'queue' = %s", (queue,)
    ).fetchone()
    print(f"{purged} jobs of {queue} are cancelled; {left['jobs'] if left else 0} run on.")
    return 0


def _cancel_batch(url: str, queue: str) -> int:
    with _pgmq(url) as (pgmq, session):
        cancel = text("select private.cancel_not_running(:queue, :quantity)")
        parameters = {"queue": queue, "quantity": _BATCH}
        msg_ids = session.execute(cancel, parameters).scalar_one()
        if msg_ids:
            pgmq.delete_batch(_STORE, msg_ids, session=session, commit=False)
    return len(msg_ids)


def _redrive(db: Connection[Row], job_id: uuid.UUID) -> int:
    row = db.execute("select private.redrive(%s) as is_back", (job_id,)).fetchone()
    is_back = row is not None and bool(row["is_back"])
    print(f"{job_id} is {'queued again' if is_back else 'not among the failed jobs'}.")
    return 0 if is_back else 1


def _reconcile(db: Connection[Row]) -> int:
    # Keyed as its schedule is: a run that still lasts is not doubled.
    row = db.execute(
        "select private.enqueue('reconcile_billing', null, null, 'reconcile_billing') as job_id"
    ).fetchone()
    print(f"Queued as job {row['job_id'] if row else ''}.")
    return 0


def _register_webhook_key(db: Connection[Row], settings: OperatorSettings) -> int:
    keys = [key.get_secret_value() for key in settings.webhook_secret_keys]
    if not keys:
        print("WEBHOOK_SECRET_KEYS is empty: nothing is registered.")
        return 1
    newest = webhook_secrets.WebhookSecrets(keys).newest
    webhook_secrets.register(db, newest)
    print(f"New webhook secrets are encrypted with the key {newest.key_id}.")
    return 0


@dataclass(frozen=True)
class Check:
    """`statement` returns a row for each thing that is wrong, described in its column `problem`."""

    name: str
    statement: str
    advice: str


CHECKS = [
    Check(
        "the message store is there",
        "select 'pgmq has no queue jobs' as problem where to_regclass('pgmq.q_jobs') is null",
        "A dump has left it out: select private.restore_queues(), private.end_leases();",
    ),
    Check(
        "no transaction older than a minute",
        "select format('pid %s of %s has been open for %s', pid, usename, now() - xact_start)"
        " as problem from pg_stat_activity where xact_start < now() - interval '1 minute'",
        "It keeps vacuum from cleaning the queues; end it with pg_terminate_backend(pid).",
    ),
    Check(
        "messages are vacuumed by count",
        "select 'the table of messages has lost its vacuum settings' as problem from pg_class as c"
        " where c.oid = 'pgmq.q_jobs'::regclass"
        " and not coalesce('autovacuum_vacuum_scale_factor=0' = any (c.reloptions), false)",
        "Set them as private.create_message_store does.",
    ),
    Check(
        "dead rows are cleaned up",
        "select format('the table of messages has %s dead rows', dead_rows) as problem"
        " from pg_stat_get_dead_tuples('pgmq.q_jobs'::regclass) as dead_rows"
        " where dead_rows > 100000",
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
        "webhooks have a key",
        "select 'webhook endpoints are in use, and no key makes their secrets' as problem"
        " where private.endpoint_key_problem(null) is not null"
        " and not exists (select from private.endpoint_keys)",
        "Set WEBHOOK_SECRET_KEYS, then python -m workers register-webhook-key.",
    ),
    Check(
        "every live job has its message",
        "select format('job %s has lost its message', l.job_id) as problem"
        " from private.live_jobs as l where not exists (select from pgmq.q_jobs as m"
        " where m.msg_id = l.msg_id and m.message ->> 'job_id' = l.job_id::text"
        " and m.headers ->> 'queue' in (select q.queue from private.queues as q))",
        "A restore or somebody's delete has lost it: select private.restore_queues();",
    ),
]


def diagnose(db: Connection[Row], url: str, settings: OperatorSettings) -> int:
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
    for problem in _prices(db, settings):
        problems += 1
        print(f"FAIL the prices that are shown are charged\n     {problem}.")
    for problem in checks.problems(settings):
        problems += 1
        print(f"FAIL paid services would serve\n     {problem}. Analyses and scripts do without.")
    if not _hears(url):
        problems += 1
        print("FAIL notifications arrive\n     Workers poll instead. Use a direct connection.")
    else:
        print("ok   notifications arrive")
    return 1 if problems else 0


def _prices(db: Connection[Row], settings: OperatorSettings) -> list[str]:
    """What is wrong with the prices; Stripe is not asked without a key."""
    gateway = open_gateway(settings)
    if gateway is None:
        return []
    try:
        found = price_problems(db, gateway)
    except BillingError as error:
        return [f"Stripe does not answer ({error.reason})"]
    advice = "Correct it at Stripe or in private.plan_prices"
    return [f"{problem}. {advice}" for problem in found]


def _hears(url: str) -> bool:
    with connect(url, application_name="doctor") as db:
        db.execute("listen doctor")
        with connect(url, application_name="doctor") as other:
            other.execute("select pg_notify('doctor', '')")
        return any(True for _ in db.notifies(timeout=2, stop_after=1))
